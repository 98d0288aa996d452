variable "deployment" {
  description = "What all submodules have in common; made in the root's main.tf."
  type = object({
    name                     = string
    partition                = string
    region                   = string
    account_id               = string
    role_prefix              = string
    permissions_boundary_arn = optional(string)
    kms_key_arn              = optional(string)
    log_retention_days       = number
    tracing                  = bool
    tags                     = map(string)
  })
  nullable = false
}

variable "definition" {
  description = "The rendered statemachine.json.tftpl."
  type        = string
  nullable    = false
}

variable "function_arn" {
  description = "The function that does every step."
  type        = string
  nullable    = false
}

variable "topic_arn" {
  description = "Where the state machine itself mails when the function can't."
  type        = string
  nullable    = false
}

variable "log_level" {
  description = "What the state machine logs: ALL, ERROR, FATAL or OFF."
  type        = string
  nullable    = false
}
