output "notification_id" {
  description = "Known once uploads start runs: depend on it before uploading."
  value       = aws_s3_bucket_notification.this.id
}
