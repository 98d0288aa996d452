variable "deployment" {
  description = "What all submodules have in common; made in the root's main.tf."
  type = object({
    name                     = string
    account_id               = string
    role_prefix              = string
    permissions_boundary_arn = optional(string)
    kms_key_arn              = optional(string)
    tags                     = map(string)
  })
  nullable = false
}

variable "state_machine_arn" {
  description = "The state machine whose runs are started."
  type        = string
  nullable    = false
}

variable "dead_letter_queue_arn" {
  description = "Where starts go that Scheduler failed to make."
  type        = string
  nullable    = false
}

variable "schedules" {
  description = "Schedules by name: the root's variable `schedules`, with the input of the runs that they start, as JSON."
  type = map(object({
    purpose    = string
    expression = string
    timezone   = string
    input      = string
  }))
  nullable = false
}
