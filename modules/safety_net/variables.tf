variable "deployment" {
  description = "What all submodules have in common; made in the root's main.tf."
  type = object({
    name = string
    tags = map(string)
  })
  nullable = false
}

variable "state_machine_arn" {
  description = "The state machine to look after."
  type        = string
  nullable    = false
}

variable "function_arn" {
  description = "The function to tell."
  type        = string
  nullable    = false
}

variable "dead_letter_queue_arn" {
  description = "Where an ending goes that the function could not be told of."
  type        = string
  nullable    = false
}
