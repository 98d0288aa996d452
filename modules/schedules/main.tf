# What starts runs by the clock. The group holds the schedules made here, from the variable `schedules`, and those that
# the function makes and removes as the params files say; both use the same role. Deleting the group deletes them all.

locals {
  statements = merge(
    {
      StartRuns = {
        actions   = ["states:StartExecution"]
        resources = [var.state_machine_arn]
      }

      # Scheduler itself has no right to the queue: it sends in the name of this role.
      HandOverLostStarts = {
        actions   = ["sqs:SendMessage"]
        resources = [var.dead_letter_queue_arn]
      }
    },

    { for sid, statement in {
      # Sending to the queue.
      UseTheKey = {
        actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
        resources = [var.deployment.kms_key_arn]
      }
    } : sid => statement if var.deployment.kms_key_arn != null },
  )
}

resource "aws_scheduler_schedule_group" "this" {
  name = var.deployment.name
  tags = var.deployment.tags
}

resource "aws_scheduler_schedule" "this" {
  #checkov:skip=CKV_AWS_297:A schedule holds the names of a bucket and a file, no secrets; Scheduler encrypts it with a key of AWS.
  for_each = var.schedules

  # Those that the function makes have a dot in their names (`shop.retrain`), so they never meet.
  name        = each.key
  group_name  = aws_scheduler_schedule_group.this.name
  description = "From the Terraform variable schedules: ${each.value.purpose}"

  schedule_expression          = each.value.expression
  schedule_expression_timezone = each.value.timezone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = var.state_machine_arn
    role_arn = aws_iam_role.this.arn
    input    = each.value.input

    dead_letter_config {
      arn = var.dead_letter_queue_arn
    }
  }

  depends_on = [aws_iam_role_policy.this]
}

resource "aws_iam_role" "this" {
  name                 = "${var.deployment.role_prefix}-schedules"
  description          = "EventBridge Scheduler starts runs of ${var.deployment.name} with it"
  permissions_boundary = var.deployment.permissions_boundary_arn
  tags                 = var.deployment.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetSchedulesOfThisGroupUseIt"
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        # Scheduler names the group as the source, not the schedule.
        StringEquals = {
          "aws:SourceAccount" = var.deployment.account_id
          "aws:SourceArn"     = aws_scheduler_schedule_group.this.arn
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "start-runs"
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
