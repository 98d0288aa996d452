output "bucket_name" {
  description = "The bucket to upload to."
  value       = module.pipeline.bucket_name
}

output "state_machine_arn" {
  description = "The machine whose executions are watched."
  value       = module.pipeline.state_machine_arn
}

output "topic_arn" {
  description = "The topic whose mails are read."
  value       = module.pipeline.topic_arn
}

output "dead_letter_queue_url" {
  description = "Where uploads end that the function could not handle."
  value       = module.pipeline.dead_letter_queue_url
}

output "function_name" {
  description = "The function whose log tells why."
  value       = module.pipeline.function_name
}

output "params_file" {
  description = "The file whose upload starts a run."
  value       = var.params_file
}
