# The function: what it may do, and how it is set up.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  deployment = {
    name               = "shop-pipeline"
    partition          = "aws"
    region             = "eu-west-1"
    account_id         = "123456789012"
    role_prefix        = "shop-eu-west-1"
    log_retention_days = 90
    tracing            = false
    tags               = { team = "ml" }
  }
  settings = {
    runtime               = "python3.12"
    architecture          = "x86_64"
    memory_mb             = 1024
    timeout_seconds       = 180
    reserved_concurrency  = -1
    log_level             = "DEBUG"
    retry_attempts        = 1
    max_event_age_seconds = 3600
  }
  limits = {
    timeout_seconds  = 5400
    patience_seconds = 900
    quotas           = { dataset_groups = 500, solutions = null, campaigns = 20, recommenders = null, filters = null }
  }
  data_checks     = { mode = "full", concurrency = 4 }
  samples         = 3
  prices          = { training_per_hour = 0.3 }
  announce_starts = false
  boundaries = {
    json           = "{}"
    dataset_groups = ["*"]
    allow_teardown = true
  }
  package = {
    filename = "pipeline.zip"
    hash     = "abc"
    receipt  = { name = "/personalize-pipeline/shop-pipeline/code", value = "abc" }
  }
  bucket                = { name = "input", arn = "arn:aws:s3:::input" }
  params_file           = "params.json"
  state_machine_arn     = "arn:aws:states:eu-west-1:123456789012:stateMachine:shop-pipeline"
  topic_arn             = "arn:aws:sns:eu-west-1:123456789012:shop-pipeline"
  personalize_role_arn  = "arn:aws:iam::123456789012:role/shop-eu-west-1-personalize"
  dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:shop-pipeline-dead-letters"
  on_failure_arn        = "arn:aws:sqs:eu-west-1:123456789012:shop-pipeline-dead-letters"
  schedules = {
    group    = "shop-pipeline"
    role_arn = "arn:aws:iam::123456789012:role/shop-eu-west-1-schedules"
  }
}

run "it_passes_each_role_to_one_service_only" {
  command = plan
  module { source = "./modules/pipeline_function" }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.run_the_pipeline.policy).Statement :
      statement.Condition.StringEquals["iam:PassedToService"] => statement.Resource if contains(statement.Action, "iam:PassRole")
      } == {
      "personalize.amazonaws.com" = ["arn:aws:iam::123456789012:role/shop-eu-west-1-personalize"]
      "scheduler.amazonaws.com"   = ["arn:aws:iam::123456789012:role/shop-eu-west-1-schedules"]
    }
    error_message = "PassRole must name the role, and the service that it is passed to."
  }
}

run "it_keeps_the_schedules_of_params_files_only" {
  command = plan
  module { source = "./modules/pipeline_function" }

  # Terraform's own schedules have no dot in their names.
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.run_the_pipeline.policy).Statement :
      join(",", statement.Action) => statement.Resource if strcontains(join(",", statement.Action), "scheduler:")
      } == {
      "scheduler:GetSchedule,scheduler:CreateSchedule,scheduler:UpdateSchedule,scheduler:DeleteSchedule" = [
        "arn:aws:scheduler:eu-west-1:123456789012:schedule/shop-pipeline/*.*",
      ]
    }
    error_message = "The function must reach the schedules that it makes, and no others."
  }
}

