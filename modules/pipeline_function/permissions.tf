# What the function may do. Each action here is called somewhere in lambda_src/pipeline, and each call there is allowed
# here: tests/unit holds the two against each other.

locals {
  # arn of <type>/<anything> in Personalize
  personalize = "arn:${var.deployment.partition}:personalize:${var.deployment.region}:${var.deployment.account_id}"

  # Recipes belong to AWS: their ARNs have no region and no account.
  recipes = "arn:${var.deployment.partition}:personalize:::recipe/*"

  # arn of <machine>:<execution>
  executions = replace(var.state_machine_arn, ":stateMachine:", ":execution:")

  # arns of the dataset groups that params files may name, and of their datasets, dataset/<dataset group>/<TYPE>. What else
  # belongs to a group has an ARN without it, so params files and code alone hold it apart: docs/security.md.
  dataset_groups = [for pattern in var.boundaries.dataset_groups : "${local.personalize}:dataset-group/${pattern}"]
  datasets       = [for pattern in var.boundaries.dataset_groups : "${local.personalize}:dataset/${pattern}/*"]

  # arns of the schedules that the function makes, named <dataset group>.<purpose>; Terraform's own have no dot. Of a long
  # group's name only the beginning is in it (schedule_name in lambda_src/pipeline/engine/schedules.py).
  schedules = distinct([for pattern in var.boundaries.dataset_groups : join("", [
    "arn:${var.deployment.partition}:scheduler:${var.deployment.region}:${var.deployment.account_id}",
    ":schedule/${var.schedules.group}/",
    length(pattern) <= 56 && can(regex("^[^*]*$", pattern)) ? pattern : "${substr(regex("^[^*]*", pattern), 0, 47)}*", ".*"
  ])])

  # Of all that takes tags, in the statements that name it: a role's policies may have 10,240 characters in all. Creating
  # with tags asks for the first, too.
  tag = ["personalize:TagResource", "personalize:ListTagsForResource"]

  statements = merge(
    {
      # What Personalize checks a call against: AWS's service authorization reference, which lists for creations the
      # parent too. It doesn't say which of the two is needed, so both are allowed. What dataset groups and datasets are
      # checked for stands together, so that their ARNs, of which there may be several, stand here once.

      WorkInDatasetGroups = {
        actions = [
          "personalize:CreateDatasetGroup", "personalize:DescribeDatasetGroup", "personalize:DeleteDatasetGroup",
          "personalize:CreateDataset", "personalize:CreateEventTracker", "personalize:CreateFilter",
          "personalize:CreateMetricAttribution", "personalize:CreateSolution", "personalize:CreateRecommender",
          "personalize:TagResource", "personalize:ListTagsForResource",
        ]
        resources = local.dataset_groups
      }

      WorkOnDatasets = {
        actions = [
          "personalize:CreateDataset", "personalize:DescribeDataset", "personalize:UpdateDataset",
          "personalize:DeleteDataset", "personalize:CreateDatasetImportJob",
          "personalize:TagResource", "personalize:ListTagsForResource",
        ]
        resources = local.datasets
      }

      # That a dataset's schema is asked for is in no table: by analogy to the recipe, below.
      ManageSchemas = {
        actions = [
          "personalize:CreateSchema", "personalize:DescribeSchema", "personalize:DeleteSchema",
          "personalize:CreateDataset", "personalize:UpdateDataset",
        ]
        resources = ["${local.personalize}:schema/*"]
      }

      ImportData = {
        actions   = concat(["personalize:CreateDatasetImportJob", "personalize:DescribeDatasetImportJob"], local.tag)
        resources = ["${local.personalize}:dataset-import-job/*"]
      }

      ManageEventTrackers = {
        actions = concat([
          "personalize:CreateEventTracker", "personalize:DescribeEventTracker", "personalize:DeleteEventTracker",
        ], local.tag)
        resources = ["${local.personalize}:event-tracker/*"]
      }

      ManageFilters = {
        actions   = concat(["personalize:CreateFilter", "personalize:DescribeFilter", "personalize:DeleteFilter"], local.tag)
        resources = ["${local.personalize}:filter/*"]
      }

      ManageMetricAttributions = {
        actions = [
          "personalize:CreateMetricAttribution", "personalize:DescribeMetricAttribution",
          "personalize:UpdateMetricAttribution", "personalize:DeleteMetricAttribution",
        ]
        resources = ["${local.personalize}:metric-attribution/*"]
      }

      # A solution version's ARN is its solution's, and a part more. The recipe is in no table, but without a right to
      # it the service has refused creations. Trainings are stopped by a teardown only; what it deletes is deleted to make
      # anew what failed, too.
      ManageSolutions = {
        actions = concat([
          "personalize:CreateSolution", "personalize:DescribeSolution", "personalize:UpdateSolution",
          "personalize:DeleteSolution", "personalize:CreateSolutionVersion", "personalize:DescribeSolutionVersion",
          "personalize:GetSolutionMetrics",
        ], local.tag, var.boundaries.allow_teardown ? ["personalize:StopSolutionVersionCreation"] : [])
        resources = ["${local.personalize}:solution/*", local.recipes]
      }

      ManageCampaigns = {
        actions = concat([
          "personalize:CreateCampaign", "personalize:DescribeCampaign", "personalize:UpdateCampaign",
          "personalize:DeleteCampaign",
        ], local.tag)
        resources = ["${local.personalize}:campaign/*", "${local.personalize}:solution/*"]
      }

      # The filter, which a job may name, is in no table; nor is the solution for segment jobs.
      InferInBatches = {
        actions = concat(["personalize:CreateBatchInferenceJob", "personalize:DescribeBatchInferenceJob"], local.tag)
        resources = [
          "${local.personalize}:batch-inference-job/*", "${local.personalize}:solution/*", "${local.personalize}:filter/*",
        ]
      }

      SegmentInBatches = {
        actions = concat(["personalize:CreateBatchSegmentJob", "personalize:DescribeBatchSegmentJob"], local.tag)
        resources = [
          "${local.personalize}:batch-segment-job/*", "${local.personalize}:solution/*", "${local.personalize}:filter/*",
        ]
      }

      # And look recipes up, also those of solutions.
      ManageRecommenders = {
        actions = concat([
          "personalize:CreateRecommender", "personalize:DescribeRecommender", "personalize:UpdateRecommender",
          "personalize:StartRecommender", "personalize:StopRecommender", "personalize:DeleteRecommender",
          "personalize:DescribeRecipe",
        ], local.tag)
        resources = ["${local.personalize}:recommender/*", local.recipes]
      }

      # Each asks for a right to what answers, and to the filter that is tried.
      AskForRecommendations = {
        actions = [
          "personalize:GetRecommendations", "personalize:GetPersonalizedRanking", "personalize:GetActionRecommendations",
        ]
        resources = [
          "${local.personalize}:campaign/*", "${local.personalize}:recommender/*", "${local.personalize}:filter/*",
        ]
      }

      # Personalize has no resource level for lists.
      FindWhatExists = {
        actions = [
          "personalize:ListDatasetGroups", "personalize:ListDatasets", "personalize:ListDatasetImportJobs",
          "personalize:ListEventTrackers", "personalize:ListFilters", "personalize:ListMetricAttributions",
          "personalize:ListMetricAttributionMetrics", "personalize:ListSolutions", "personalize:ListSolutionVersions",
          "personalize:ListCampaigns", "personalize:ListBatchInferenceJobs", "personalize:ListBatchSegmentJobs",
          "personalize:ListRecommenders",
        ]
        resources = ["*"]
      }

      PassTheImportRole = {
        actions   = ["iam:PassRole"]
        resources = [var.personalize_role_arn]
        condition = { StringEquals = { "iam:PassedToService" = "personalize.amazonaws.com" } }
      }

      PassTheScheduleRole = {
        actions   = ["iam:PassRole"]
        resources = [var.schedules.role_arn]
        condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } }
      }

      KeepSchedulesInStep = {
        actions = [
          "scheduler:GetSchedule", "scheduler:CreateSchedule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule",
        ]
        resources = local.schedules
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

      # Conditionally, which asks for the right to read as well.
      WriteRunsAndTurns = {
        actions   = ["s3:PutObject"]
        resources = ["${var.bucket.arn}/runs/*", "${var.bucket.arn}/locks/*"]
      }

      SendMails = {
        actions   = ["sns:Publish"]
        resources = [var.topic_arn]
      }

      # Not by the code: Lambda does, when events could not be handled.
      HandOverLostEvents = {
        actions   = ["sqs:SendMessage"]
        resources = [var.dead_letter_queue_arn]
      }

      StartRuns = {
        actions   = ["states:StartExecution"]
        resources = [var.state_machine_arn]
      }

      LookAtRuns = {
        actions   = ["states:DescribeExecution"]
        resources = ["${local.executions}:*"]
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
