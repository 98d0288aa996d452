# The module as a user would call it, on the local stack. The runner copies this folder to .local/terraform, which is as
# deep, so that state and lock file stay out of the sources.

terraform {
  required_version = ">= 1.9.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0"
    }
  }
}

provider "aws" {
  region                      = var.region
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  s3_use_path_style           = true

  endpoints {
    cloudwatch     = var.endpoint
    cloudwatchlogs = var.endpoint
    eventbridge    = var.endpoint
    iam            = var.endpoint
    kms            = var.endpoint
    lambda         = var.endpoint
    s3             = var.endpoint
    scheduler      = var.endpoint
    sfn            = var.endpoint
    sns            = var.endpoint
    sqs            = var.endpoint
    ssm            = var.endpoint
    sts            = var.endpoint
  }
}

module "pipeline" {
  source = "../.."

  name          = var.name
  emails        = var.emails
  params_file   = var.params_file
  force_destroy = true
  lambda        = { runtime = var.runtime, architecture = var.architecture }

  # The provider waits for lifecycle rules for nearly a minute.
  noncurrent_version_days = null
}
