# Runs by the clock: the schedules of the variable, their group, and the role that starts the runs.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  name = "shop"

  deployment = {
    name        = "shop-pipeline"
    account_id  = "123456789012"
    role_prefix = "shop-eu-west-1"
    tags        = { team = "ml" }
  }
  state_machine_arn     = "arn:aws:states:eu-west-1:123456789012:stateMachine:shop-pipeline"
  dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:shop-pipeline-dead-letters"
}

# As lambda_src/pipeline/engine/schedules.py starts the runs of each purpose, from the same file.
run "a_run_is_told_its_params_file_and_its_purpose" {
  command = plan

  variables {
    schedules = {
      everything = { purpose = "run", expression = "rate(1 day)" }
      data       = { purpose = "import", expression = "rate(6 hours)", params_key = "books/params.json" }
      weekly     = { purpose = "retrain", expression = "cron(0 3 ? * SUN *)", timezone = "Europe/Berlin" }
      once       = { purpose = "batch", expression = "at(2030-01-31T03:00:00)" }
      evening    = { purpose = "stop", expression = "cron(0 20 ? * MON-FRI *)" }
      morning    = { purpose = "start", expression = "cron(0 6 ? * MON-FRI *)" }
    }
  }

  assert {
    condition = jsonencode(local.scheduled_inputs) == jsonencode({
      everything = { upload = { bucket = "shop-123456789012-eu-west-1", key = "params.json" }, overrides = { serving = "keep" } }
      data = {
        upload    = { bucket = "shop-123456789012-eu-west-1", key = "books/params.json" }
        overrides = { train = "never", batch = "never", serving = "keep" }
      }
      weekly = {
        upload    = { bucket = "shop-123456789012-eu-west-1", key = "params.json" }
        overrides = { train = "always", serving = "keep" }
      }
      once = {
        upload    = { bucket = "shop-123456789012-eu-west-1", key = "params.json" }
        overrides = { import = "never", train = "never", batch = "always", serving = "keep" }
      }
      evening = {
        upload    = { bucket = "shop-123456789012-eu-west-1", key = "params.json" }
        overrides = { serving = "off" }
      }
      morning = {
        upload    = { bucket = "shop-123456789012-eu-west-1", key = "params.json" }
        overrides = { import = "never", train = "never", batch = "never", serving = "on" }
      }
    })
    error_message = "A scheduled run starts with the params file and with what its purpose sets otherwise."
  }
}

run "a_schedule_starts_the_machine" {
  command = plan
  module { source = "./modules/schedules" }

  variables {
    schedules = {
      weekly = { purpose = "retrain", expression = "cron(0 3 ? * SUN *)", timezone = "Europe/Berlin", input = "{}" }
    }
  }

  assert {
    condition = [
      aws_scheduler_schedule.this["weekly"].name,
      aws_scheduler_schedule.this["weekly"].group_name,
      aws_scheduler_schedule.this["weekly"].schedule_expression,
      aws_scheduler_schedule.this["weekly"].schedule_expression_timezone,
      aws_scheduler_schedule.this["weekly"].flexible_time_window[0].mode,
    ] == ["weekly", "shop-pipeline", "cron(0 3 ? * SUN *)", "Europe/Berlin", "OFF"]
    error_message = "The schedule is in the deployment's group and strikes when it was asked to."
  }

  assert {
    condition = [
      aws_scheduler_schedule.this["weekly"].target[0].arn,
      aws_scheduler_schedule.this["weekly"].target[0].role_arn,
      aws_scheduler_schedule.this["weekly"].target[0].input,
    ] == [var.state_machine_arn, aws_iam_role.this.arn, "{}"]
    error_message = "The schedule starts the deployment's machine with the deployment's role."
  }

  assert {
    condition     = aws_scheduler_schedule.this["weekly"].target[0].dead_letter_config[0].arn == var.dead_letter_queue_arn
    error_message = "A run that can't be started must become a dead letter."
  }
}

run "the_role_starts_runs_hands_over_lost_starts_and_does_nothing_else" {
  command = plan
  module { source = "./modules/schedules" }

  variables {
    schedules = {}
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      [statement.Effect, statement.Action, statement.Resource]
      ] == [
      ["Allow", ["sqs:SendMessage"], [var.dead_letter_queue_arn]],
      ["Allow", ["states:StartExecution"], [var.state_machine_arn]],
    ]
    error_message = "The role may start runs of this machine and send to this queue, and do nothing else."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role.this.assume_role_policy).Statement :
      [statement.Principal, statement.Action, statement.Condition]
      ] == [[
        { Service = "scheduler.amazonaws.com" },
        "sts:AssumeRole",
        { StringEquals = { "aws:SourceAccount" = "123456789012", "aws:SourceArn" = aws_scheduler_schedule_group.this.arn } },
    ]]
    error_message = "The role must be closed to schedules outside the deployment's group."
  }

  assert {
    condition     = aws_iam_role.this.name == "shop-eu-west-1-schedules" && aws_iam_role.this.tags.team == "ml"
    error_message = "The role is named and tagged like the deployment's others."
  }
}

run "a_key_given_may_be_used_for_dead_letters" {
  command = plan
  module { source = "./modules/schedules" }

  variables {
    deployment = {
      name        = "shop-pipeline"
      account_id  = "123456789012"
      role_prefix = "shop-eu-west-1"
      kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1234"
      tags        = {}
    }
    schedules = {}
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      statement.Resource if contains(statement.Action, "kms:GenerateDataKey")
    ] == [["arn:aws:kms:eu-west-1:123456789012:key/1234"]]
    error_message = "Sending to an encrypted queue needs its key."
  }
}
