variable "deployment" {
  description = "What all submodules have in common; made in the root's main.tf."
  type = object({
    partition                = string
    region                   = string
    account_id               = string
    role_prefix              = string
    permissions_boundary_arn = optional(string)
    kms_key_arn              = optional(string)
    tags                     = map(string)
  })
  nullable = false
}

variable "bucket_arn" {
  description = "The bucket that Personalize may read, and write results into."
  type        = string
  nullable    = false
}
