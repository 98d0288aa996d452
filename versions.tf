terraform {
  # The versions that the tests run with. Needed for: validations that look at other variables (1.9), and in the
  # tests `override_during` (1.11).
  required_version = ">= 1.11.4"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0"
    }
  }
}
