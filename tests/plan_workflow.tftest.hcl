# The state machine: what it may do, and how it is set up. tests/unit checks the definition itself.

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
  function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:shop-pipeline"
  topic_arn    = "arn:aws:sns:eu-west-1:123456789012:shop-pipeline"
  log_level    = "ERROR"
  definition   = "{}"
}

run "it_may_call_the_function_and_mail" {
  command = plan
  module { source = "./modules/workflow" }

  assert {
    condition     = local.statements.CallTheFunction.resources == [var.function_arn, "${var.function_arn}:*"]
    error_message = "The machine calls this function and no other."
  }

  assert {
    condition     = local.statements.MailWhenTheFunctionCannot.resources == [var.topic_arn]
    error_message = "The machine mails through this topic and no other."
  }
}

run "it_may_do_nothing_else_but_log" {
  command = plan
  module { source = "./modules/workflow" }

  assert {
    condition     = toset(keys(local.statements)) == toset(["CallTheFunction", "MailWhenTheFunctionCannot", "DeliverLogs"])
    error_message = "All else is the function's."
  }
}

run "only_log_delivery_is_allowed_on_everything" {
  command = plan
  module { source = "./modules/workflow" }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      statement.Sid if contains(statement.Resource, "*")
    ] == ["DeliverLogs"]
    error_message = "Only actions without a resource level may be allowed on everything."
  }

  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      alltrue([for action in statement.Action : !strcontains(action, "*")])
    ])
    error_message = "No action may have a wildcard."
  }
}

run "only_machines_of_this_account_use_its_role" {
  command = plan
  module { source = "./modules/workflow" }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
      ArnLike      = { "aws:SourceArn" = "arn:aws:states:eu-west-1:123456789012:stateMachine:*" }
    }
    error_message = "The role must be closed to machines of other accounts."
  }
}

run "it_logs" {
  command = plan
  module { source = "./modules/workflow" }

  assert {
    condition = [
      aws_sfn_state_machine.this.logging_configuration[0].level,
      aws_sfn_state_machine.this.logging_configuration[0].include_execution_data,
      aws_sfn_state_machine.this.logging_configuration[0].log_destination,
    ] == ["ERROR", false, "${aws_cloudwatch_log_group.this.arn}:*"]
    error_message = "The machine must log to its group, without the data of its runs."
  }

  assert {
    condition     = startswith(aws_cloudwatch_log_group.this.name, "/aws/vendedlogs/")
    error_message = "Elsewhere, log groups of machines fill up a policy of the account."
  }

  assert {
    condition     = aws_sfn_state_machine.this.type == "STANDARD"
    error_message = "An EXPRESS machine ends after five minutes."
  }
}

run "a_key_and_tracing_add_their_rights" {
  command = plan
  module { source = "./modules/workflow" }

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
    error_message = "Publishing to an encrypted topic needs the key."
  }

  assert {
    condition     = can(local.statements.SendTraces) && aws_sfn_state_machine.this.tracing_configuration[0].enabled
    error_message = "Tracing needs the right to send traces."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    error_message = "The role must be bounded."
  }
}
