output "bucket_name" {
  description = "The bucket to upload data and the params file into."
  value       = module.input_bucket.name
}

output "bucket_arn" {
  description = "For policies that let people or jobs upload."
  value       = module.input_bucket.arn
}

output "boundaries" {
  description = "What params files may do, as JSON: `terraform output -raw boundaries > boundaries.json`, for `personalize-pipeline plan --boundaries boundaries.json`; with `--deployment` it is known."
  value       = jsonencode(local.boundaries)
}

output "upload_data_command" {
  description = "Uploads a local folder that holds Users/, Items/ and Interactions/. To be run first."
  value       = "aws s3 sync data/ s3://${module.input_bucket.name}/"
}

output "upload_command" {
  description = "Uploads the params file, which starts a run. To be run when the data is there."
  value       = "aws s3 cp ${var.params_file} s3://${module.input_bucket.name}/${var.params_file}"
}

output "retrain_command" {
  description = "Retrains now: imports what changed, trains in any case, deploys. For a params file in a folder, change the key."
  value       = "aws stepfunctions start-execution --region ${local.region} --state-machine-arn ${module.workflow.state_machine_arn} --input '${jsonencode(local.retrain_input)}'"
}

output "watch_command" {
  description = "Lists the runs, newest first, with their status."
  value       = "aws stepfunctions list-executions --region ${local.region} --state-machine-arn ${module.workflow.state_machine_arn} --query 'executions[].[startDate,status,name]' --output table"
}

output "dataset_groups_command" {
  description = "Lists the dataset groups of the account and region. Destroying the deployment leaves them, and their campaigns and recommenders go on billing: tear them down before, with a params file like {\"teardown\": \"shop\"}."
  value       = "aws personalize list-dataset-groups --region ${local.region} --query 'datasetGroups[].[name,status]' --output table"
}

output "state_machine_arn" {
  description = "To watch runs, and for policies or alarms of your own."
  value       = module.workflow.state_machine_arn
}

output "state_machine_log_group_name" {
  description = "Where the state machine logs."
  value       = module.workflow.log_group_name
}

output "topic_arn" {
  description = "Every ending of a run is published here: subscribe a chat, a queue or another pipeline to it, with a filter policy on `outcome` or `datasetGroup` (docs/mail.md) where it shall not get all."
  value       = module.notifications.topic_arn
}

output "function_name" {
  description = "To read the function's logs or metrics."
  value       = module.pipeline_function.name
}

output "function_arn" {
  description = "For policies or alarms of your own."
  value       = module.pipeline_function.arn
}

output "function_log_group_name" {
  description = "Where the function logs."
  value       = module.pipeline_function.log_group_name
}

output "function_role_arn" {
  description = "The role that calls Personalize: name it in key policies and in audits."
  value       = module.pipeline_function.role_arn
}

output "state_machine_role_arn" {
  description = "The role that runs the workflow: name it in key policies and in audits."
  value       = module.workflow.role_arn
}

output "schedule_group_name" {
  description = "Holds all schedules of the deployment, also those that params files ask for: `aws scheduler list-schedules --group-name ...` shows them."
  value       = module.schedules.group
}

output "schedule_role_arn" {
  description = "The role with which EventBridge Scheduler starts runs: name it in audits."
  value       = module.schedules.role_arn
}

output "personalize_role_arn" {
  description = "The role with which Personalize reads the bucket and writes results: name it in key policies and in audits."
  value       = module.personalize_role.arn
}

output "dead_letter_queue_url" {
  description = "Holds uploads and endings that the function couldn't handle, and runs that schedules couldn't start: read them here after the alarm's mail."
  value       = module.dead_letters.queue_url
}

output "dead_letter_queue_arn" {
  description = "For policies that let people read the dead letters."
  value       = module.dead_letters.queue_arn
}

output "dead_letter_alarm_arn" {
  description = "The alarm that mails when there are dead letters, and is on as long as there are, for a composite alarm or a dashboard."
  value       = module.dead_letters.alarm_arn
}

output "more_dead_letters_alarm_arn" {
  description = "The alarm that mails for each dead letter that comes to others, and goes off again within minutes."
  value       = module.dead_letters.more_alarm_arn
}
