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
  package               = { filename = "pipeline.zip", hash = "abc" }
  bucket                = { name = "input", arn = "arn:aws:s3:::input" }
  params_file           = "params.json"
  state_machine_arn     = "arn:aws:states:eu-west-1:123456789012:stateMachine:shop-pipeline"
  topic_arn             = "arn:aws:sns:eu-west-1:123456789012:shop-pipeline"
  personalize_role_arn  = "arn:aws:iam::123456789012:role/shop-eu-west-1-personalize"
  dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:shop-pipeline-dead-letters"
  schedules = {
    group    = "shop-pipeline"
    role_arn = "arn:aws:iam::123456789012:role/shop-eu-west-1-schedules"
    purposes = ["retrain", "run"]
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
        "arn:aws:scheduler:eu-west-1:123456789012:schedule/shop-pipeline/*.retrain",
        "arn:aws:scheduler:eu-west-1:123456789012:schedule/shop-pipeline/*.run",
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
      purposes = ["batch", "import", "retrain", "run"]
    }
  }

  # IAM counts all inline policies of a role, without white space.
  assert {
    condition     = length(aws_iam_role_policy.run_the_pipeline.policy) <= 10240
    error_message = "A role's inline policies may have 10,240 characters in all."
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
    condition = { for sid, statement in local.statements :
      sid => [for resource in statement.resources : replace(resource, "/^.*:([a-z-]+)/[*]$/", "$1")]
      if anytrue([for action in statement.actions : startswith(action, "personalize:Create")])
      } == {
      ManageSchemas                   = ["schema"]
      ManageDatasetGroups             = ["dataset-group"]
      ManageDatasets                  = ["dataset", "dataset-group", "schema"]
      ImportData                      = ["dataset-import-job", "dataset"]
      ManageEventTrackers             = ["event-tracker", "dataset-group"]
      ManageFilters                   = ["filter", "dataset-group"]
      ManageMetricAttributions        = ["metric-attribution", "dataset-group"]
      ManageSolutionsAndTheirVersions = ["solution", "dataset-group", "recipe"]
      ManageCampaigns                 = ["campaign", "solution"]
      InferInBatches                  = ["batch-inference-job", "solution", "filter"]
      SegmentInBatches                = ["batch-segment-job", "solution", "filter"]
      ManageRecommenders              = ["recommender", "dataset-group", "recipe"]
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
      BUCKET                  = "input"
      PARAMS_FILE             = "params.json"
      STATE_MACHINE_ARN       = "arn:aws:states:eu-west-1:123456789012:stateMachine:shop-pipeline"
      TOPIC_ARN               = "arn:aws:sns:eu-west-1:123456789012:shop-pipeline"
      PERSONALIZE_ROLE_ARN    = "arn:aws:iam::123456789012:role/shop-eu-west-1-personalize"
      SCHEDULE_GROUP          = "shop-pipeline"
      SCHEDULE_ROLE_ARN       = "arn:aws:iam::123456789012:role/shop-eu-west-1-schedules"
      DEAD_LETTER_QUEUE_ARN   = "arn:aws:sqs:eu-west-1:123456789012:shop-pipeline-dead-letters"
      TIMEOUT_SECONDS         = "5400"
      PATIENCE_SECONDS        = "900"
      QUOTAS                  = "{\"campaigns\":20,\"dataset_groups\":500}"
      POWERTOOLS_SERVICE_NAME = "personalize-pipeline"
      POWERTOOLS_LOG_LEVEL    = "DEBUG"
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
