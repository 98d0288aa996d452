# Calls the function when a params file is uploaded.

resource "aws_lambda_permission" "this" {
  statement_id   = "LetTheInputBucketCall"
  action         = "lambda:InvokeFunction"
  function_name  = var.function_arn
  principal      = "s3.amazonaws.com"
  source_arn     = var.bucket.arn
  source_account = var.deployment.account_id
}

resource "aws_s3_bucket_notification" "this" {
  bucket = var.bucket.name

  # S3 can only filter by the end of the key, so `xparams.json` calls too: the function looks at the whole file name.
  lambda_function {
    id                  = "params-uploaded"
    lambda_function_arn = var.function_arn
    events              = ["s3:ObjectCreated:*"]
    filter_suffix       = var.params_file
  }

  # S3 checks that it may call the function when the notification is set.
  depends_on = [aws_lambda_permission.this]
}
