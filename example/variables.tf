variable "region" {
  description = "A region in which Amazon Personalize is offered."
  type        = string
  default     = "eu-west-1"
}

variable "name" {
  description = "Names the deployment and everything in it."
  type        = string
  default     = "films"
}

variable "email" {
  description = "Where the mails go. AWS first asks this address to confirm."
  type        = string
}
