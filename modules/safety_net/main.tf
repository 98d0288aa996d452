# Tells the function of runs that ended badly, for the endings that no state of the run itself can mail: a time-out, an
# abort, an error in the definition. The function skips those that were mailed.

resource "aws_cloudwatch_event_rule" "this" {
  name        = "${var.deployment.name}-bad-endings"
  description = "Runs of ${var.deployment.name} that did not succeed"
  tags        = var.deployment.tags

  event_pattern = jsonencode({
    source      = ["aws.states"]
    detail-type = ["Step Functions Execution Status Change"]
    detail = {
      stateMachineArn = [var.state_machine_arn]
      status          = ["FAILED", "TIMED_OUT", "ABORTED"]
    }
  })
}

resource "aws_lambda_permission" "this" {
  statement_id  = "LetTheSafetyNetCall"
  action        = "lambda:InvokeFunction"
  function_name = var.function_arn
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this.arn # which holds the account; EventBridge isn't known to name it apart
}

resource "aws_cloudwatch_event_target" "this" {
  rule      = aws_cloudwatch_event_rule.this.name
  target_id = "function"
  arn       = var.function_arn

  retry_policy {
    maximum_event_age_in_seconds = 24 * 3600
    maximum_retry_attempts       = 185 # as many as fit into a day of EventBridge's backoff
  }

  dead_letter_config {
    arn = var.dead_letter_queue_arn
  }

  depends_on = [aws_lambda_permission.this]
}
