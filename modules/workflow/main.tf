# The state machine that takes one params file from validation to the mail.

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:Encrypted by CloudWatch Logs unless `kms_key_arn` is given: a customer key costs money and needs a key policy.
  #checkov:skip=CKV_AWS_338:How long to keep logs is the caller's choice (`log_retention_days`); the default is as long as Step Functions keeps its histories.
  # Under /aws/vendedlogs/ one policy serves all state machines of the account; elsewhere each takes a piece of a policy
  # that is full after a dozen.
  name              = "/aws/vendedlogs/states/${var.deployment.name}"
  retention_in_days = var.deployment.log_retention_days
  kms_key_id        = var.deployment.kms_key_arn
  tags              = var.deployment.tags
}

resource "aws_sfn_state_machine" "this" {
  #checkov:skip=CKV_AWS_284:Traced when `tracing` is set.
  #checkov:skip=CKV_AWS_285:Logs carry no data of the runs; the history has it, for those who may look at executions.
  name       = var.deployment.name
  role_arn   = aws_iam_role.this.arn
  type       = "STANDARD" # a training takes hours; EXPRESS ends after five minutes
  definition = var.definition
  tags       = var.deployment.tags

  logging_configuration {
    level                  = var.log_level
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = var.deployment.tracing
  }

  # Step Functions tries its logging rights when the machine is made.
  depends_on = [aws_iam_role_policy.this]
}
