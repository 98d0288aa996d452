terraform {
  # `terraform_data` is built in: packaging needs no provider.
  required_version = ">= 1.11.4"
}
