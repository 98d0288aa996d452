output "arn" {
  description = "To pass to Personalize with imports, batch jobs and metric attributions."
  value       = aws_iam_role.this.arn
}
