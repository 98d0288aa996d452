# Every value that can't work is refused while planning.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  name = "shop"
}

run "name__with_capitals" {
  command = plan

  variables {
    name = "Shop"
  }

  expect_failures = [var.name]
}

run "name__of_one_letter" {
  command = plan

  variables {
    name = "s"
  }

  expect_failures = [var.name]
}

run "name__of_32_letters" {
  command = plan

  variables {
    name = "abcdefghijklmnopqrstuvwxyzabcdef"
  }

  expect_failures = [var.name]
}

run "name__starting_with_a_digit" {
  command = plan

  variables {
    name = "1shop"
  }

  expect_failures = [var.name]
}

run "name__ending_in_a_hyphen" {
  command = plan

  variables {
    name = "shop-"
  }

  expect_failures = [var.name]
}

run "emails__without_an_at" {
  command = plan

  variables {
    emails = ["team.example.com"]
  }

  expect_failures = [var.emails]
}

run "emails__twice_the_same" {
  command = plan

  variables {
    emails = ["team@example.com", "team@example.com"]
  }

  expect_failures = [var.emails]
}

run "params_file__in_a_folder" {
  command = plan

  variables {
    params_file = "config/params.json"
  }

  expect_failures = [var.params_file]
}

run "params_file__with_a_space" {
  command = plan

  variables {
    params_file = "my params.json"
  }

  expect_failures = [var.params_file]
}

run "params_file__like_a_result" {
  command = plan

  variables {
    params_file = "users.json.out"
  }

  expect_failures = [var.params_file]
}

run "params_file__empty" {
  command = plan

  variables {
    params_file = ""
  }

  expect_failures = [var.params_file]
}

run "bucket_name__with_capitals" {
  command = plan

  variables {
    bucket_name = "Input"
  }

  expect_failures = [var.bucket_name]
}

run "noncurrent_version_days__shorter_than_a_wait_and_a_run" {
  command = plan

  variables {
    timeout_hours           = 168
    noncurrent_version_days = 14
  }

  expect_failures = [var.noncurrent_version_days]
}

run "noncurrent_version_days__in_halves" {
  command = plan

  variables {
    noncurrent_version_days = 30.5
  }

  expect_failures = [var.noncurrent_version_days]
}

run "lambda_runtime__unsupported" {
  command = plan

  variables {
    lambda = { runtime = "python3.10" }
  }

  expect_failures = [var.lambda]
}

run "lambda_architecture__unknown" {
  command = plan

  variables {
    lambda = { architecture = "aarch64" }
  }

  expect_failures = [var.lambda]
}

run "lambda_memory_mb__too_little" {
  command = plan

  variables {
    lambda = { memory_mb = 128 }
  }

  expect_failures = [var.lambda]
}

run "lambda_timeout_seconds__too_short" {
  command = plan

  variables {
    lambda = { timeout_seconds = 119 }
  }

  expect_failures = [var.lambda]
}

run "lambda_timeout_seconds__too_long" {
  command = plan

  variables {
    lambda = { timeout_seconds = 901 }
  }

  expect_failures = [var.lambda]
}

run "lambda_reserved_concurrency__none_at_all" {
  command = plan

  variables {
    lambda = { reserved_concurrency = 0 }
  }

  expect_failures = [var.lambda]
}

run "lambda_log_level__unknown" {
  command = plan

  variables {
    lambda = { log_level = "info" }
  }

  expect_failures = [var.lambda]
}

run "lambda_retry_attempts__too_many" {
  command = plan

  variables {
    lambda = { retry_attempts = 3 }
  }

  expect_failures = [var.lambda]
}

run "lambda_max_event_age_seconds__too_long" {
  command = plan

  variables {
    lambda = { max_event_age_seconds = 21601 }
  }

  expect_failures = [var.lambda]
}

run "lambda_package__empty" {
  command = plan

  variables {
    lambda_package = {}
  }

  expect_failures = [var.lambda_package]
}

run "lambda_package__a_bucket_without_a_key" {
  command = plan

  variables {
    lambda_package = { s3_bucket = "packages" }
  }

  expect_failures = [var.lambda_package]
}