run "its_policy_is_not_too_long" {
  command = plan
  module { source = "./modules/pipeline_function" }

  variables {
    deployment = {
      name               = "a-name-of-just-thirty-one-chars-pipeline"
      partition          = "aws-us-gov"
      region             = "ap-northeast-1"
      account_id         = "123456789012"
      role_prefix        = "a-name-of-just-thirty-one-chars-ap-northeast-1"
      log_retention_days = 90
      tracing            = true
      kms_key_arn        = "arn:aws-us-gov:kms:ap-northeast-1:123456789012:key/12345678-1234-1234-1234-123456789012"
      tags               = {}
    }
    bucket = {
      name = "a-bucket-with-a-name-of-sixty-three-characters-which-is-all-s3s"
      arn  = "arn:aws-us-gov:s3:::a-bucket-with-a-name-of-sixty-three-characters-which-is-all-s3s"
    }
    schedules = {
      group    = "a-name-of-just-thirty-one-chars-pipeline"
      role_arn = "arn:aws-us-gov:iam::123456789012:role/a-name-of-just-thirty-one-chars-ap-northeast-1-schedules"
    }
    state_machine_arn     = "arn:aws-us-gov:states:ap-northeast-1:123456789012:stateMachine:a-name-of-just-thirty-one-chars-pipeline"
    topic_arn             = "arn:aws-us-gov:sns:ap-northeast-1:123456789012:a-name-of-just-thirty-one-chars-pipeline"
    personalize_role_arn  = "arn:aws-us-gov:iam::123456789012:role/a-name-of-just-thirty-one-chars-ap-northeast-1-personalize"
    dead_letter_queue_arn = "arn:aws-us-gov:sqs:ap-northeast-1:123456789012:a-name-of-just-thirty-one-chars-pipeline-dead-letters"
    limits = {
      timeout_seconds  = 604800
      patience_seconds = 604800
      quotas           = { dataset_groups = 99999, solutions = 99999, campaigns = 99999, recommenders = 99999, filters = 99999 }
    }
    # As many and as long as the root's variables take, in as many quotation marks as there can be.
    data_checks = { mode = "full", concurrency = 4 }
    samples     = 3
    prices = { for name in [
      "ingestion_per_gb", "training_per_hour", "training_v2_per_1000_interactions", "campaign_per_tps_hour",
      "campaign_v2_per_1000_requests", "recommender_per_100000_users_and_hour", "recommender_per_1000_requests",
      "batch_per_1000_lines", "batch_v2_per_1000_lines", "segments_per_1000_lines",
    ] : name => 0.0123456789 }
    announce_starts = false
    boundaries = {
      json = jsonencode({
        dataset_groups = [for number in range(8) : "${number}-team-and-more"]
        folders        = { for number in range(100, 217) : "${number}/" => ["a"] }
        ceilings       = { min_provisioned_tps = 99999, min_recommendation_requests_per_second = 99999, monthly_cost = 9999999 }
        allow_teardown = false
      })
      dataset_groups = [
        "a-team-and-more", "b-team-and-more", "c-team-and-more", "d-team-and-more",
        "e-team-and-more", "f-team-and-more", "g-team-and-more", "h-team-and-more",
      ]
      allow_teardown = true
    }
    params_file = "${format("%0123d", 0)}.json"
  }

  override_resource {
    target          = aws_cloudwatch_log_group.this
    values          = { arn = "arn:aws-us-gov:logs:ap-northeast-1:123456789012:log-group:/aws/lambda/a-name-of-just-thirty-one-chars-pipeline" }
    override_during = plan
  }

  # IAM counts all inline policies of a role, without white space.
  assert {
    condition     = length(aws_iam_role_policy.run_the_pipeline.policy) <= 10240
    error_message = "A role's inline policies may have 10,240 characters in all."
  }

  # As Lambda measures it, to go by what it quotes when it refuses one ("String measured").
  assert {
    condition     = length(jsonencode(aws_lambda_function.this.environment[0].variables)) <= 4096
    error_message = "A function's environment may have 4 KB."
  }
}

run "it_reaches_the_dataset_groups_it_may_work_on_and_no_others" {
  command = plan
  module { source = "./modules/pipeline_function" }

  variables {
    data_checks     = { mode = "full", concurrency = 4 }
    samples         = 3
    prices          = {}
    announce_starts = false
    boundaries = {
      json           = "{}"
      dataset_groups = ["a-*", "shop", "*-test", "a-name-of-just-as-many-characters-as-a-dataset-group-may-have-0"]
      allow_teardown = true
    }
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.run_the_pipeline.policy).Statement :
      [for resource in statement.Resource : resource if can(regex(":dataset-group/|:dataset/", resource))]
      ])) == toset([
      "arn:aws:personalize:eu-west-1:123456789012:dataset-group/a-*",
      "arn:aws:personalize:eu-west-1:123456789012:dataset-group/shop",
      "arn:aws:personalize:eu-west-1:123456789012:dataset-group/*-test",
      "arn:aws:personalize:eu-west-1:123456789012:dataset-group/a-name-of-just-as-many-characters-as-a-dataset-group-may-have-0",
      "arn:aws:personalize:eu-west-1:123456789012:dataset/a-*/*",
      "arn:aws:personalize:eu-west-1:123456789012:dataset/shop/*",
      "arn:aws:personalize:eu-west-1:123456789012:dataset/*-test/*",
      "arn:aws:personalize:eu-west-1:123456789012:dataset/a-name-of-just-as-many-characters-as-a-dataset-group-may-have-0/*",
    ])
    error_message = "The policy must name the patterns of `dataset_groups`, wherever it names dataset groups or datasets."
  }

  # Of a long group's name a schedule's has 47 characters and a digest, so what follows the first * can't be held.
  assert {
    condition = [for schedule in local.statements.KeepSchedulesInStep.resources : schedule] == [
      "arn:aws:scheduler:eu-west-1:123456789012:schedule/shop-pipeline/a-*.*",
      "arn:aws:scheduler:eu-west-1:123456789012:schedule/shop-pipeline/shop.*",
      "arn:aws:scheduler:eu-west-1:123456789012:schedule/shop-pipeline/*.*",
      "arn:aws:scheduler:eu-west-1:123456789012:schedule/shop-pipeline/a-name-of-just-as-many-characters-as-a-dataset-*.*",
    ]
    error_message = "The function must reach the schedules of these dataset groups."
  }
}

