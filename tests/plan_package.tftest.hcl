# Where the function's code comes from. A plan never builds, so these need no Python. tests/terraform builds.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  name          = "shop"
  source_dir    = "lambda_src"
  output_dir    = ".build"
  runtime       = "python3.13"
  architecture  = "arm64"
  function_name = "shop-pipeline"
}

run "the_zip_is_called_after_its_sources" {
  command = plan
  module { source = "./modules/lambda_package" }

  assert {
    condition     = output.package.filename == ".build/pipeline-${output.package.receipt.value}.zip"
    error_message = "A zip of other sources must have another name."
  }

  assert {
    condition     = length(terraform_data.build) == 1
    error_message = "The package is built unless one is given."
  }

  assert {
    condition     = contains(local.sources, "pipeline/handler.py") && contains(local.sources, "pipeline/params/params.schema.json")
    error_message = "The sources are what the function consists of, Python and JSON."
  }
}

run "another_runtime_is_another_package" {
  command = plan
  module { source = "./modules/lambda_package" }

  variables {
    runtime = "python3.12"
  }

  assert {
    condition     = output.package.receipt.value != run.the_zip_is_called_after_its_sources.package.receipt.value
    error_message = "Wheels are of one version of Python."
  }
}

run "another_architecture_is_another_package" {
  command = plan
  module { source = "./modules/lambda_package" }

  variables {
    architecture = "x86_64"
  }

  assert {
    condition     = output.package.receipt.value != run.the_zip_is_called_after_its_sources.package.receipt.value
    error_message = "Wheels are of one architecture."
  }
}

run "a_zip_given_is_taken" {
  command = plan
  module { source = "./modules/lambda_package" }

  variables {
    prebuilt = { path = "main.tf" } # any file: a plan only hashes it
  }

  assert {
    condition     = output.package.filename == "main.tf"
    error_message = "The function is to be made from the zip."
  }

  assert {
    condition     = length(terraform_data.build) == 0
    error_message = "Nothing is built."
  }
}

run "another_zip_is_another_package" {
  command = plan
  module { source = "./modules/lambda_package" }

  variables {
    prebuilt = { path = "variables.tf" }
  }

  assert {
    condition     = output.package.receipt.value != run.a_zip_given_is_taken.package.receipt.value
    error_message = "The zip's own bytes show a change."
  }
}

run "an_object_given_is_taken" {
  command = plan
  module { source = "./modules/lambda_package" }

  variables {
    prebuilt = { s3_bucket = "packages", s3_key = "pipeline.zip", s3_object_version = "3" }
  }

  assert {
    condition = jsonencode([for name in ["filename", "s3_bucket", "s3_key", "s3_object_version"] : output.package[name]]) == jsonencode([
      null, "packages", "pipeline.zip", "3",
    ])
    error_message = "The function is to be made from the object."
  }

  assert {
    condition     = length(terraform_data.build) == 0
    error_message = "Nothing is built."
  }
}

run "another_version_of_the_object_is_another_package" {
  command = plan
  module { source = "./modules/lambda_package" }

  variables {
    prebuilt = { s3_bucket = "packages", s3_key = "pipeline.zip", s3_object_version = "4" }
  }

  assert {
    condition     = output.package.receipt.value != run.an_object_given_is_taken.package.receipt.value
    error_message = "The object's version shows a change."
  }
}

run "the_choice_is_the_callers" {
  command = plan

  variables {
    lambda_package = { s3_bucket = "packages", s3_key = "pipeline.zip" }
  }

  assert {
    condition     = module.lambda_package.package.s3_key == "pipeline.zip" && module.lambda_package.package.filename == null
    error_message = "The variable `lambda_package` decides."
  }
}