run "lambda_package__both_routes" {
  command = plan

  variables {
    lambda_package = { path = "main.tf", s3_bucket = "packages", s3_key = "pipeline.zip" }
  }

  expect_failures = [var.lambda_package]
}

run "lambda_package__no_such_file" {
  command = plan

  variables {
    lambda_package = { path = "no-such.zip" }
  }

  expect_failures = [var.lambda_package]
}

run "timeout_hours__none" {
  command = plan

  variables {
    timeout_hours = 0
  }

  expect_failures = [var.timeout_hours]
}

run "timeout_hours__over_a_week" {
  command = plan

  variables {
    timeout_hours           = 169
    noncurrent_version_days = null
  }

  expect_failures = [var.timeout_hours]
}

run "patience_hours__too_few" {
  command = plan

  variables {
    patience_hours = 0.1
  }

  expect_failures = [var.patience_hours]
}

run "patience_hours__over_a_week" {
  command = plan

  variables {
    patience_hours = 169
  }

  expect_failures = [var.patience_hours]
}

run "samples__more_than_a_page_takes" {
  command = plan

  variables {
    samples = 6
  }

  expect_failures = [var.samples]
}

run "samples__half_a_user" {
  command = plan

  variables {
    samples = 0.5
  }

  expect_failures = [var.samples]
}

run "data_checks__unknown_mode" {
  command = plan

  variables {
    data_checks = { mode = "half" }
  }

  expect_failures = [var.data_checks]
}

run "data_checks__no_calls_at_all" {
  command = plan

  variables {
    data_checks = { concurrency = 0 }
  }

  expect_failures = [var.data_checks]
}

run "data_checks__more_calls_than_a_map_makes" {
  command = plan

  variables {
    data_checks = { concurrency = 41 }
  }

  expect_failures = [var.data_checks]
}

run "quotas__none_at_all" {
  command = plan

  variables {
    quotas = { campaigns = 0 }
  }

  expect_failures = [var.quotas]
}

run "quotas__in_halves" {
  command = plan

  variables {
    quotas = { filters = 1.5 }
  }

  expect_failures = [var.quotas]
}

run "workflow_log_level__unknown" {
  command = plan

  variables {
    workflow_log_level = "DEBUG"
  }

  expect_failures = [var.workflow_log_level]
}

run "log_retention_days__no_such_period" {
  command = plan

  variables {
    log_retention_days = 10
  }

  expect_failures = [var.log_retention_days]
}

run "kms_key_arn__an_alias" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:alias/shop"
  }

  expect_failures = [var.kms_key_arn]
}

run "permissions_boundary_arn__a_role" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::123456789012:role/boundary"
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "schedules__name_with_a_dot" {
  command = plan

  variables {
    schedules = { "shop.run" = { purpose = "run", expression = "rate(1 day)" } }
  }

  expect_failures = [var.schedules]
}

