# What the function may do. Each action here is called somewhere in lambda_src/pipeline, and each call there is allowed
# here: tests/unit holds the two against each other.

locals {
  # arn of <type>/<anything> in Personalize
  personalize = "arn:${var.deployment.partition}:personalize:${var.deployment.region}:${var.deployment.account_id}"

  # arn of <machine>:<execution>, and of <machine>/<map>:<execution> for the children of a distributed map
  executions = replace(var.state_machine_arn, ":stateMachine:", ":execution:")

  statements = merge(
    {
      ManageSchemas = {
        actions   = ["personalize:CreateSchema", "personalize:DescribeSchema"]
        resources = ["${local.personalize}:schema/*"]
      }

      ManageDatasetGroups = {
        actions   = ["personalize:CreateDatasetGroup", "personalize:DescribeDatasetGroup"]
        resources = ["${local.personalize}:dataset-group/*"]
      }

      ManageDatasets = {
        actions   = ["personalize:CreateDataset", "personalize:DescribeDataset", "personalize:UpdateDataset"]
        resources = ["${local.personalize}:dataset/*"]
      }

      ImportData = {
        actions   = ["personalize:CreateDatasetImportJob", "personalize:DescribeDatasetImportJob"]
        resources = ["${local.personalize}:dataset-import-job/*"]
      }

      # A solution version's ARN is its solution's, and a part more.
      ManageSolutionsAndTheirVersions = {
        actions = [
          "personalize:CreateSolution", "personalize:DescribeSolution", "personalize:UpdateSolution",
          "personalize:CreateSolutionVersion", "personalize:DescribeSolutionVersion", "personalize:GetSolutionMetrics",
        ]
        resources = ["${local.personalize}:solution/*"]
      }

      ManageCampaigns = {
        actions   = ["personalize:CreateCampaign", "personalize:DescribeCampaign", "personalize:UpdateCampaign"]
        resources = ["${local.personalize}:campaign/*"]
      }

      # Recipes belong to AWS: their ARNs have no region and no account.
      ReadRecipes = {
        actions   = ["personalize:DescribeRecipe"]
        resources = ["arn:${var.deployment.partition}:personalize:::recipe/*"]
      }

      # All that can carry tags. Creating something with tags asks for TagResource too.
      TagWhatIsCreated = {
        actions = ["personalize:TagResource"]
        resources = [for type in ["dataset-group", "dataset", "dataset-import-job", "solution", "campaign"] :
          "${local.personalize}:${type}/*"
        ]
      }

      # Personalize has no resource level for lists.
      FindWhatExists = {
        actions   = ["personalize:ListDatasetImportJobs", "personalize:ListSolutionVersions"]
        resources = ["*"]
      }

      PassTheImportRoleToPersonalize = {
        actions   = ["iam:PassRole"]
        resources = [var.personalize_role_arn]
        condition = { StringEquals = { "iam:PassedToService" = "personalize.amazonaws.com" } }
      }

      # Of missing objects S3 says so only to those who may list.
      ListInputObjects = {
        actions   = ["s3:ListBucket"]
        resources = [var.bucket.arn]
      }

      ReadInputObjects = {
        actions   = ["s3:GetObject", "s3:GetObjectVersion"]
        resources = ["${var.bucket.arn}/*"]
      }

      WriteReportsAndLocks = {
        actions   = ["s3:PutObject"]
        resources = ["${var.bucket.arn}/runs/*", "${var.bucket.arn}/locks/*"]
      }

      ReleaseLocks = {
        actions   = ["s3:DeleteObject"]
        resources = ["${var.bucket.arn}/locks/*"]
      }

      SendMails = {
        actions   = ["sns:Publish"]
        resources = [var.topic_arn]
      }

      StartRuns = {
        actions   = ["states:StartExecution"]
        resources = [var.state_machine_arn]
      }

      LookAtRuns = {
        actions   = ["states:DescribeExecution", "states:GetExecutionHistory"]
        resources = ["${local.executions}:*", "${local.executions}/*:*"]
      }

      WriteLogs = {
        actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
      }
    },

    { for sid, statement in {
      # X-Ray has no resource level.
      SendTraces = {
        actions   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        resources = ["*"]
      }
    } : sid => statement if var.deployment.tracing },

    { for sid, statement in {
      # Reading and writing the bucket, publishing, and handing over to the queue.
      UseTheKey = {
        actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
        resources = [var.deployment.kms_key_arn]
      }
    } : sid => statement if var.deployment.kms_key_arn != null },
  )
}

resource "aws_iam_role" "this" {
  name                 = "${var.deployment.role_prefix}-function"
  description          = "The function of ${var.deployment.name}"
  permissions_boundary = var.deployment.permissions_boundary_arn
  tags                 = var.deployment.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      # No condition on the account: Lambda names none when it assumes the role of a function, and needs none, for it
      # passes roles only to functions of the role's own account.
      Sid       = "LetLambdaUseIt"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "run_the_pipeline" {
  name = "run-the-pipeline"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for sid, statement in local.statements : merge(
      {
        Sid      = sid
        Effect   = "Allow"
        Action   = statement.actions
        Resource = statement.resources
      },
      can(statement.condition) ? { Condition = statement.condition } : {},
    )]
  })
}

# Apart from the others, because the queue takes half a minute to make, and the function needs it only at the end.
resource "aws_iam_role_policy" "hand_over_lost_events" {
  name = "hand-over-lost-events"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "HandOverLostEvents"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = [var.dead_letter_queue_arn]
    }]
  })
}
