# The example is a whole root module: it can be planned as it stands.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "it_needs_an_address_only" {
  command = plan
  module { source = "./example" }

  variables {
    email = "you@example.com"
  }

  assert {
    condition     = output.bucket_name == "films-123456789012-eu-west-1"
    error_message = "The example has a name of its own."
  }

  assert {
    condition     = output.upload_command == "aws s3 cp params.json s3://films-123456789012-eu-west-1/params.json"
    error_message = "The example's params file is the one that starts a run."
  }
}
