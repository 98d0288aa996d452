output "name" {
  description = "The function's name."
  value       = aws_lambda_function.this.function_name
}

# Only once lost events have somewhere to go: whatever calls the function depends on this.
output "arn" {
  description = "To call the function."
  value       = aws_lambda_function.this.arn
  depends_on  = [aws_lambda_function_event_invoke_config.this]
}

output "role_arn" {
  description = "The role that the function has."
  value       = aws_iam_role.this.arn
}

output "log_group_name" {
  description = "Where the function logs."
  value       = aws_cloudwatch_log_group.this.name
}
