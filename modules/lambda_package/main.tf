# The Lambda package: built here while applying, or taken as it is; and whether AWS has it.
#
# A plan never builds: it only hashes the sources. The zip is called after that hash, so that a zip of another state of
# the sources can't be deployed by mistake.
#
# What Terraform remembers doesn't tell what AWS has: provider 5 takes a refused update of the code for made, and the
# zip of an apply that failed half-way may be on another machine. So the function's module leaves a receipt in AWS once
# the function has taken the code. Until there is one for this very code, every apply builds it and delivers it anew.
# After that nobody needs the zip; only if the function itself is lost, it has to be delivered on request:
#   terraform apply -replace='module.<name>.module.lambda_package.terraform_data.delivery'

data "aws_ssm_parameters_by_path" "receipts" {
  path = local.receipts
}

locals {
  builder = "${path.module}/build_package.py"

  # Code, data and templates only: what an interpreter or an editor leaves behind must not count.
  sources = sort(fileset(var.source_dir, "pipeline/**/*.{py,json,jinja,css}"))

  source_hash = sha256(join("\n", concat(
    [for file in local.sources : "${file} ${filesha256("${var.source_dir}/${file}")}"],
    [filesha256("${var.source_dir}/requirements.txt"), filesha256(local.builder), var.runtime, var.architecture],
  )))

  zip = "${var.output_dir}/pipeline-${local.source_hash}.zip"

  # What is to be delivered, and where it lies: a module that was moved or renamed has its zip elsewhere.
  code     = var.prebuilt == null ? local.source_hash : sha256(jsonencode([var.prebuilt, try(filesha256(var.prebuilt.path), null)]))
  filename = var.prebuilt == null ? local.zip : var.prebuilt.path

  # Not /<function>/code: names of parameters must not begin with "aws" or "ssm".
  receipts     = "/personalize-pipeline/${var.function_name}"
  is_delivered = contains(nonsensitive(data.aws_ssm_parameters_by_path.receipts.values), local.code)

  # A plan doesn't know it, so whatever it triggers is replaced; when applied, it is the empty text, as if it were known.
  until_applied = substr(timestamp(), 0, 0)
}

resource "terraform_data" "delivery" {
  triggers_replace = [
    local.code, local.filename, var.function_name, local.is_delivered ? "" : local.until_applied,
  ]
}

resource "terraform_data" "build" {
  count = var.prebuilt == null ? 1 : 0

  triggers_replace = [terraform_data.delivery.id]

  provisioner "local-exec" {
    # `sh` is everywhere but on bare Windows; there, WSL or Git Bash has it.
    interpreter = ["sh", "-c"]
    quiet       = true
    command     = <<-EOT
      for python in python3 python py; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
          exec "$python" "$BUILDER" --source "$SOURCE" --runtime "$RUNTIME" --architecture "$ARCHITECTURE" --output "$OUTPUT"
        fi
      done
      echo 'The Lambda package can not be built: no Python 3.9 or newer was found as python3, python or py.' >&2
      echo 'Install one, or set the variable lambda_package to a package built elsewhere.' >&2
      exit 1
    EOT

    environment = {
      BUILDER      = local.builder
      SOURCE       = var.source_dir
      RUNTIME      = var.runtime
      ARCHITECTURE = var.architecture
      OUTPUT       = local.zip
    }
  }
}
