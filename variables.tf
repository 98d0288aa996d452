variable "name" {
  description = "Names this deployment. Everything it creates is called after it, so two deployments with different names live side by side in one account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,29}[a-z0-9]$", var.name))
    error_message = "`name` must be 2-31 lower-case letters, digits or hyphens, starting with a letter and not ending in a hyphen."
  }
}

# What people notice: who gets mail, and which file starts a run.

variable "emails" {
  description = "Addresses that get a mail at every ending of a run. Each has to confirm its subscription once, by the link AWS mails to it."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "`emails` must be e-mail addresses, like \"team@example.com\"."
  }

  validation {
    condition     = length(distinct(var.emails)) == length(var.emails)
    error_message = "`emails` must name each address once."
  }
}

variable "params_file" {
  description = "Name of the file whose upload starts a run, at the bucket's root or in any folder. The data folders Users/, Items/ and Interactions/ are looked for beside it."
  type        = string
  default     = "params.json"
  nullable    = false

  # Characters that S3 writes unencoded in a notification filter.
  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", var.params_file))
    error_message = "`params_file` must be a plain file name of 1-128 letters, digits, dots, hyphens or underscores, starting with a letter or digit and without a folder, like \"params.json\"."
  }

  # Personalize calls the results of batch jobs like their input, with `.out` behind.
  validation {
    condition     = !endswith(var.params_file, ".out")
    error_message = "`params_file` must not end with .out, as results of Personalize do: each would start a run."
  }
}

# The input bucket.

variable "bucket_name" {
  description = "Name of the input bucket. By default `<name>-<account id>-<region>`."
  type        = string
  default     = null

  validation {
    condition     = var.bucket_name == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "`bucket_name` must be 3-63 lower-case letters, digits or hyphens, starting and ending with a letter or digit."
  }
}

variable "force_destroy" {
  description = "Whether destroying the deployment also deletes what is in the bucket. When false, destroying a bucket that holds anything fails."
  type        = bool
  default     = false
  nullable    = false
}

variable "noncurrent_version_days" {
  description = "Days for which overwritten and deleted objects can still be had back. A run reads the version of the params file that started it, so this must outlast the wait for its turn and the run. With null the bucket gets no lifecycle rules, for accounts that set their own."
  type        = number
  default     = 30

  validation {
    condition = var.noncurrent_version_days == null ? true : (
      var.noncurrent_version_days * 24 >= 2 * var.timeout_hours + 24 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    )
    error_message = "`noncurrent_version_days` must be a whole number of days, at least one more than twice `timeout_hours`, or null."
  }
}

# Runs by the clock.

variable "schedules" {
  description = <<-EOT
    Runs by the clock, besides those that params files ask for in their own `schedules`. A map from names of your choice
    (letters, digits, hyphens and underscores) to

    - `purpose`: "run" does what an upload of the params file does; "import" only imports what changed; "retrain"
      imports what changed, trains in any case and deploys; "batch" only runs the batch jobs, anew; "stop" deletes the
      file's campaigns and stops its recommenders, which bill as long as they are up; "start" brings them back.
    - `expression`: as EventBridge Scheduler takes it, like "rate(6 hours)", "cron(0 3 ? * SUN *)" or
      "at(2030-01-31T03:00:00)".
    - `timezone`: of the expression, like "Europe/Berlin"; default "UTC".
    - `params_key`: key of the params file in the bucket, like "shop/params.json"; default `params_file`, at the root.
      It is read when the time has come; if it isn't there, the mail says so.
  EOT
  type = map(object({
    purpose    = string
    expression = string
    timezone   = optional(string, "UTC")
    params_key = optional(string)
  }))
  default  = {}
  nullable = false

  # Dots are in the names of the schedules that params files ask for.
  validation {
    condition     = alltrue([for name, _ in var.schedules : can(regex("^[A-Za-z0-9_-]{1,64}$", name))])
    error_message = "`schedules` must have names of 1-64 letters, digits, hyphens or underscores."
  }

  validation {
    condition     = alltrue([for schedule in var.schedules : contains(keys(local.schedule_overrides), schedule.purpose)])
    error_message = "`schedules[*].purpose` must be \"run\", \"import\", \"retrain\", \"batch\", \"stop\" or \"start\"."
  }

  validation {
    condition = alltrue([for schedule in var.schedules :
      length(schedule.expression) <= 256 && can(regex(join("|", [
        "^rate\\([1-9][0-9]* (minutes?|hours?|days?)\\)$",
        "^cron\\([^\\s()]+( [^\\s()]+){5}\\)$",
        "^at\\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\)$",
      ]), schedule.expression))
    ])
    error_message = "`schedules[*].expression` must be \"rate(<number> minutes|hours|days)\", \"cron(<six fields>)\" or \"at(<yyyy-mm-ddThh:mm:ss>)\"."
  }

  validation {
    condition     = alltrue([for schedule in var.schedules : can(regex("^[A-Za-z][A-Za-z0-9_+/-]{0,49}$", schedule.timezone))])
    error_message = "`schedules[*].timezone` must be the name of a time zone, like \"UTC\" or \"Europe/Berlin\"."
  }

  validation {
    condition = alltrue([for schedule in var.schedules : schedule.params_key == null ? true :
      length(schedule.params_key) <= 1024 && can(regex("^[^/](.*[^/])?$", schedule.params_key))
    ])
    error_message = "`schedules[*].params_key` must be the key of an object, like \"shop/params.json\": without the bucket, and neither starting nor ending with a slash."
  }
}

