# The role with which Amazon Personalize reads the bucket, and writes the results of batch jobs and metric attributions.

locals {
  statements = merge(
    {
      ListTheBucket = {
        actions   = ["s3:ListBucket"]
        resources = [var.bucket_arn]
      }

      ReadInputObjects = {
        actions   = ["s3:GetObject"]
        resources = ["${var.bucket_arn}/*"]
      }
    },
    { for sid, statement in {
      UseTheKeyOfTheBucket = {
        actions   = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants"]
        resources = [var.deployment.kms_key_arn]
      }
    } : sid => statement if var.deployment.kms_key_arn != null },
  )
}

resource "aws_iam_role" "this" {
  name                 = "${var.deployment.role_prefix}-personalize"
  description          = "Amazon Personalize reads the input bucket and writes results with it"
  permissions_boundary = var.deployment.permissions_boundary_arn
  tags                 = var.deployment.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetPersonalizeOfThisAccountUseIt"
      Effect    = "Allow"
      Principal = { Service = "personalize.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.deployment.account_id }
        ArnLike      = { "aws:SourceArn" = "arn:${var.deployment.partition}:personalize:${var.deployment.region}:${var.deployment.account_id}:*" }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "read-input"
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

resource "aws_iam_role_policy" "write_results" {
  name = "write-results"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "WriteResults"
        Effect = "Allow"
        Action = ["s3:PutObject"]
        # RESULTS in lambda_src/pipeline/params/places.py: beside the params file, batch jobs write to batch/<job>/output/
        # and metric attributions to metrics/<attribution>/output/.
        Resource = ["${var.bucket_arn}/*batch/*/output/*", "${var.bucket_arn}/*metrics/*/output/*"]
      },
      {
        # What metric attributions count. CloudWatch has no resource level for it; which namespace is theirs no page says.
        Sid      = "PublishMetrics"
        Effect   = "Allow"
        Action   = ["cloudwatch:PutMetricData"]
        Resource = ["*"]
      },
    ]
  })
}
