# What calls the function, what it mails through, and what is done with events that nobody could handle.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  deployment = {
    name       = "shop-pipeline"
    partition  = "aws"
    region     = "eu-west-1"
    account_id = "123456789012"
    tags       = { team = "ml" }
  }
  bucket                = { name = "input", arn = "arn:aws:s3:::input" }
  params_file           = "start.json"
  emails                = ["one@example.com", "three+shop@mail.example.co.uk"]
  function_arn          = "arn:aws:lambda:eu-west-1:123456789012:function:shop-pipeline"
  state_machine_arn     = "arn:aws:states:eu-west-1:123456789012:stateMachine:shop-pipeline"
  topic_arn             = "arn:aws:sns:eu-west-1:123456789012:shop-pipeline"
  dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:shop-pipeline-dead-letters"
}

run "the_upload_of_a_params_file_calls_the_function" {
  command = plan
  module { source = "./modules/trigger" }

  assert {
    condition = jsonencode([for target in aws_s3_bucket_notification.this.lambda_function :
      [target.lambda_function_arn, target.filter_suffix, target.filter_prefix, target.events]
    ]) == jsonencode([[var.function_arn, "start.json", null, ["s3:ObjectCreated:*"]]])
    error_message = "Every created object of that name calls the function, in whichever folder."
  }

  assert {
    condition = [
      aws_lambda_permission.this.principal, aws_lambda_permission.this.source_arn, aws_lambda_permission.this.source_account,
    ] == ["s3.amazonaws.com", "arn:aws:s3:::input", "123456789012"]
    error_message = "Only this bucket, and only while it is this account's, may call."
  }
}

run "bad_endings_call_the_function" {
  command = plan
  module { source = "./modules/safety_net" }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this.event_pattern) == {
      source      = ["aws.states"]
      detail-type = ["Step Functions Execution Status Change"]
      detail = {
        stateMachineArn = ["arn:aws:states:eu-west-1:123456789012:stateMachine:shop-pipeline"]
        status          = ["FAILED", "TIMED_OUT", "ABORTED"]
      }
    }
    error_message = "The rule must match the bad endings of this machine and nothing else."
  }

  assert {
    condition = jsonencode([
      aws_cloudwatch_event_target.this.arn,
      aws_cloudwatch_event_target.this.dead_letter_config[0].arn,
      aws_cloudwatch_event_target.this.input, aws_cloudwatch_event_target.this.input_path,
    ]) == jsonencode([var.function_arn, var.dead_letter_queue_arn, null, null])
    error_message = "The function gets the event untouched; an event that can't be delivered is kept."
  }

  assert {
    condition     = aws_lambda_permission.this.source_arn == aws_cloudwatch_event_rule.this.arn
    error_message = "Only this rule may call."
  }
}

run "every_address_is_subscribed" {
  command = plan
  module { source = "./modules/notifications" }

  assert {
    condition     = toset([for subscription in aws_sns_topic_subscription.email : subscription.endpoint]) == toset(var.emails)
    error_message = "Each address gets a subscription."
  }
}

run "nobody_is_subscribed_unasked" {
  command = plan
  module { source = "./modules/notifications" }

  variables {
    emails = []
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0
    error_message = "No address, no subscription."
  }
}

run "only_alarms_of_this_deployment_publish_without_a_role" {
  command = plan
  module { source = "./modules/notifications" }

  assert {
    condition = [for statement in jsondecode(aws_sns_topic_policy.this.policy).Statement :
      [statement.Principal, statement.Action, statement.Condition] if statement.Effect == "Allow"
      ] == [[
        { Service = "cloudwatch.amazonaws.com" },
        ["sns:Publish"],
        {
          StringEquals = { "aws:SourceAccount" = "123456789012" }
          ArnLike      = { "aws:SourceArn" = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-pipeline-*" }
        },
    ]]
    error_message = "The topic's policy lets in alarms of this deployment and nobody else."
  }

  assert {
    condition = [for statement in jsondecode(aws_sns_topic_policy.this.policy).Statement :
      [statement.Principal, statement.Condition] if statement.Effect == "Deny"
    ] == [["*", { Bool = { "aws:SecureTransport" = "false" } }]]
    error_message = "Connections without TLS must be refused."
  }
}

run "dead_letters_are_kept_and_told_of" {
  command = plan
  module { source = "./modules/dead_letters" }

  assert {
    condition     = aws_sqs_queue.this.sqs_managed_sse_enabled && aws_sqs_queue.this.message_retention_seconds == 1209600
    error_message = "Dead letters are kept, encrypted, as long as SQS keeps anything."
  }

  assert {
    condition = [
      aws_cloudwatch_metric_alarm.this.metric_name, aws_cloudwatch_metric_alarm.this.dimensions.QueueName,
      aws_cloudwatch_metric_alarm.this.comparison_operator, aws_cloudwatch_metric_alarm.this.threshold,
      aws_cloudwatch_metric_alarm.this.treat_missing_data, tolist(aws_cloudwatch_metric_alarm.this.alarm_actions),
    ] == ["ApproximateNumberOfMessagesVisible", "shop-pipeline-dead-letters", "GreaterThanThreshold", 0, "notBreaching", tolist([var.topic_arn])]
    error_message = "One message in the queue must be mailed."
  }

  assert {
    condition = flatten([for query in aws_cloudwatch_metric_alarm.more.metric_query :
      [for metric in query.metric : [metric.metric_name, metric.dimensions.QueueName]]
    ]) == ["ApproximateNumberOfMessagesVisible", "shop-pipeline-dead-letters"]
    error_message = "Both alarms look at the same queue."
  }

  # The topic lets in alarms that are called after the deployment.
  assert {
    condition = alltrue([for alarm in [aws_cloudwatch_metric_alarm.this, aws_cloudwatch_metric_alarm.more] :
      startswith(alarm.alarm_name, "${var.deployment.name}-") && length(alarm.alarm_description) <= 1024
      && tolist(alarm.alarm_actions) == tolist([var.topic_arn]) && alarm.ok_actions == null
    ])
    error_message = "The alarms' names must fit the topic's policy, their descriptions the API; that all is well again mails nothing."
  }

  assert {
    condition = [for statement in jsondecode(aws_sqs_queue.this.policy).Statement :
      [statement.Principal, statement.Action, statement.Resource, statement.Condition] if statement.Effect == "Allow"
      ] == [[
        { Service = "events.amazonaws.com" },
        ["sqs:SendMessage"],
        ["arn:aws:sqs:eu-west-1:123456789012:shop-pipeline-dead-letters"],
        { ArnLike = { "aws:SourceArn" = "arn:aws:events:eu-west-1:123456789012:rule/shop-pipeline-*" } },
    ]]
    error_message = "Rules of this deployment may send, and nobody else without a role: the roles of the function and of the schedules may."
  }
}

run "a_key_given_encrypts_the_dead_letters" {
  command = plan
  module { source = "./modules/dead_letters" }

  variables {
    deployment = {
      name        = "shop-pipeline"
      partition   = "aws"
      region      = "eu-west-1"
      account_id  = "123456789012"
      kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1234"
      tags        = {}
    }
  }

  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/1234"
    error_message = "The key must encrypt the queue."
  }
}

run "a_key_given_encrypts_the_topic" {
  command = plan
  module { source = "./modules/notifications" }

  variables {
    deployment = {
      name        = "shop-pipeline"
      partition   = "aws"
      region      = "eu-west-1"
      account_id  = "123456789012"
      kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1234"
      tags        = {}
    }
  }

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/1234"
    error_message = "The key must encrypt the topic."
  }
}