# The Lambda function.

variable "lambda" {
  description = <<-EOT
    Settings of the Lambda function; each can be left out.

    - `runtime`: "python3.11", "python3.12" or "python3.13" (default).
    - `architecture`: "arm64" (default, cheaper) or "x86_64".
    - `memory_mb`: 256-10240; default 512. More memory also means more CPU.
    - `timeout_seconds`: 120-900; default 300. Of one action: runs wait in the state machine, not here.
    - `reserved_concurrency`: executions set aside for this function; default none (-1).
    - `log_level`: "DEBUG", "INFO", "WARNING" or "ERROR" (default).
    - `retry_attempts`: 0-2 (default): how often AWS calls the function again for an upload that it failed to handle.
    - `max_event_age_seconds`: 60-21600 (default, six hours): for how long AWS keeps trying to call the function. After that, or after the retries, the event goes
      to the dead-letter queue, and its alarm mails.
  EOT
  type = object({
    runtime               = optional(string, "python3.13")
    architecture          = optional(string, "arm64")
    memory_mb             = optional(number, 512)
    timeout_seconds       = optional(number, 300)
    reserved_concurrency  = optional(number, -1)
    log_level             = optional(string, "ERROR")
    retry_attempts        = optional(number, 2)
    max_event_age_seconds = optional(number, 21600)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["python3.11", "python3.12", "python3.13"], var.lambda.runtime)
    error_message = "`lambda.runtime` must be \"python3.11\", \"python3.12\" or \"python3.13\"."
  }

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda.architecture)
    error_message = "`lambda.architecture` must be \"arm64\" or \"x86_64\"."
  }

  validation {
    condition     = var.lambda.memory_mb >= 256 && var.lambda.memory_mb <= 10240 && floor(var.lambda.memory_mb) == var.lambda.memory_mb
    error_message = "`lambda.memory_mb` must be a whole number from 256 to 10240."
  }

  validation {
    condition     = var.lambda.timeout_seconds >= 120 && var.lambda.timeout_seconds <= 900 && floor(var.lambda.timeout_seconds) == var.lambda.timeout_seconds
    error_message = "`lambda.timeout_seconds` must be a whole number from 120 to 900."
  }

  # 0 would switch the function off: every upload would end in the dead-letter queue.
  validation {
    condition     = var.lambda.reserved_concurrency == -1 || (var.lambda.reserved_concurrency >= 1 && floor(var.lambda.reserved_concurrency) == var.lambda.reserved_concurrency)
    error_message = "`lambda.reserved_concurrency` must be a whole number of at least 1, or -1 for none set aside."
  }

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.lambda.log_level)
    error_message = "`lambda.log_level` must be \"DEBUG\", \"INFO\", \"WARNING\" or \"ERROR\"."
  }

  validation {
    condition     = contains([0, 1, 2], var.lambda.retry_attempts)
    error_message = "`lambda.retry_attempts` must be 0, 1 or 2."
  }

  validation {
    condition     = var.lambda.max_event_age_seconds >= 60 && var.lambda.max_event_age_seconds <= 21600 && floor(var.lambda.max_event_age_seconds) == var.lambda.max_event_age_seconds
    error_message = "`lambda.max_event_age_seconds` must be a whole number from 60 to 21600."
  }
}

