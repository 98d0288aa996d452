output "group" {
  description = "Holds the deployment's schedules."
  value       = aws_scheduler_schedule_group.this.name
}

output "role_arn" {
  description = "The role that EventBridge Scheduler has."
  value       = aws_iam_role.this.arn
}
