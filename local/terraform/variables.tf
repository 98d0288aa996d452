variable "endpoint" {
  description = "URL of the local AWS emulator."
  type        = string
}

variable "region" {
  description = "Region that the emulator is asked for."
  type        = string
  default     = "us-east-1"
}

variable "runtime" {
  description = "The runtime of the Python that the emulator runs functions on: packages hold binaries for one version."
  type        = string
}

variable "architecture" {
  description = "The architecture of this machine, for the same reason."
  type        = string
}

variable "name" {
  description = "Names the deployment."
  type        = string
  default     = "local"
}

variable "emails" {
  description = "Who gets the mails, which are only kept by the emulator."
  type        = list(string)
  default     = ["you@example.com"]
}

variable "params_file" {
  description = "Name of the file whose upload starts a run."
  type        = string
  default     = "params.json"
}