run "without_teardowns_no_training_is_stopped" {
  command = plan
  module { source = "./modules/pipeline_function" }

  variables {
    data_checks     = { mode = "full", concurrency = 4 }
    samples         = 3
    prices          = {}
    announce_starts = false
    boundaries      = { json = "{}", dataset_groups = ["*"], allow_teardown = false }
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.run_the_pipeline.policy, "StopSolutionVersionCreation")
    error_message = "Only a teardown stops trainings."
  }

  # What failed is deleted to be made anew; campaigns, filters and the like also as the params ask.
  assert {
    condition = [for action in sort(regexall("personalize:Delete[A-Za-z]+", aws_iam_role_policy.run_the_pipeline.policy)) : action] == [
      "personalize:DeleteCampaign", "personalize:DeleteDataset", "personalize:DeleteDatasetGroup",
      "personalize:DeleteEventTracker", "personalize:DeleteFilter", "personalize:DeleteMetricAttribution",
      "personalize:DeleteRecommender", "personalize:DeleteSchema", "personalize:DeleteSolution",
    ]
    error_message = "What runs delete without a teardown they must be allowed to delete."
  }
}

run "its_rights_name_actions_and_resources" {
  command = plan
  module { source = "./modules/pipeline_function" }

  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.run_the_pipeline.policy).Statement :
      alltrue([for action in statement.Action : !strcontains(action, "*")])
    ])
    error_message = "No action may have a wildcard."
  }

  # Personalize has no resource level for lists.
  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.run_the_pipeline.policy).Statement :
      statement.Sid if contains(statement.Resource, "*")
    ] == ["FindWhatExists"]
    error_message = "Only the lists of Personalize may be allowed on everything."
  }

  assert {
    condition = alltrue([for action in local.statements.FindWhatExists.actions :
      startswith(action, "personalize:List")
    ])
    error_message = "What is allowed on everything must be lists."
  }

  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.run_the_pipeline.policy).Statement :
      can(regex("^[A-Z][A-Za-z]+$", statement.Sid)) && statement.Effect == "Allow"
    ])
    error_message = "Every statement has a Sid in words."
  }
}

run "it_writes_runs_and_turns_and_no_data" {
  command = plan
  module { source = "./modules/pipeline_function" }

  assert {
    condition     = local.statements.WriteRunsAndTurns.resources == ["arn:aws:s3:::input/runs/*", "arn:aws:s3:::input/locks/*"]
    error_message = "The function may write what runs leave behind, and whose turn it is."
  }

  assert {
    condition = alltrue([for sid, statement in local.statements :
      sid == "WriteRunsAndTurns" || alltrue([for action in statement.actions :
        !startswith(action, "s3:") || contains(["s3:ListBucket", "s3:GetObject", "s3:GetObjectVersion"], action)
      ])
    ])
    error_message = "The data is the user's: the function doesn't change it, and it deletes nothing."
  }

  # The bucket's policy lets no other role write there, and computes this one's name.
  assert {
    condition     = aws_iam_role.this.name == "shop-eu-west-1-function"
    error_message = "The role must be called as the bucket's policy calls it."
  }
}

# AWS's service authorization reference, and what the service was seen to ask for besides.
run "creations_are_allowed_on_what_they_build_on_too" {
  command = plan
  module { source = "./modules/pipeline_function" }

  assert {
    condition = { for action, types in {
      for pair in flatten([for statement in local.statements : [for action in statement.actions : {
        action = trimprefix(action, "personalize:Create")
        types  = [for resource in statement.resources : replace(resource, "/^.*:([a-z-]+)/.*$/", "$1")]
      } if startswith(action, "personalize:Create")]]) : pair.action => pair.types...
      } : action => [for type in sort(flatten(types)) : type] } == {
      BatchInferenceJob = ["batch-inference-job", "filter", "solution"]
      BatchSegmentJob   = ["batch-segment-job", "filter", "solution"]
      Campaign          = ["campaign", "solution"]
      Dataset           = ["dataset", "dataset-group", "schema"]
      DatasetGroup      = ["dataset-group"]
      DatasetImportJob  = ["dataset", "dataset-import-job"]
      EventTracker      = ["dataset-group", "event-tracker"]
      Filter            = ["dataset-group", "filter"]
      MetricAttribution = ["dataset-group", "metric-attribution"]
      Recommender       = ["dataset-group", "recipe", "recommender"]
      Schema            = ["schema"]
      Solution          = ["dataset-group", "recipe", "solution"]
      SolutionVersion   = ["recipe", "solution"]
    }
    error_message = "A creation may be checked against the resource that it makes and against those that it builds on."
  }
}

