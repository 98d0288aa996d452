# From another repository: source = "git::https://<where you keep it>/terraform-aws-personalize-pipeline?ref=<tag>"
module "personalize" {
  source = "../"

  name   = var.name
  emails = [var.email]

  # The example is there to be tried and removed: destroying it deletes what was uploaded. Leave this out elsewhere.
  force_destroy = true
}
