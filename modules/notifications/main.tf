# The topic through which everything is mailed, and who gets the mail.

resource "aws_sns_topic" "this" {
  #checkov:skip=CKV_AWS_26:Encrypted when `kms_key_arn` is given. The key that AWS manages for SNS can't be used here: its policy doesn't let CloudWatch in, so the dead-letter alarm would be lost.
  name              = var.deployment.name
  display_name      = var.deployment.name
  kms_master_key_id = var.deployment.kms_key_arn
  tags              = var.deployment.tags
}

resource "aws_sns_topic_policy" "this" {
  arn = aws_sns_topic.this.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # The function and the workflow publish by right of their own roles; only the alarm has none.
        Sid       = "LetAlarmsOfThisDeploymentPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["sns:Publish"]
        Resource  = [aws_sns_topic.this.arn]
        Condition = {
          StringEquals = { "aws:SourceAccount" = var.deployment.account_id }
          ArnLike      = { "aws:SourceArn" = "arn:${var.deployment.partition}:cloudwatch:${var.deployment.region}:${var.deployment.account_id}:alarm:${var.deployment.name}-*" }
        }
      },
      {
        Sid       = "RefuseUnencryptedConnections"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["sns:Publish"]
        Resource  = [aws_sns_topic.this.arn]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.emails)

  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = each.value
}
