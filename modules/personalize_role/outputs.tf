output "arn" {
  description = "To pass to Personalize with an import."
  value       = aws_iam_role.this.arn
}
