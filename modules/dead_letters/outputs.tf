output "queue_arn" {
  description = "Where to send events that can't be handled."
  value       = aws_sqs_queue.this.arn
}

output "queue_url" {
  description = "To read the dead letters."
  value       = aws_sqs_queue.this.url
}

output "alarm_arn" {
  description = "The alarm on messages in the queue."
  value       = aws_cloudwatch_metric_alarm.this.arn
}

output "more_alarm_arn" {
  description = "The alarm on messages that come to others."
  value       = aws_cloudwatch_metric_alarm.more.arn
}
