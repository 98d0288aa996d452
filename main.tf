# From an upload to a mail. In the order in which things happen:
# somebody uploads data and a params file into the bucket; the trigger calls the function, which starts a run of the
# workflow, as schedules do by the clock; the workflow calls the function for every step; Personalize reads the bucket,
# and writes results, with a role of its own; the ending is mailed through the topic. What could go unnoticed is
# caught by the safety net and by the dead letters.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# The region, in a form that providers 5 and 6 both know without a warning (`aws_region` has none).
data "aws_service" "personalize" {
  service_id = "personalize"
}

check "personalize_is_offered_here" {
  assert {
    condition     = data.aws_service.personalize.supported
    error_message = "Amazon Personalize isn't known to be offered in ${data.aws_service.personalize.region}. Everything here can be created, but runs may fail."
  }
}

# Where the deployment is, as its first apply found it. Names are made of this and not of the data sources, which
# Terraform reads while applying when the module is called with a `depends_on` and something there changes: names that a
# plan doesn't know replace the bucket and the roles.
resource "terraform_data" "home" {
  input = {
    partition  = data.aws_partition.current.partition
    region     = data.aws_service.personalize.region
    account_id = data.aws_caller_identity.current.account_id
  }

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition = (
        self.input.account_id == data.aws_caller_identity.current.account_id
        && self.input.region == data.aws_service.personalize.region
      )
      error_message = "This deployment is in account ${self.input.account_id}, ${self.input.region}, but the provider is configured for account ${data.aws_caller_identity.current.account_id}, ${data.aws_service.personalize.region}. A second deployment needs a state of its own; to move this one, destroy it there first."
    }
  }
}

locals {
  partition  = terraform_data.home.input.partition
  region     = terraform_data.home.input.region
  account_id = terraform_data.home.input.account_id

  # What the submodules have in common. Each declares the attributes it reads and no others.
  deployment = {
    name       = "${var.name}-pipeline"
    partition  = local.partition
    region     = local.region
    account_id = local.account_id
    # IAM is not regional: with the region in its name, the same deployment fits into a second region too.
    role_prefix              = "${var.name}-${local.region}"
    permissions_boundary_arn = var.permissions_boundary_arn
    kms_key_arn              = var.kms_key_arn
    log_retention_days       = var.log_retention_days
    tracing                  = var.tracing
    tags                     = var.tags
  }

  # The function starts the machine and the machine calls the function. Computing this ARN cuts the circle.
  state_machine_arn = "arn:${local.partition}:states:${local.region}:${local.account_id}:stateMachine:${local.deployment.name}"

  # The bucket's policy lets only the function write records and turns, and the function's policy names the bucket:
  # computing the ARN of its role cuts this circle.
  function_role_arn = "arn:${local.partition}:iam::${local.account_id}:role/${local.deployment.role_prefix}-function"

  # The provider waits half a minute for a new queue; the function needn't, with an ARN that is computed.
  dead_letter_queue_arn = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.deployment.name}-dead-letters"

  # Of a run, in seconds. It may wait for its turn as long as it may work; the machine's own limit is the last net.
  timeout_seconds = floor(var.timeout_hours * 3600)
  last_net        = 2 * local.timeout_seconds + 3600

  # What params files may do, as lambda_src/pipeline/boundaries.py reads it.
  boundaries = {
    dataset_groups = var.dataset_groups
    folders        = var.folders
    ceilings       = { for name, ceiling in var.ceilings : name => ceiling if ceiling != null }
    allow_teardown = var.allow_teardown
  }

  # The dataset groups as ARNs can name them: where only `folders` bounds them, those of all folders.
  dataset_groups_in_arns = contains(var.dataset_groups, "*") && length(var.folders) > 0 ? distinct(flatten(values(var.folders))) : var.dataset_groups

  # What each purpose of a schedule sets otherwise than the params file. The function makes its schedules from it too.
  schedule_overrides = jsondecode(file("${path.module}/lambda_src/pipeline/engine/schedule_overrides.json"))

  # The names that `prices` may have, as the function's table has them.
  prices = jsondecode(file("${path.module}/lambda_src/pipeline/costs/prices.json")).prices

  # What the runs of `schedules` start with, in the form of lambda_src/pipeline/engine/schedules.py.
  scheduled_inputs = { for name, schedule in var.schedules : name => {
    upload    = { bucket = module.input_bucket.name, key = coalesce(schedule.params_key, var.params_file) }
    overrides = local.schedule_overrides[schedule.purpose]
  } }
  retrain_input = {
    upload    = { bucket = module.input_bucket.name, key = var.params_file }
    overrides = local.schedule_overrides["retrain"]
  }
}

