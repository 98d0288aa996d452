# What the state machine may do. Everything that concerns Personalize is the function's; the machine only calls it.

locals {
  statements = merge(
    {
      CallTheFunction = {
        actions   = ["lambda:InvokeFunction"]
        resources = [var.function_arn, "${var.function_arn}:*"]
      }

      MailWhenTheFunctionCannot = {
        actions   = ["sns:Publish"]
        resources = [var.topic_arn]
      }

      # The delivery of logs has no resource level; these are the actions that Step Functions asks for.
      DeliverLogs = {
        actions = [
          "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
          "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
        ]
        resources = ["*"]
      }
    },

    { for sid, statement in {
      # X-Ray has no resource level.
      SendTraces = {
        actions = [
          "xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets",
        ]
        resources = ["*"]
      }
    } : sid => statement if var.deployment.tracing },

    { for sid, statement in {
      # Publishing to the topic.
      UseTheKey = {
        actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
        resources = [var.deployment.kms_key_arn]
      }
    } : sid => statement if var.deployment.kms_key_arn != null },
  )
}

resource "aws_iam_role" "this" {
  name                 = "${var.deployment.role_prefix}-workflow"
  description          = "The state machine of ${var.deployment.name}"
  permissions_boundary = var.deployment.permissions_boundary_arn
  tags                 = var.deployment.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetStateMachinesOfThisAccountUseIt"
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.deployment.account_id }
        ArnLike      = { "aws:SourceArn" = "arn:${var.deployment.partition}:states:${var.deployment.region}:${var.deployment.account_id}:stateMachine:*" }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  #checkov:skip=CKV_AWS_355:See DeliverLogs and SendTraces: these actions have no resource level.
  #checkov:skip=CKV_AWS_290:See DeliverLogs and SendTraces: these actions have no resource level.
  name = "run-the-workflow"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for sid, statement in local.statements : {
      Sid      = sid
      Effect   = "Allow"
      Action   = statement.actions
      Resource = statement.resources
    }]
  })
}