variable "lambda_package" {
  description = <<-EOT
    A package built beforehand, for machines that have no Python or no way to a package index. By default the package
    is built while applying. Build one with `modules/lambda_package/build_package.py`, for the same runtime and
    architecture as in `lambda`.

    Either
    - `path`: a zip on the machine that plans and applies. Best relative to where Terraform runs: under another path the
      same zip is delivered once more,

    or an object in a bucket of the same region:
    - `s3_bucket`, `s3_key`, and
    - `s3_object_version`: optional, but without it Terraform can't see that the object has changed.
  EOT
  type = object({
    path              = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
  })
  default = null

  validation {
    condition = (
      var.lambda_package == null ? true :
      var.lambda_package.path != null
      ? var.lambda_package.s3_bucket == null && var.lambda_package.s3_key == null && var.lambda_package.s3_object_version == null
      : var.lambda_package.s3_bucket != null && var.lambda_package.s3_key != null
    )
    error_message = "`lambda_package` must be null, or have either `path`, or both `s3_bucket` and `s3_key` (and optionally `s3_object_version`)."
  }

  validation {
    condition     = try(var.lambda_package.path, null) == null ? true : fileexists(var.lambda_package.path)
    error_message = "`lambda_package.path` must be an existing zip file, as a path from where Terraform runs."
  }
}

# A run.

variable "timeout_hours" {
  description = "Hours that a run may work, and that it may wait for its turn before; then it ends, with a mail. Work that Personalize has begun goes on; the next upload adopts it."
  type        = number
  default     = 168
  nullable    = false

  # An execution's history takes 25,000 events: those of a week of waiting and a week of work (`make figures`).
  validation {
    condition     = var.timeout_hours >= 1 && var.timeout_hours <= 168
    error_message = "`timeout_hours` must be a number from 1 to 168, a week."
  }
}

variable "patience_hours" {
  description = "Hours for which throttling, faults of AWS, busy resources, and quotas on what runs at once are waited for, per resource, before it counts as failed."
  type        = number
  default     = 6
  nullable    = false

  validation {
    condition     = var.patience_hours >= 0.25 && var.patience_hours <= 168
    error_message = "`patience_hours` must be a number from 0.25 to 168, a week."
  }
}

variable "data_checks" {
  description = <<-EOT
    How much of the data is held against its schema before anything is created; each attribute can be left out.

    - `mode`: "full" (default) reads all of it, up to 100 GB of a dataset; "sample" the first 64 KiB of 50 files; "off"
      nothing. A params file's `dataChecks` says otherwise for its own data.
    - `concurrency`: 1-40; default 4. Calls of the function that read side by side what is more than one can read (64 MB).
      They count against the account's concurrent executions, of which a new account has ten, and against
      `lambda.reserved_concurrency`: what is over waits.
  EOT
  type = object({
    mode        = optional(string, "full")
    concurrency = optional(number, 4)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["full", "sample", "off"], var.data_checks.mode)
    error_message = "`data_checks.mode` must be \"full\", \"sample\" or \"off\"."
  }

  # Step Functions runs at most 40 iterations of a map side by side.
  validation {
    condition     = var.data_checks.concurrency >= 1 && var.data_checks.concurrency <= 40 && floor(var.data_checks.concurrency) == var.data_checks.concurrency
    error_message = "`data_checks.concurrency` must be a whole number from 1 to 40."
  }
}

variable "samples" {
  description = <<-EOT
    0-5; default 3. For how many users of the imported data a run asks each campaign and recommender that is up, and each
    filter for one of them. The answers are in page and mail; what can't answer fails the run. 0 asks nothing. A params
    file's `samples` says otherwise for its own run.
  EOT
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.samples >= 0 && var.samples <= 5 && floor(var.samples) == var.samples
    error_message = "`samples` must be a whole number from 0 to 5."
  }
}

