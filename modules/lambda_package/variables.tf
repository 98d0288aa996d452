variable "source_dir" {
  description = "Folder that holds requirements.txt, with a hash for every package, and the Python package `pipeline`."
  type        = string
  nullable    = false
}

variable "output_dir" {
  description = "Folder for built zips. Created if missing."
  type        = string
  nullable    = false
}

variable "runtime" {
  description = "The Lambda runtime to build for, like \"python3.13\"."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "The processor to build for: \"arm64\" or \"x86_64\"."
  type        = string
  nullable    = false
}

variable "function_name" {
  description = "The function that the package is for."
  type        = string
  nullable    = false
}

variable "prebuilt" {
  description = "A package built beforehand, instead of building one: `path`, or `s3_bucket`, `s3_key` and perhaps `s3_object_version`."
  type = object({
    path              = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
  })
  default = null
}
