output "package" {
  description = "The code for a function: `filename`, or `s3_bucket`, `s3_key` and `s3_object_version`; and the `hash` by which a change is seen."
  value = {
    filename          = var.prebuilt == null ? local.zip : var.prebuilt.path
    s3_bucket         = try(var.prebuilt.s3_bucket, null)
    s3_key            = try(var.prebuilt.s3_key, null)
    s3_object_version = try(var.prebuilt.s3_object_version, null)
    hash = (
      var.prebuilt == null ? local.source_hash :
      var.prebuilt.path != null ? filebase64sha256(var.prebuilt.path) :
      null
    )
  }

  # Whoever takes the package from here waits for the build.
  depends_on = [terraform_data.build]
}
