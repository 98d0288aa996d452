output "bucket_name" {
  description = "The bucket to upload into."
  value       = module.personalize.bucket_name
}

output "upload_data_command" {
  description = "First: uploads data/."
  value       = module.personalize.upload_data_command
}

output "upload_command" {
  description = "Then: uploads params.json, which starts the run."
  value       = module.personalize.upload_command
}

output "watch_command" {
  description = "Meanwhile: lists the runs."
  value       = module.personalize.watch_command
}

output "retrain_command" {
  description = "Later: trains anew, whatever has changed."
  value       = module.personalize.retrain_command
}

output "state_machine_arn" {
  description = "To look at a run in the console."
  value       = module.personalize.state_machine_arn
}

output "function_log_group_name" {
  description = "Where the function logs."
  value       = module.personalize.function_log_group_name
}
