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

variable "emails" {
  description = "Addresses that get everything published to the topic."
  type        = list(string)
  nullable    = false
}
