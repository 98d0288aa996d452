output "topic_arn" {
  description = "To publish to, and to subscribe to."
  value       = aws_sns_topic.this.arn
}
