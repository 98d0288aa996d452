terraform {
  # For validations that look at other variables. The repository's own tests and local stack need more (local/terraform.py).
  required_version = ">= 1.9.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0"
    }
  }
}
