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

variable "settings" {
  description = "The root's variable `lambda`, which says what each attribute means."
  type = object({
    runtime               = string
    architecture          = string
    memory_mb             = number
    timeout_seconds       = number
    reserved_concurrency  = number
    log_level             = string
    retry_attempts        = number
    max_event_age_seconds = number
  })
  nullable = false
}

variable "limits" {
  description = "How long a run may work and wait, how long trouble is waited for, and the account's quotas; the root's variables say what each means."
  type = object({
    timeout_seconds  = number
    patience_seconds = number
    quotas           = map(number)
  })
  nullable = false
}

variable "data_checks" {
  description = "How much of the data is looked at, by how many calls side by side; the root's variable says what each attribute means."
  type        = object({ mode = string, concurrency = number })
  nullable    = false
}

variable "prices" {
  description = "The account's own prices of Personalize in US dollars, by their names in the function's table."
  type        = map(number)
  nullable    = false
}

variable "samples" {
  description = "For how many users a run asks what it has made; 0: it does not ask."
  type        = number
  nullable    = false
}

variable "announce_starts" {
  description = "Whether a run mails that it begins."
  type        = bool
  nullable    = false
}

variable "boundaries" {
  description = "What params files may do: `json` for the function, from the root's inputs; patterns of the dataset groups, and whether one may be torn down, for its policy."
  type        = object({ json = string, dataset_groups = list(string), allow_teardown = bool })
  nullable    = false
}

variable "package" {
  description = "The code, as submodule lambda_package puts it out: a zip on this machine, or an object in S3; and the parameter that says that it is delivered."
  type = object({
    filename          = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
    hash              = string
    receipt           = object({ name = string, value = string })
  })
  nullable = false
}

variable "bucket" {
  description = "The input bucket."
  type        = object({ name = string, arn = string })
  nullable    = false
}

variable "params_file" {
  description = "Name of the params file: the function ignores uploads of any other name."
  type        = string
  nullable    = false
}

variable "state_machine_arn" {
  description = "The state machine that the function starts."
  type        = string
  nullable    = false
}

variable "topic_arn" {
  description = "Where the function sends its mails."
  type        = string
  nullable    = false
}

variable "personalize_role_arn" {
  description = "The role that the function passes to Personalize."
  type        = string
  nullable    = false
}

variable "schedules" {
  description = "Where the function keeps the schedules of the params files: their group, and the role that they use."
  type        = object({ group = string, role_arn = string })
  nullable    = false
}

variable "dead_letter_queue_arn" {
  description = "Where events go that the function failed to handle, and starts that its schedules failed to make. The queue needn't be there yet."
  type        = string
  nullable    = false
}

variable "on_failure_arn" {
  description = "The same queue, once it is there: Lambda looks for it before it names it the destination of lost events."
  type        = string
  nullable    = false
}
