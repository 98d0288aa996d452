# Outside the partition "aws" no ARN may say "arn:aws:".

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  name = "shop"

  china = {
    name               = "shop-pipeline"
    partition          = "aws-cn"
    region             = "cn-north-1"
    account_id         = "123456789012"
    role_prefix        = "shop-cn-north-1"
    log_retention_days = 90
    tracing            = true
    tags               = {}
  }
  settings = {
    runtime               = "python3.13"
    architecture          = "arm64"
    memory_mb             = 512
    timeout_seconds       = 300
    reserved_concurrency  = -1
    log_level             = "ERROR"
    retry_attempts        = 2
    max_event_age_seconds = 21600
  }
  limits          = { timeout_seconds = 604800, patience_seconds = 21600, quotas = {} }
  data_checks     = { mode = "full", concurrency = 4 }
  samples         = 3
  prices          = {}
  announce_starts = false
  boundaries      = { json = "{}", dataset_groups = ["*"], allow_teardown = true }
  package = {
    filename = "pipeline.zip"
    hash     = "abc"
    receipt  = { name = "/personalize-pipeline/shop-pipeline/code", value = "abc" }
  }
  params_file           = "params.json"
  emails                = []
  state_machine_arn     = "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:shop-pipeline"
  function_arn          = "arn:aws-cn:lambda:cn-north-1:123456789012:function:shop-pipeline"
  topic_arn             = "arn:aws-cn:sns:cn-north-1:123456789012:shop-pipeline"
  personalize_role_arn  = "arn:aws-cn:iam::123456789012:role/shop-cn-north-1-personalize"
  dead_letter_queue_arn = "arn:aws-cn:sqs:cn-north-1:123456789012:shop-pipeline-dead-letters"
  on_failure_arn        = "arn:aws-cn:sqs:cn-north-1:123456789012:shop-pipeline-dead-letters"
  bucket_arn            = "arn:aws-cn:s3:::input"
}

run "the_machine_in_govcloud" {
  command = plan

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-us-gov" }
  }

  override_data {
    target = data.aws_service.personalize
    values = { region = "us-gov-west-1", supported = true }
  }

  assert {
    condition     = local.state_machine_arn == "arn:aws-us-gov:states:us-gov-west-1:123456789012:stateMachine:shop-pipeline"
    error_message = "Partition and region must be those of the provider."
  }

  assert {
    condition     = local.function_role_arn == "arn:aws-us-gov:iam::123456789012:role/shop-us-gov-west-1-function"
    error_message = "The role's ARN must name the partition."
  }

  assert {
    condition     = output.bucket_name == "shop-123456789012-us-gov-west-1"
    error_message = "The bucket is named after the region it is in."
  }
}

run "the_function_in_china" {
  command = plan
  module { source = "./modules/pipeline_function" }

  variables {
    deployment = var.china
    bucket     = { name = "input", arn = var.bucket_arn }
    schedules = {
      group    = "shop-pipeline"
      role_arn = "arn:aws-cn:iam::123456789012:role/shop-cn-north-1-schedules"
    }
  }

  override_resource {
    target          = aws_cloudwatch_log_group.this
    values          = { arn = "arn:aws-cn:logs:cn-north-1:123456789012:log-group:mocked" }
    override_during = plan
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.run_the_pipeline.policy, "arn:aws:")
    error_message = "The function's policy must name the partition it is in."
  }

  assert {
    condition = (
      local.statements.ManageSchemas.resources == ["arn:aws-cn:personalize:cn-north-1:123456789012:schema/*"] &&
      contains(local.statements.ManageRecommenders.resources, "arn:aws-cn:personalize:::recipe/*")
    )
    error_message = "Personalize's ARNs must name the partition; recipes have neither region nor account."
  }
}

run "the_workflow_in_china" {
  command = plan
  module { source = "./modules/workflow" }

  variables {
    deployment = var.china
    definition = "{}"
    log_level  = "ALL"
  }

  assert {
    condition     = !strcontains("${aws_iam_role_policy.this.policy} ${aws_iam_role.this.assume_role_policy}", "arn:aws:")
    error_message = "The machine's policies must name the partition it is in."
  }
}

run "the_schedules_in_china" {
  command = plan
  module { source = "./modules/schedules" }

  variables {
    deployment = var.china
    schedules  = {}
  }

  override_resource {
    target          = aws_scheduler_schedule_group.this
    values          = { arn = "arn:aws-cn:scheduler:cn-north-1:123456789012:schedule-group/shop-pipeline" }
    override_during = plan
  }

  assert {
    condition     = !strcontains("${aws_iam_role_policy.this.policy} ${aws_iam_role.this.assume_role_policy}", "arn:aws:")
    error_message = "The schedules' policies must name the partition they are in."
  }
}

run "the_bucket_in_china" {
  command = plan
  module { source = "./modules/input_bucket" }

  variables {
    deployment      = var.china
    bucket          = "input"
    writer_role_arn = "arn:aws-cn:iam::123456789012:role/shop-cn-north-1-function"
    force_destroy   = false
  }

  override_resource {
    target          = aws_s3_bucket.this
    values          = { arn = "arn:aws-cn:s3:::input" }
    override_during = plan
  }

  assert {
    condition     = !strcontains(aws_s3_bucket_policy.this.policy, "arn:aws:")
    error_message = "The bucket's policy must name the partition it is in."
  }
}

run "the_role_of_personalize_in_china" {
  command = plan
  module { source = "./modules/personalize_role" }

  variables {
    deployment = var.china
  }

  assert {
    condition = !strcontains(
      "${aws_iam_role_policy.this.policy} ${aws_iam_role_policy.write_results.policy} ${aws_iam_role.this.assume_role_policy}",
      "arn:aws:",
    )
    error_message = "The policies of Personalize's role must name the partition it is in."
  }
}

run "the_topic_in_china" {
  command = plan
  module { source = "./modules/notifications" }

  variables {
    deployment = var.china
  }

  override_resource {
    target          = aws_sns_topic.this
    values          = { arn = "arn:aws-cn:sns:cn-north-1:123456789012:shop-pipeline" }
    override_during = plan
  }

  assert {
    condition     = !strcontains(aws_sns_topic_policy.this.policy, "arn:aws:")
    error_message = "The topic's policy must name the partition it is in."
  }
}

run "the_dead_letters_in_china" {
  command = plan
  module { source = "./modules/dead_letters" }

  variables {
    deployment = var.china
  }

  assert {
    condition     = !strcontains(aws_sqs_queue.this.policy, "arn:aws:")
    error_message = "The queue's policy must name the partition it is in."
  }
}
