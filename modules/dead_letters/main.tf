# Keeps what got lost (events that nobody could handle, runs that no schedule could start), and mails that there is some.

locals {
  queue     = "${var.deployment.name}-dead-letters"
  queue_arn = "arn:${var.deployment.partition}:sqs:${var.deployment.region}:${var.deployment.account_id}:${local.queue}"

  told = "an upload or a schedule that started no run, or an ending of a run that was not mailed. The messages in ${aws_sqs_queue.this.url} say which and why. Once the cause is mended, upload the params file again (a schedule's next start comes by itself), then purge the queue."
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

# Two alarms, for an alarm mails when its state changes and not again. SQS counts a queue's messages every minute, unless
# the queue lay empty and untouched for six hours; then counts may be a quarter of an hour late after the next letter,
# and AWS doesn't say whether they come with those of the time between. So the first letter is known by a count that
# stands, however late it comes, and those that come to others by a rise: while letters lie there, SQS counts.
# Going back to OK mails nothing: whoever emptied the queue knows.

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name        = local.queue
  alarm_description = "${var.deployment.name} lost something: ${local.told}"

  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.this.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 2 # a letter that is being read can't be seen for half a minute
  datapoints_to_alarm = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching" # after figures that failed to come, rather mail once more

  alarm_actions = [var.topic_arn]
  tags          = var.deployment.tags
}

resource "aws_cloudwatch_metric_alarm" "more" {
  alarm_name        = "${local.queue}-more"
  alarm_description = "${var.deployment.name} lost more while earlier messages lie in the queue: ${local.told}"

  # The most of five minutes against the most of the five before, looked at every minute: neither a letter that is being
  # read nor a minute without figures looks like a new one. Where nothing lay before, all there is is the rise, and the
  # other alarm mails.
  metric_query {
    id          = "more"
    expression  = "IF(letters > DIFF(letters), DIFF(letters), 0)"
    label       = "Letters that came to others"
    return_data = true
  }

  metric_query {
    id          = "letters"
    return_data = false

    metric {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = aws_sqs_queue.this.name }
      stat        = "Maximum"
      period      = 300
    }
  }

  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  alarm_actions = [var.topic_arn]
  tags          = var.deployment.tags
}
