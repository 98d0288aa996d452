# What a caller gets who only gives a name.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  name = "shop"
}

run "a_name_is_enough" {
  command = plan

  assert {
    condition     = output.function_name == "shop-pipeline"
    error_message = "The function is called after the deployment."
  }

  assert {
    condition     = local.state_machine_arn == "arn:aws:states:eu-west-1:123456789012:stateMachine:shop-pipeline"
    error_message = "The machine's computed ARN must be the one it will have."
  }

  assert {
    condition     = local.function_role_arn == "arn:aws:iam::123456789012:role/shop-eu-west-1-function"
    error_message = "The role's computed ARN must be the one it will have: the bucket's policy names it."
  }

  assert {
    condition     = output.bucket_name == "shop-123456789012-eu-west-1"
    error_message = "Bucket names are global: the default has the account and the region in it."
  }

  assert {
    condition     = module.lambda_package.package.s3_key == null && can(regex("/pipeline-[0-9a-f]{64}\\.zip$", module.lambda_package.package.filename))
    error_message = "The package is built from the sources unless one is given."
  }
}

run "the_machines_limit_lets_a_run_wait_and_work" {
  command = plan

  variables {
    timeout_hours = 1.5
  }

  assert {
    condition     = local.timeout_seconds == 5400 && local.last_net == 14400
    error_message = "The machine may end a run only after all that the run may wait and work."
  }
}

run "nothing_runs_by_the_clock_unasked" {
  command = plan

  assert {
    condition     = output.schedule_group_name == "shop-pipeline"
    error_message = "The schedule group is called after the deployment."
  }

  assert {
    condition     = length(local.scheduled_inputs) == 0
    error_message = "Without the variable there are no schedules."
  }
}

run "a_second_deployment_has_names_of_its_own" {
  command = plan

  variables {
    name = "shop-test"
  }

  assert {
    condition = length(setintersection(
      [
        run.a_name_is_enough.function_name, run.a_name_is_enough.bucket_name,
        run.a_name_is_enough.function_log_group_name, run.a_name_is_enough.state_machine_log_group_name,
      ],
      [
        output.function_name, output.bucket_name,
        output.function_log_group_name, output.state_machine_log_group_name,
      ],
    )) == 0
    error_message = "Two deployments in one account share a name."
  }
}

run "the_longest_name_fits_everywhere" {
  command = plan

  variables {
    name = "a-name-of-just-thirty-one-chars"
  }

  override_data {
    target = data.aws_service.personalize
    values = { region = "ap-southeast-2", supported = true }
  }

  assert {
    condition     = length(output.bucket_name) <= 63
    error_message = "The bucket's name is too long."
  }

  assert {
    condition     = length("${local.deployment.role_prefix}-personalize") <= 64
    error_message = "A role's name is too long."
  }

  assert {
    condition     = length(output.schedule_group_name) <= 64
    error_message = "The schedule group's name is too long."
  }
}

run "the_commands_fit_the_deployment" {
  command = plan

  variables {
    params_file = "start.json"
    bucket_name = "recommendations-input"
  }

  assert {
    condition     = output.upload_command == "aws s3 cp start.json s3://recommendations-input/start.json"
    error_message = "The upload command must name the params file and the bucket."
  }

  assert {
    condition     = output.upload_data_command == "aws s3 sync data/ s3://recommendations-input/"
    error_message = "The data goes to the bucket's root."
  }

  assert {
    condition = output.retrain_command == join(" ", [
      "aws stepfunctions start-execution --region eu-west-1 --state-machine-arn ${output.state_machine_arn} --input",
      "'{\"overrides\":{\"serving\":\"keep\",\"train\":\"always\"},\"upload\":{\"bucket\":\"recommendations-input\",\"key\":\"start.json\"}}'",
    ])
    error_message = "The retrain command must start a run of the params file that trains in any case."
  }

  assert {
    condition     = strcontains(output.watch_command, output.state_machine_arn)
    error_message = "What is watched is this deployment's machine."
  }
}

run "a_region_without_personalize_is_told" {
  command = plan

  override_data {
    target = data.aws_service.personalize
    values = { region = "eu-west-3", supported = false }
  }

  expect_failures = [check.personalize_is_offered_here]
}
