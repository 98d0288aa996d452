# Copies of the module in one account of the local stack: the second gives up after an hour, the third is shared by teams.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0"
    }
  }
}

variable "endpoint" {
  type = string
}

variable "runtime" {
  type = string
}

variable "architecture" {
  type = string
}

provider "aws" {
  region     = "us-east-1"
  access_key = "test"
  secret_key = "test"

  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = false

  endpoints {
    cloudwatch     = var.endpoint
    cloudwatchlogs = var.endpoint
    events         = var.endpoint
    iam            = var.endpoint
    kms            = var.endpoint
    lambda         = var.endpoint
    s3             = var.endpoint
    s3control      = var.endpoint
    scheduler      = var.endpoint
    sfn            = var.endpoint
    sns            = var.endpoint
    sqs            = var.endpoint
    ssm            = var.endpoint
    sts            = var.endpoint
  }
}

module "pipeline" {
  source = "../../.."
  for_each = {
    shop  = {}
    hasty = { timeout_hours = 2, params_file = "report.json" } # like what every run writes
    teams = {
      folders  = { "team-a/" = ["a-*"], "team-b/" = ["b-*"] }
      ceilings = { min_provisioned_tps = 5 }
    }
  }

  name          = each.key
  emails        = ["ml-team@example.com"]
  params_file   = try(each.value.params_file, "params.json")
  timeout_hours = try(each.value.timeout_hours, 168)
  folders       = try(each.value.folders, {})
  ceilings      = try(each.value.ceilings, {})
  force_destroy = true
  lambda        = { runtime = var.runtime, architecture = var.architecture }

  # The provider waits for lifecycle rules for nearly a minute.
  noncurrent_version_days = null
}

output "pipelines" {
  value = { for name, pipeline in module.pipeline : name => {
    bucket        = pipeline.bucket_name
    state_machine = pipeline.state_machine_arn
    function      = pipeline.function_name
    dead_letters  = pipeline.dead_letter_queue_url
    topic         = pipeline.topic_arn
    params_file   = basename(split(" ", pipeline.upload_command)[3])

    roles = {
      function    = pipeline.function_role_arn
      workflow    = pipeline.state_machine_role_arn
      personalize = pipeline.personalize_role_arn
    }
  } }
}
