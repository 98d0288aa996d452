output "state_machine_arn" {
  description = "To watch runs."
  value       = aws_sfn_state_machine.this.arn
}

output "role_arn" {
  description = "The role that the state machine has."
  value       = aws_iam_role.this.arn
}

output "log_group_name" {
  description = "Where the state machine logs."
  value       = aws_cloudwatch_log_group.this.name
}
