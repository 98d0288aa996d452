output "package" {
  description = "The code for a function: `filename`, or `s3_bucket`, `s3_key` and `s3_object_version`; the `hash` by which a change is seen; and the `receipt`, a parameter of Systems Manager to be written when the function has taken the code."
  value = {
    filename          = local.filename
    s3_bucket         = try(var.prebuilt.s3_bucket, null)
    s3_key            = try(var.prebuilt.s3_key, null)
    s3_object_version = try(var.prebuilt.s3_object_version, null)
    hash              = "${local.code}/${terraform_data.delivery.id}"
    receipt           = { name = "${local.receipts}/code", value = local.code }
  }

  # Whoever takes the package from here waits for the build.
  depends_on = [terraform_data.build]
}