variable "announce_starts" {
  description = "Whether a run mails that it begins, once its plan is made and before it spends anything. Every ending is mailed in any case."
  type        = bool
  default     = false
  nullable    = false
}

variable "quotas" {
  description = <<-EOT
    Quotas of the account where AWS has raised them, so that runs that need more than AWS's usual ones aren't rejected;
    each can be left out.

    - `dataset_groups`: in the region.
    - `solutions`, `campaigns`, `recommenders`, `filters`: in a dataset group.
  EOT
  type = object({
    dataset_groups = optional(number)
    solutions      = optional(number)
    campaigns      = optional(number)
    recommenders   = optional(number)
    filters        = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for quota in values(var.quotas) : quota == null ? true : quota >= 1 && floor(quota) == quota])
    error_message = "`quotas` must be whole numbers of at least 1."
  }
}

# What params files may do (docs/security.md).

variable "dataset_groups" {
  description = "Dataset groups that params files may name: patterns in which `*` stands for any characters, like \"shop-*\". By default all of the account. IAM holds the function to them."
  type        = list(string)
  default     = ["*"]
  nullable    = false

  validation {
    condition     = length(var.dataset_groups) > 0 && alltrue([for pattern in var.dataset_groups : can(regex("^[A-Za-z0-9*][A-Za-z0-9_*-]{0,62}$", pattern))])
    error_message = "`dataset_groups` must be patterns of 1-63 letters, digits, hyphens, underscores or `*`, starting with a letter, digit or `*`, like \"shop-*\"; at least one."
  }

  # An IAM role's inline policies may have 10,240 characters in all; tests/plan_function.tftest.hcl plans the longest.
  validation {
    condition     = length(var.dataset_groups) <= 8 && length(join("", var.dataset_groups)) <= 120
    error_message = "`dataset_groups` may have 8 patterns of 120 characters in all, for each is several ARNs in the function's policy. Write fewer that cover more, or make a second deployment."
  }
}

variable "folders" {
  description = <<-EOT
    Makes folders of the bucket boundaries: a map from folders, like "team-a/" (or "" for all of the bucket), to
    patterns of the dataset groups that params files in them may name, as in `dataset_groups`, which holds too.

    With any, each params file must lie in one of them (in several: in the innermost), may name that one's dataset groups
    only, and has data read and results written inside of it only. Who may write into a folder is for the policies of
    those who upload to say. By default no folder is a boundary.
  EOT
  type        = map(list(string))
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([for folder in keys(var.folders) :
      can(regex("^([A-Za-z0-9_][A-Za-z0-9._-]*/)*$", folder)) && !startswith(folder, "runs/") && !startswith(folder, "locks/")
    ])
    error_message = "`folders` must be folders of letters, digits, dots, hyphens or underscores, ending in a slash, like \"team-a/\", or \"\"; and not in runs/ or locks/, which are the pipeline's own."
  }

  validation {
    condition = alltrue([for patterns in values(var.folders) :
      length(patterns) > 0 && alltrue([for pattern in patterns : can(regex("^[A-Za-z0-9*][A-Za-z0-9_*-]{0,62}$", pattern))])
    ])
    error_message = "`folders` must give each folder patterns of 1-63 letters, digits, hyphens, underscores or `*`, starting with a letter, digit or `*`, like [\"a-*\"]; at least one."
  }

  validation {
    condition = contains(var.dataset_groups, "*") ? (
      length(distinct(flatten(values(var.folders)))) <= 8 && length(join("", distinct(flatten(values(var.folders))))) <= 120
    ) : true
    error_message = "`folders` may have 8 different patterns of 120 characters in all, for each is several ARNs in the function's policy. For more, give `dataset_groups` fewer patterns that cover them: the policy is made of those then."
  }

  # Lambda takes 4 KB of environment, and measures it as JSON: each quotation mark of the boundaries' own is escaped there.
  validation {
    condition     = length(jsonencode(jsonencode(var.folders))) <= 2000
    error_message = "`folders` may have 2,000 characters in all, as JSON in which each quotation mark counts twice. Write fewer folders or patterns, or make a second deployment for some of the folders."
  }

  validation {
    condition = length(var.folders) == 0 || alltrue([for schedule in var.schedules :
      anytrue([for folder in keys(var.folders) : startswith(coalesce(schedule.params_key, var.params_file), folder)])
    ])
    error_message = "`folders` must have a folder for the params file of each of `schedules`."
  }
}

