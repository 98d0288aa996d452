# The bucket and who reads it: private, encrypted, TLS only, and open to Personalize on behalf of this account.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  deployment = {
    partition   = "aws"
    region      = "eu-west-1"
    account_id  = "123456789012"
    role_prefix = "shop-eu-west-1"
    tags        = { team = "ml" }
  }
  bucket                  = "input"
  bucket_arn              = "arn:aws:s3:::input"
  writer_role_arn         = "arn:aws:iam::123456789012:role/shop-eu-west-1-function"
  force_destroy           = false
  noncurrent_version_days = 30
}

run "nobody_outside_gets_in" {
  command = plan
  module { source = "./modules/input_bucket" }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "The bucket must be closed to the public in all four ways."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "What others upload must belong to the bucket's owner."
  }

  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      [statement.Effect, statement.Principal, statement.Action, statement.Condition]
      if statement.Sid == "RefuseUnencryptedConnections"
    ] == [["Deny", "*", ["s3:*"], { Bool = { "aws:SecureTransport" = "false" } }]]
    error_message = "Connections without TLS must be refused, for everybody and everything."
  }
}

run "only_the_function_writes_runs_and_turns" {
  command = plan
  module { source = "./modules/input_bucket" }

  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      [statement.Effect, statement.Principal, statement.Action, statement.Resource, statement.Condition]
      if statement.Sid == "LetOnlyTheFunctionWriteRunsAndTurns"
      ] == [[
        "Deny", "*", ["s3:PutObject", "s3:ReplicateObject"], ["arn:aws:s3:::input/runs/*", "arn:aws:s3:::input/locks/*"],
        { ArnNotEquals = { "aws:PrincipalArn" = "arn:aws:iam::123456789012:role/shop-eu-west-1-function" } },
    ]]
    error_message = "Nobody else, whatever their rights, may write what runs believe."
  }

  # So that a deployment with `force_destroy` can be destroyed.
  assert {
    condition = !anytrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      anytrue([for action in statement.Action : strcontains(action, "Delete")])
    ])
    error_message = "Deleting is left to the rights of those who want to."
  }
}

run "personalize_reads_and_writes_for_this_account_only" {
  command = plan
  module { source = "./modules/input_bucket" }

  assert {
    condition = { for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      join(",", statement.Action) => statement.Resource if statement.Effect == "Allow"
      } == {
      "s3:ListBucket" = ["arn:aws:s3:::input"]
      "s3:GetObject"  = ["arn:aws:s3:::input/*"]
      "s3:PutObject"  = ["arn:aws:s3:::input/*batch/*/output/*", "arn:aws:s3:::input/*metrics/*/output/*"]
    }
    error_message = "Personalize must be let in to list, to read and to write results, and to do nothing else."
  }

  assert {
    condition = alltrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Principal == { Service = "personalize.amazonaws.com" } && statement.Condition == {
        StringEqualsIfExists           = { "aws:SourceAccount" = "123456789012" }
        ArnLikeIfExists                = { "aws:SourceArn" = "arn:aws:personalize:eu-west-1:123456789012:*" }
      } if statement.Effect == "Allow"
    ])
    error_message = "Only Personalize is let in, and where it says on whose behalf, only on behalf of this account."
  }
}

run "the_role_of_personalize_has_the_same_rights" {
  command = plan
  module { source = "./modules/personalize_role" }

  assert {
    condition = { for statement in concat(
      jsondecode(aws_iam_role_policy.this.policy).Statement, jsondecode(aws_iam_role_policy.write_results.policy).Statement,
      ) :
      join(",", statement.Action) => statement.Resource
      } == {
      "s3:ListBucket" = ["arn:aws:s3:::input"]
      "s3:GetObject"  = ["arn:aws:s3:::input/*"]
      "s3:PutObject"  = ["arn:aws:s3:::input/*batch/*/output/*", "arn:aws:s3:::input/*metrics/*/output/*"]
      # For metric attributions; it has no resource level.
      "cloudwatch:PutMetricData" = ["*"]
    }
    error_message = "Personalize asks the role as well as the bucket: both must say the same."
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
      ArnLike      = { "aws:SourceArn" = "arn:aws:personalize:eu-west-1:123456789012:*" }
    }
    error_message = "The role must be closed to Personalize of other accounts."
  }
}

run "old_versions_and_abandoned_uploads_are_forgotten" {
  command = plan
  module { source = "./modules/input_bucket" }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "A run reads the version that started it."
  }

  assert {
    condition = { for rule in aws_s3_bucket_lifecycle_configuration.this[0].rule : rule.id => jsonencode([
      rule.status,
      one(rule.noncurrent_version_expiration[*].noncurrent_days),
      one(rule.abort_incomplete_multipart_upload[*].days_after_initiation),
      ]) } == {
      forget-old-versions    = jsonencode(["Enabled", 30, null])
      forget-data-checks     = jsonencode(["Enabled", null, null])
      drop-abandoned-uploads = jsonencode(["Enabled", null, 7])
    }
    error_message = "Old versions and parts of abandoned uploads must not be stored for ever."
  }

  assert {
    condition = one([
      for rule in aws_s3_bucket_lifecycle_configuration.this[0].rule : [one(rule.filter[*].prefix), one(rule.expiration[*].days)]
      if rule.id == "forget-data-checks"
    ]) == ["runs/data-checks/", 400]
    error_message = "What data checks found expires, and nothing else does."
  }
}

run "without_a_number_of_days_there_are_no_lifecycle_rules" {
  command = plan
  module { source = "./modules/input_bucket" }

  variables {
    noncurrent_version_days = null
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this) == 0
    error_message = "With null, the bucket's lifecycle is left to others."
  }
}

run "s3_encrypts_with_its_own_key" {
  command = plan
  module { source = "./modules/input_bucket" }

  assert {
    condition = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule :
      rule.apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    ])
    error_message = "Without a key of the caller's, S3's own encrypts."
  }
}

run "a_key_given_encrypts_the_bucket" {
  command = plan
  module { source = "./modules/input_bucket" }

  variables {
    deployment = {
      partition   = "aws"
      region      = "eu-west-1"
      account_id  = "123456789012"
      kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1234"
      tags        = {}
    }
  }

  assert {
    condition = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule :
      rule.bucket_key_enabled &&
      rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" &&
      rule.apply_server_side_encryption_by_default[0].kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/1234"
    ])
    error_message = "The key must encrypt the bucket, with a bucket key."
  }
}

run "personalize_may_use_a_key_given" {
  command = plan
  module { source = "./modules/personalize_role" }

  variables {
    deployment = {
      partition                = "aws"
      region                   = "eu-west-1"
      account_id               = "123456789012"
      role_prefix              = "shop-eu-west-1"
      kms_key_arn              = "arn:aws:kms:eu-west-1:123456789012:key/1234"
      permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
      tags                     = {}
    }
  }

  assert {
    condition = local.statements.UseTheKeyOfTheBucket == {
      actions   = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants"]
      resources = ["arn:aws:kms:eu-west-1:123456789012:key/1234"]
    }
    error_message = "Personalize needs these rights on a key."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    error_message = "The role must be bounded."
  }
}