run "schedules__name_of_65_letters" {
  command = plan

  variables {
    schedules = { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" = { purpose = "run", expression = "rate(1 day)" } }
  }

  expect_failures = [var.schedules]
}

run "schedules__unknown_purpose" {
  command = plan

  variables {
    schedules = { s = { purpose = "train", expression = "rate(1 day)" } }
  }

  expect_failures = [var.schedules]
}

run "schedules__every_week" {
  command = plan

  variables {
    schedules = { s = { purpose = "run", expression = "rate(1 week)" } }
  }

  expect_failures = [var.schedules]
}

run "schedules__every_0_hours" {
  command = plan

  variables {
    schedules = { s = { purpose = "run", expression = "rate(0 hours)" } }
  }

  expect_failures = [var.schedules]
}

run "schedules__cron_of_five_fields" {
  command = plan

  variables {
    schedules = { s = { purpose = "run", expression = "cron(0 3 * * *)" } }
  }

  expect_failures = [var.schedules]
}

run "schedules__bare_cron" {
  command = plan

  variables {
    schedules = { s = { purpose = "run", expression = "0 3 ? * SUN *" } }
  }

  expect_failures = [var.schedules]
}

run "schedules__at_a_day" {
  command = plan

  variables {
    schedules = { s = { purpose = "run", expression = "at(2030-01-31)" } }
  }

  expect_failures = [var.schedules]
}

run "schedules__timezone_with_a_space" {
  command = plan

  variables {
    schedules = { s = { purpose = "run", expression = "rate(1 day)", timezone = "Europe / Berlin" } }
  }

  expect_failures = [var.schedules]
}

run "schedules__key_with_the_bucket" {
  command = plan

  variables {
    schedules = { s = { purpose = "run", expression = "rate(1 day)", params_key = "/shop/params.json" } }
  }

  expect_failures = [var.schedules]
}

run "schedules__key_of_a_folder" {
  command = plan

  variables {
    schedules = { s = { purpose = "run", expression = "rate(1 day)", params_key = "shop/" } }
  }

  expect_failures = [var.schedules]
}

run "dataset_groups__none" {
  command = plan

  variables {
    dataset_groups = []
  }

  expect_failures = [var.dataset_groups]
}

# To IAM it is a wildcard, and to the function it would be none.
run "dataset_groups__with_a_question_mark" {
  command = plan

  variables {
    dataset_groups = ["team-?"]
  }

  expect_failures = [var.dataset_groups]
}

run "dataset_groups__with_a_slash" {
  command = plan

  variables {
    dataset_groups = ["a/*"]
  }

  expect_failures = [var.dataset_groups]
}

run "dataset_groups__as_many_and_as_long_as_the_policy_takes" {
  command = plan

  variables {
    dataset_groups = [for number in range(8) : "${number}-team-and-more"]
  }
}

run "dataset_groups__too_many" {
  command = plan

  variables {
    dataset_groups = [for number in range(9) : "${number}-*"]
  }

  expect_failures = [var.dataset_groups]
}

run "dataset_groups__too_long" {
  command = plan

  variables {
    dataset_groups = concat([for number in range(7) : "${number}-team-and-more"], ["7-team-and-mores"])
  }

  expect_failures = [var.dataset_groups]
}

run "folders__without_a_slash" {
  command = plan

  variables {
    folders = { team-a = ["a-*"] }
  }

  expect_failures = [var.folders]
}

run "folders__with_a_step_up" {
  command = plan

  variables {
    folders = { "team-a/../" = ["a-*"] }
  }

  expect_failures = [var.folders]
}

run "folders__of_the_pipelines_own" {
  command = plan

  variables {
    folders = { "locks/" = ["a-*"] }
  }

  expect_failures = [var.folders]
}

run "folders__without_a_pattern" {
  command = plan

  variables {
    folders = { "team-a/" = [] }
  }

  expect_failures = [var.folders]
}

run "folders__with_more_patterns_than_the_policy_takes" {
  command = plan

  variables {
    folders = { for number in range(9) : "team-${number}/" => ["${number}-*"] }
  }

  expect_failures = [var.folders]
}

run "folders__with_as_many_patterns_where_dataset_groups_cover_them" {
  command = plan

  variables {
    dataset_groups = ["team-*"]
    folders        = { for number in range(40) : "team-${number}/" => ["team-${number}-*"] }
  }
}

# tests/plan_function.tftest.hcl holds the same ones against what Lambda takes.
run "folders__as_many_as_the_functions_environment_takes" {
  command = plan

  variables {
    dataset_groups = ["*a"]
    folders        = { for number in range(100, 217) : "${number}/" => ["a"] }
  }
}

run "folders__too_many_for_the_functions_environment" {
  command = plan

  variables {
    dataset_groups = ["*a"]
    folders        = { for number in range(100, 218) : "${number}/" => ["a"] }
  }

  expect_failures = [var.folders]
}

run "folders__without_that_of_a_schedule" {
  command = plan

  variables {
    folders   = { "team-a/" = ["a-*"] }
    schedules = { nightly = { purpose = "run", expression = "rate(1 day)" } }
  }

  expect_failures = [var.folders]
}

run "prices__of_another_name" {
  command = plan

  variables {
    prices = { campaign = 0.2 }
  }

  expect_failures = [var.prices]
}

run "prices__below_nothing" {
  command = plan

  variables {
    prices = { training_per_hour = -1 }
  }

  expect_failures = [var.prices]
}

run "ceilings__of_nothing" {
  command = plan

  variables {
    ceilings = { min_provisioned_tps = 0 }
  }

  expect_failures = [var.ceilings]
}
