# Keeps what got lost (events that nobody could handle, runs that no schedule could start), and mails that there is some.

locals {
  queue     = "${var.deployment.name}-dead-letters"
  queue_arn = "arn:${var.deployment.partition}:sqs:${var.deployment.region}:${var.deployment.account_id}:${local.queue}"
}

resource "aws_sqs_queue" "this" {
  name                      = local.queue
  message_retention_seconds = 14 * 24 * 3600 # the longest there is
  sqs_managed_sse_enabled   = var.deployment.kms_key_arn == null ? true : null
  kms_master_key_id         = var.deployment.kms_key_arn
  tags                      = var.deployment.tags

  # Here and not as a resource of its own: the provider waits half a minute for every change of a queue.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # The function and the schedules send by right of their roles; EventBridge's rules have none. The rule's ARN
        # holds the account, which EventBridge isn't known to name apart.
        Sid       = "LetRulesOfThisDeploymentSend"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = ["sqs:SendMessage"]
        Resource  = [local.queue_arn]
        Condition = {
          ArnLike = { "aws:SourceArn" = "arn:${var.deployment.partition}:events:${var.deployment.region}:${var.deployment.account_id}:rule/${var.deployment.name}-*" }
        }
      },
      {
        Sid       = "RefuseUnencryptedConnections"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["sqs:*"]
        Resource  = [local.queue_arn]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name        = "${var.deployment.name}-dead-letters"
  alarm_description = "${var.deployment.name} lost something: an upload or a schedule that started no run, or an ending of a run that was not mailed. The messages in ${aws_sqs_queue.this.url} say which and why. Once the cause is mended, upload the params file again (a schedule's next start comes by itself), then purge the queue."

  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.this.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching" # SQS sends no figures for a queue that lies idle

  alarm_actions = [var.topic_arn]
  tags          = var.deployment.tags
}
