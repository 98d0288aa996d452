# Two deployments in one account: one with as few settings as can be, one with all that there are.

terraform {
  required_version = ">= 1.9.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0"
    }
  }
}

variable "lambda" {
  description = "Runtime and architecture of the Python that the local stack runs functions on."
  type        = object({ runtime = string, architecture = string })
}

variable "prebuilt" {
  description = "A package built beforehand."
  type        = string
}

# Credentials and endpoint come from the environment.
provider "aws" {
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true

  default_tags {
    tags = { Stage = "test" }
  }
}

data "aws_caller_identity" "current" {}

data "aws_service" "any" {
  service_id = "s3"
}

module "plain" {
  source = "../../../.."

  name          = "plain"
  lambda        = var.lambda
  force_destroy = true

  # The provider waits for lifecycle rules for nearly a minute.
  noncurrent_version_days = null
}

module "rich" {
  source = "../../../.."

  name          = "rich"
  emails        = ["one@example.com", "two@example.com"]
  params_file   = "start.json"
  bucket_name   = "rich-input"
  force_destroy = true
  lambda = merge(var.lambda, {
    memory_mb             = 1024
    timeout_seconds       = 120
    log_level             = "DEBUG"
    retry_attempts        = 0
    max_event_age_seconds = 600
  })
  lambda_package = {
    s3_bucket         = aws_s3_object.package.bucket
    s3_key            = aws_s3_object.package.key
    s3_object_version = aws_s3_object.package.version_id
  }
  schedules = {
    weekly = { purpose = "retrain", expression = "cron(0 3 ? * SUN *)", timezone = "Europe/Berlin" }
    # In the past: the local stack starts it once, when it next looks at its schedules.
    once = { purpose = "batch", expression = "at(2020-01-01T00:00:00)", params_key = "books/start.json" }
  }
  timeout_hours            = 1.5
  patience_hours           = 0.5
  quotas                   = { campaigns = 20 }
  dataset_groups           = ["rich-*"]
  folders                  = { "" = ["*"], "books/" = ["rich-books"] }
  ceilings                 = { min_provisioned_tps = 5, min_recommendation_requests_per_second = 5 }
  allow_teardown           = false
  workflow_log_level       = "FATAL"
  log_retention_days       = 7
  tracing                  = true
  kms_key_arn              = aws_kms_key.this.arn
  permissions_boundary_arn = aws_iam_policy.boundary.arn
  noncurrent_version_days  = null
  tags                     = { Team = "ml" }
}

resource "aws_s3_bucket" "packages" {
  bucket        = "packages-of-the-test"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "packages" {
  bucket = aws_s3_bucket.packages.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_object" "package" {
  bucket      = aws_s3_bucket_versioning.packages.bucket
  key         = "pipeline.zip"
  source      = var.prebuilt
  source_hash = filesha256(var.prebuilt)

  # The local stack forgets tags that come with an upload.
  override_provider {
    default_tags {
      tags = {}
    }
  }
}

resource "aws_iam_policy" "boundary" {
  name = "boundary"

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "AllButUsers", Effect = "Allow", NotAction = ["iam:CreateUser"], Resource = ["*"] }]
  })
}

# The policy that a key needs for `kms_key_arn`.
resource "aws_kms_key" "this" {
  description             = "Encrypts the rich deployment"
  deletion_window_in_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "LetTheAccountsOwnPoliciesDecide"
        Effect    = "Allow"
        Principal = { AWS = data.aws_caller_identity.current.account_id }
        Action    = ["kms:*"]
        Resource  = ["*"]
      },
      {
        Sid       = "LetPersonalizeReadTheBucket"
        Effect    = "Allow"
        Principal = { Service = "personalize.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants", "kms:CreateGrant"]
        Resource  = ["*"]
      },
      {
        Sid       = "LetAlarmsPublishAndRulesSend"
        Effect    = "Allow"
        Principal = { Service = ["cloudwatch.amazonaws.com", "events.amazonaws.com"] }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = ["*"]
      },
      {
        Sid       = "LetLogsBeEncrypted"
        Effect    = "Allow"
        Principal = { Service = "logs.${data.aws_service.any.region}.amazonaws.com" }
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
        Resource  = ["*"]
      },
    ]
  })
}

output "plain" {
  value = module.plain
}

output "rich" {
  value = module.rich
}
