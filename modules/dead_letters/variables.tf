variable "deployment" {
  description = "What all submodules have in common; made in the root's main.tf."
  type = object({
    name        = string
    partition   = string
    region      = string
    account_id  = string
    kms_key_arn = optional(string)
    tags        = map(string)
  })
  nullable = false
}

variable "topic_arn" {
  description = "Where the alarm is published."
  type        = string
  nullable    = false
}
