# The one Lambda function: it starts runs, does every step of them, and writes the mails. What it may do: permissions.tf.

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:Encrypted by CloudWatch Logs unless `kms_key_arn` is given: a customer key costs money and needs a key policy.
  #checkov:skip=CKV_AWS_338:How long to keep logs is the caller's choice (`log_retention_days`); the default is as long as Step Functions keeps its histories.
  name              = "/aws/lambda/${var.deployment.name}"
  retention_in_days = var.deployment.log_retention_days
  kms_key_id        = var.deployment.kms_key_arn
  tags              = var.deployment.tags
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50:Traced when `tracing` is set.
  #checkov:skip=CKV_AWS_115:Concurrency is the caller's choice (`lambda.reserved_concurrency`): reserving takes it from the account's other functions.
  #checkov:skip=CKV_AWS_116:Lost events go to the queue by the on-failure destination below, which also says why they were lost.
  #checkov:skip=CKV_AWS_117:It calls public AWS endpoints only; in a VPC it would need NAT or an endpoint for each of them.
  #checkov:skip=CKV_AWS_173:The environment holds names and ARNs, no secrets.
  #checkov:skip=CKV_AWS_272:The package is built from hash-locked requirements by the machine that applies; there is no signing profile to hold it against.
  function_name = var.deployment.name
  description   = "Runs Amazon Personalize from CSV files to a campaign"
  role          = aws_iam_role.this.arn
  handler       = "pipeline.handler.lambda_handler"
  tags          = var.deployment.tags

  filename          = var.package.filename
  s3_bucket         = var.package.s3_bucket
  s3_key            = var.package.s3_key
  s3_object_version = var.package.s3_object_version
  # Of the sources and of the attempt to deliver them, not of the zip: the plan knows it without a build. The provider
  # only compares it with the last one.
  source_code_hash = var.package.hash

  runtime                        = var.settings.runtime
  architectures                  = [var.settings.architecture]
  memory_size                    = var.settings.memory_mb
  timeout                        = var.settings.timeout_seconds
  reserved_concurrent_executions = var.settings.reserved_concurrency

  environment {
    variables = {
      BUCKET                 = var.bucket.name
      PARAMS_FILE            = var.params_file
      STATE_MACHINE_ARN      = var.state_machine_arn
      TOPIC_ARN              = var.topic_arn
      PERSONALIZE_ROLE_ARN   = var.personalize_role_arn
      SCHEDULE_GROUP         = var.schedules.group
      SCHEDULE_ROLE_ARN      = var.schedules.role_arn
      DEAD_LETTER_QUEUE_ARN  = var.dead_letter_queue_arn
      TIMEOUT_SECONDS        = var.limits.timeout_seconds
      PATIENCE_SECONDS       = var.limits.patience_seconds
      QUOTAS                 = jsonencode({ for what, quota in var.limits.quotas : what => quota if quota != null })
      DATA_CHECKS            = var.data_checks.mode
      DATA_CHECK_CONCURRENCY = var.data_checks.concurrency
      SAMPLES                = var.samples
      PRICES                 = jsonencode(var.prices)
      ANNOUNCE_STARTS        = var.announce_starts
      BOUNDARIES             = var.boundaries.json
      LOG_LEVEL              = var.settings.log_level
    }
  }

  tracing_config {
    mode = var.deployment.tracing ? "Active" : "PassThrough"
  }

  # A function that logs before its group exists gets a group that never expires.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.run_the_pipeline]
}

# The function's code as it was when it was delivered.
resource "terraform_data" "delivered" {
  # With an empty piece of the hash: the provider plans with the old code's sum where the hash is not known yet.
  input            = "${substr(var.package.hash, 0, 0)}${aws_lambda_function.this.code_sha256}"
  triggers_replace = [var.package.hash]

  lifecycle {
    ignore_changes = [input]
  }
}

# Written once the function has taken the code: submodule lambda_package delivers anew until it is here. So when somebody
# changed the code by hand, a plan takes the receipt back, and the next one delivers. While code is delivered there is no
# receipt, not even that of other code: it would be believed once somebody goes back to that.
resource "aws_ssm_parameter" "receipt" {
  #checkov:skip=CKV2_AWS_34:A hash of published sources is no secret.
  #checkov:skip=CKV_AWS_337:The same.
  name        = var.package.receipt.name
  description = "The code that ${aws_lambda_function.this.function_name} runs"
  type        = "String"
  # Insecure means that plans show it.
  insecure_value = (
    aws_lambda_function.this.code_sha256 == terraform_data.delivered.input
    ? var.package.receipt.value
    : "The function runs other code than was delivered. The next apply delivers it anew."
  )
  tags = var.deployment.tags

  lifecycle {
    replace_triggered_by = [terraform_data.delivered, aws_lambda_function.this.arn]
  }
}

# For uploads and endings, which AWS hands over without waiting for the answer. The steps of a run are retried by the
# state machine.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = var.settings.retry_attempts
  maximum_event_age_in_seconds = var.settings.max_event_age_seconds

  destination_config {
    on_failure {
      destination = var.on_failure_arn
    }
  }

  # Lambda checks that the role may send there.
  depends_on = [aws_iam_role_policy.run_the_pipeline]
}