variable "ceilings" {
  description = <<-EOT
    The most that params files may ask for, which bills for as long as it is provisioned; each can be left out.

    - `min_provisioned_tps`: transactions per second of a campaign (`minProvisionedTPS`).
    - `min_recommendation_requests_per_second`: of a recommender (`minRecommendationRequestsPerSecond`).
    - `monthly_cost`: US dollars a month for what bills in one dataset group, at its minimum and by the prices that the
      plan knows (see `prices`). A run that would make it more is refused.
  EOT
  type = object({
    min_provisioned_tps                    = optional(number)
    min_recommendation_requests_per_second = optional(number)
    monthly_cost                           = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for ceiling in values(var.ceilings) : ceiling == null ? true : ceiling >= 1 && floor(ceiling) == ceiling])
    error_message = "`ceilings` must be whole numbers of at least 1."
  }
}

variable "prices" {
  description = <<-EOT
    Your own prices of Amazon Personalize in US dollars, in place of those of the dated table in docs/costs.md: of your
    region, negotiated, or newer. A map from the names in that table, like `campaign_v2_per_1000_requests`, to prices.
  EOT
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, _ in var.prices : contains(keys(local.prices), name)])
    error_message = "`prices` must be called as in docs/costs.md."
  }

  # As text they are part of the function's environment.
  validation {
    condition     = alltrue([for price in values(var.prices) : price >= 0 && length(tostring(price)) <= 12])
    error_message = "`prices` must be at least 0, and written in 12 characters."
  }
}

variable "allow_teardown" {
  description = "Whether a params file may ask for a `teardown` of its dataset group, which deletes all that belongs to it."
  type        = bool
  default     = true
  nullable    = false
}

variable "workflow_log_level" {
  description = "What the state machine logs: \"ALL\", \"ERROR\", \"FATAL\" or \"OFF\". What is logged carries no data; the execution history in the console doesn't depend on it."
  type        = string
  default     = "ERROR"
  nullable    = false

  validation {
    condition     = contains(["ALL", "ERROR", "FATAL", "OFF"], var.workflow_log_level)
    error_message = "`workflow_log_level` must be \"ALL\", \"ERROR\", \"FATAL\" or \"OFF\"."
  }
}

# What holds for everything.

variable "log_retention_days" {
  description = "Days for which the logs of the function and of the state machine are kept; 0 keeps them for ever."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "`log_retention_days` must be one of the periods that CloudWatch Logs has: 0 (for ever), 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "tracing" {
  description = "Whether runs are traced with AWS X-Ray."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = <<-EOT
    ARN of a customer managed KMS key that encrypts the bucket, the topic, the dead-letter queue and the logs. By
    default keys of AWS do, except for the topic: the key AWS manages for topics can't be used by alarms.

    The roles made here get the rights they need on it, by IAM policies: the key's own policy must leave the decision
    to the account, as the policy of a new key does. It has to let in the services as well:
    personalize.amazonaws.com (Decrypt, GenerateDataKey, DescribeKey, ListGrants, CreateGrant),
    cloudwatch.amazonaws.com and events.amazonaws.com (Decrypt, GenerateDataKey), and logs.<region>.amazonaws.com
    (Encrypt, Decrypt, ReEncrypt*, GenerateDataKey*, Describe*).
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.kms_key_arn))
    error_message = "`kms_key_arn` must be the ARN of a key, not of an alias, like \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-...\"."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of an IAM policy that bounds every role made here, for accounts in which roles must have one."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:[a-z-]+:iam::(aws|\\d{12}):policy/.+$", var.permissions_boundary_arn))
    error_message = "`permissions_boundary_arn` must be the ARN of an IAM policy, like \"arn:aws:iam::123456789012:policy/boundary\"."
  }
}

variable "tags" {
  description = "Tags of everything made here, besides the provider's `default_tags`. What a run creates in Personalize takes its tags from the params file."
  type        = map(string)
  default     = {}
  nullable    = false
}
