variable "deployment" {
  description = "What all submodules have in common; made in the root's main.tf."
  type = object({
    account_id = string
  })
  nullable = false
}

variable "bucket" {
  description = "The input bucket."
  type        = object({ name = string, arn = string })
  nullable    = false
}

variable "params_file" {
  description = "Name of the file whose upload calls the function."
  type        = string
  nullable    = false
}

variable "function_arn" {
  description = "The function to call."
  type        = string
  nullable    = false
}
