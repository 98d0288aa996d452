variable "deployment" {
  description = "What all submodules have in common; made in the root's main.tf."
  type = object({
    partition   = string
    region      = string
    account_id  = string
    kms_key_arn = optional(string)
    tags        = map(string)
  })
  nullable = false
}

variable "bucket" {
  description = "The bucket's name."
  type        = string
  nullable    = false
}

variable "force_destroy" {
  description = "Whether destroying the bucket also deletes what is in it."
  type        = bool
  nullable    = false
}

variable "writer_role_arn" {
  description = "The role of the function, which alone may write runs' records and turns. It need not exist yet."
  type        = string
  nullable    = false
}

variable "noncurrent_version_days" {
  description = "Days for which overwritten and deleted objects are kept; null for no lifecycle rules at all."
  type        = number
  default     = null
}
