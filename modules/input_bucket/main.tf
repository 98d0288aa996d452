# The private bucket that data and params are uploaded into, and that Personalize reads and writes results into.

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:Access logs need a bucket of their own; who wants them adds `aws_s3_bucket_logging` for the output bucket_name.
  #checkov:skip=CKV_AWS_144:What is here is a copy to import from; a replica in another region would double its cost for nothing.
  #checkov:skip=CKV_AWS_145:Encrypted with S3's own key unless `kms_key_arn` is given: a customer key costs money and needs a key policy.
  #checkov:skip=CKV2_AWS_61:It has one, unless `noncurrent_version_days` is null because the account sets its own; checkov doesn't follow the count.
  #checkov:skip=CKV2_AWS_62:The trigger submodule sets the notification.
  bucket        = var.bucket
  force_destroy = var.force_destroy
  tags          = var.deployment.tags
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.bucket

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.bucket

  rule {
    # One call to KMS an hour instead of one an object; without a key of KMS it means nothing.
    bucket_key_enabled = var.deployment.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.deployment.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.deployment.kms_key_arn
    }
  }
}

# A run reads the very version of the params file that started it, whatever is uploaded meanwhile.
resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  count = var.noncurrent_version_days == null ? 0 : 1

  # Rules on noncurrent versions need versioning.
  bucket = aws_s3_bucket_versioning.this.bucket

  rule {
    id     = "forget-old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_version_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  # What data checks found, by what they read: PREFIX in lambda_src/pipeline/data/spread.py. It is found anew.
  rule {
    id     = "forget-data-checks"
    status = "Enabled"

    filter {
      prefix = "runs/data-checks/"
    }

    expiration {
      days = 400
    }
  }

  rule {
    id     = "drop-abandoned-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

locals {
  statements = {
    # Personalize asks both sides: the role it is passed (submodule personalize_role) and this policy.
    LetPersonalizeListTheBucket = {
      effect    = "Allow"
      principal = { Service = "personalize.amazonaws.com" }
      actions   = ["s3:ListBucket"]
      resources = [aws_s3_bucket.this.arn]
      condition = local.personalize_of_this_account
    }

    LetPersonalizeReadObjects = {
      effect    = "Allow"
      principal = { Service = "personalize.amazonaws.com" }
      actions   = ["s3:GetObject"]
      resources = ["${aws_s3_bucket.this.arn}/*"]
      condition = local.personalize_of_this_account
    }

    # RESULTS in lambda_src/pipeline/params/places.py: beside the params file, batch jobs write to batch/<job>/output/
    # and metric attributions to metrics/<attribution>/output/.
    LetPersonalizeWriteResults = {
      effect    = "Allow"
      principal = { Service = "personalize.amazonaws.com" }
      actions   = ["s3:PutObject"]
      resources = ["${aws_s3_bucket.this.arn}/*batch/*/output/*", "${aws_s3_bucket.this.arn}/*metrics/*/output/*"]
      condition = local.personalize_of_this_account
    }

    # Runs believe what lies here: whoever could write it would write what they do. Deleting is left to those who may
    # delete: the deployment must still be destroyable, with all that is in the bucket.
    LetOnlyTheFunctionWriteRunsAndTurns = {
      effect    = "Deny"
      principal = "*"
      actions   = ["s3:PutObject", "s3:ReplicateObject"]
      resources = ["${aws_s3_bucket.this.arn}/runs/*", "${aws_s3_bucket.this.arn}/locks/*"]
      # Of a session it is the role's ARN. A service has none, which a negated condition takes for another's.
      condition = { ArnNotEquals = { "aws:PrincipalArn" = var.writer_role_arn } }
    }

    RefuseUnencryptedConnections = {
      effect    = "Deny"
      principal = "*"
      actions   = ["s3:*"]
      resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
      condition = { Bool = { "aws:SecureTransport" = "false" } }
    }
  }

  # Against another account that has Personalize read this bucket for it. AWS shows these conditions for the role, whose
  # trust has them in their strict form, and none for the bucket; that Personalize sends them to S3 too is unconfirmed.
  # So they hold where they are sent, and nothing is refused where they aren't.
  personalize_of_this_account = {
    StringEqualsIfExists = { "aws:SourceAccount" = var.deployment.account_id }
    ArnLikeIfExists      = { "aws:SourceArn" = "arn:${var.deployment.partition}:personalize:${var.deployment.region}:${var.deployment.account_id}:*" }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.bucket

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for sid, statement in local.statements : {
      Sid       = sid
      Effect    = statement.effect
      Principal = statement.principal
      Action    = statement.actions
      Resource  = statement.resources
      Condition = statement.condition
    }]
  })

  # S3 refuses two changes of a bucket's access at the same moment.
  depends_on = [aws_s3_bucket_public_access_block.this, aws_s3_bucket_ownership_controls.this]
}
