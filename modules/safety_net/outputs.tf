output "rule_arn" {
  description = "The rule that watches the endings."
  value       = aws_cloudwatch_event_rule.this.arn
}