module "input_bucket" {
  source = "./modules/input_bucket"

  deployment              = local.deployment
  bucket                  = coalesce(var.bucket_name, "${var.name}-${local.account_id}-${local.region}")
  force_destroy           = var.force_destroy
  noncurrent_version_days = var.noncurrent_version_days
  writer_role_arn         = local.function_role_arn
}

module "trigger" {
  source = "./modules/trigger"

  deployment   = local.deployment
  bucket       = { name = module.input_bucket.name, arn = module.input_bucket.arn }
  params_file  = var.params_file
  function_arn = module.pipeline_function.arn
}

module "lambda_package" {
  source = "./modules/lambda_package"

  source_dir    = "${path.module}/lambda_src"
  output_dir    = "${path.module}/.build"
  runtime       = var.lambda.runtime
  architecture  = var.lambda.architecture
  function_name = local.deployment.name
  prebuilt      = var.lambda_package
}

module "pipeline_function" {
  source = "./modules/pipeline_function"

  deployment            = local.deployment
  settings              = var.lambda
  limits                = { timeout_seconds = local.timeout_seconds, patience_seconds = floor(var.patience_hours * 3600), quotas = var.quotas }
  data_checks           = var.data_checks
  samples               = var.samples
  prices                = var.prices
  announce_starts       = var.announce_starts
  boundaries            = { json = jsonencode(local.boundaries), dataset_groups = local.dataset_groups_in_arns, allow_teardown = var.allow_teardown }
  package               = module.lambda_package.package
  params_file           = var.params_file
  bucket                = { name = module.input_bucket.name, arn = module.input_bucket.arn }
  state_machine_arn     = local.state_machine_arn
  topic_arn             = module.notifications.topic_arn
  personalize_role_arn  = module.personalize_role.arn
  dead_letter_queue_arn = local.dead_letter_queue_arn
  on_failure_arn        = module.dead_letters.queue_arn
  schedules = {
    group    = module.schedules.group
    role_arn = module.schedules.role_arn
  }
}

module "workflow" {
  source = "./modules/workflow"

  deployment   = local.deployment
  function_arn = module.pipeline_function.arn
  topic_arn    = module.notifications.topic_arn
  log_level    = var.workflow_log_level
  definition = templatefile("${path.module}/statemachine.json.tftpl", {
    function_arn    = module.pipeline_function.arn
    topic_arn       = module.notifications.topic_arn
    partition       = local.partition
    timeout_seconds = local.last_net
  })
}

module "schedules" {
  source = "./modules/schedules"

  deployment            = local.deployment
  state_machine_arn     = module.workflow.state_machine_arn
  dead_letter_queue_arn = module.dead_letters.queue_arn
  schedules = { for name, schedule in var.schedules : name => {
    purpose    = schedule.purpose
    expression = schedule.expression
    timezone   = schedule.timezone
    input      = jsonencode(local.scheduled_inputs[name])
  } }
}

module "personalize_role" {
  source = "./modules/personalize_role"

  deployment = local.deployment
  bucket_arn = module.input_bucket.arn
}

module "notifications" {
  source = "./modules/notifications"

  deployment = local.deployment
  emails     = var.emails
}

module "safety_net" {
  source = "./modules/safety_net"

  deployment            = local.deployment
  state_machine_arn     = local.state_machine_arn
  function_arn          = module.pipeline_function.arn
  dead_letter_queue_arn = module.dead_letters.queue_arn
}

module "dead_letters" {
  source = "./modules/dead_letters"

  deployment = local.deployment
  topic_arn  = module.notifications.topic_arn
}
