output "arn" {
  description = "To pass to Personalize with imports and batch jobs."
  value       = aws_iam_role.this.arn
}