run "quotas_that_aws_has_not_raised_are_left_out" {
  command = plan
  module { source = "./modules/pipeline_function" }

  variables {
    limits = { timeout_seconds = 3600, patience_seconds = 900, quotas = {} }
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables.QUOTAS == "{}"
    error_message = "Without quotas of the account's own, AWS's usual ones hold."
  }
}

run "its_settings_reach_it" {
  command = plan
  module { source = "./modules/pipeline_function" }

  assert {
    condition = aws_lambda_function.this.environment[0].variables == tomap({
      BUCKET                 = "input"
      PARAMS_FILE            = "params.json"
      STATE_MACHINE_ARN      = "arn:aws:states:eu-west-1:123456789012:stateMachine:shop-pipeline"
      TOPIC_ARN              = "arn:aws:sns:eu-west-1:123456789012:shop-pipeline"
      PERSONALIZE_ROLE_ARN   = "arn:aws:iam::123456789012:role/shop-eu-west-1-personalize"
      SCHEDULE_GROUP         = "shop-pipeline"
      SCHEDULE_ROLE_ARN      = "arn:aws:iam::123456789012:role/shop-eu-west-1-schedules"
      DEAD_LETTER_QUEUE_ARN  = "arn:aws:sqs:eu-west-1:123456789012:shop-pipeline-dead-letters"
      TIMEOUT_SECONDS        = "5400"
      PATIENCE_SECONDS       = "900"
      DATA_CHECKS            = "full"
      DATA_CHECK_CONCURRENCY = "4"
      SAMPLES                = "3"
      PRICES                 = "{\"training_per_hour\":0.3}"
      ANNOUNCE_STARTS        = "false"
      QUOTAS                 = "{\"campaigns\":20,\"dataset_groups\":500}"
      BOUNDARIES             = "{}"
      LOG_LEVEL              = "DEBUG"
    })
    error_message = "These are the variables that pipeline/settings.py reads."
  }

  assert {
    condition = [
      aws_lambda_function.this.runtime, aws_lambda_function.this.architectures[0],
      aws_lambda_function.this.memory_size, aws_lambda_function.this.timeout,
    ] == ["python3.12", "x86_64", 1024, 180]
    error_message = "The settings must reach the function."
  }

  assert {
    condition     = aws_lambda_function.this.handler == "pipeline.handler.lambda_handler"
    error_message = "The handler is lambda_src/pipeline/handler.py's."
  }
}

run "lost_events_are_kept" {
  command = plan
  module { source = "./modules/pipeline_function" }

  assert {
    condition = [
      aws_lambda_function_event_invoke_config.this.maximum_retry_attempts,
      aws_lambda_function_event_invoke_config.this.maximum_event_age_in_seconds,
      aws_lambda_function_event_invoke_config.this.destination_config[0].on_failure[0].destination,
    ] == [1, 3600, var.dead_letter_queue_arn]
    error_message = "Events that failed for good must go to the dead-letter queue."
  }

  assert {
    condition     = local.statements.HandOverLostEvents == { actions = ["sqs:SendMessage"], resources = [var.dead_letter_queue_arn] }
    error_message = "The function must be allowed to send there."
  }
}

run "its_logs_end_up_in_its_group_for_a_time" {
  command = plan
  module { source = "./modules/pipeline_function" }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/${aws_lambda_function.this.function_name}"
    error_message = "Lambda logs to the group of this name."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 90
    error_message = "Logs must not be kept for ever unasked."
  }
}

run "a_key_and_tracing_add_their_rights" {
  command = plan
  module { source = "./modules/pipeline_function" }

  variables {
    deployment = {
      name                     = "shop-pipeline"
      partition                = "aws"
      region                   = "eu-west-1"
      account_id               = "123456789012"
      role_prefix              = "shop-eu-west-1"
      log_retention_days       = 90
      tracing                  = true
      kms_key_arn              = "arn:aws:kms:eu-west-1:123456789012:key/1234"
      permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
      tags                     = {}
    }
  }

  assert {
    condition     = local.statements.UseTheKey.resources == ["arn:aws:kms:eu-west-1:123456789012:key/1234"]
    error_message = "The function must be allowed to use the key."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/1234"
    error_message = "The logs must be encrypted with the key."
  }

  assert {
    condition     = can(local.statements.SendTraces) && aws_lambda_function.this.tracing_config[0].mode == "Active"
    error_message = "Tracing needs the right to send traces."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    error_message = "The role must be bounded."
  }
}
