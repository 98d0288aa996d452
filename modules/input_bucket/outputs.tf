# Taken from the policy where possible: whoever writes into the bucket finds it guarded already.

output "name" {
  description = "To upload into, and for the trigger."
  value       = aws_s3_bucket_policy.this.bucket
}

output "arn" {
  description = "For the policies of the roles that read it."
  value       = aws_s3_bucket.this.arn
}
