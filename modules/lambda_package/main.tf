# The Lambda package: built here while applying, or taken as it is.
#
# A plan never builds: it only hashes the sources. The zip is called after that hash, so that a zip of another state of
# the sources can't be deployed by mistake, and so that a failed update is tried again. It may be deleted once it is
# deployed; only if the function itself is lost after that, it has to be built again on request:
#   terraform apply -replace='module.<name>.module.lambda_package.terraform_data.build[0]'

locals {
  builder = "${path.module}/build_package.py"

  # Python and JSON only: what an interpreter or an editor leaves behind must not count.
  sources = sort(fileset(var.source_dir, "pipeline/**/*.{py,json}"))

  source_hash = sha256(join("\n", concat(
    [for file in local.sources : "${file} ${filesha256("${var.source_dir}/${file}")}"],
    [filesha256("${var.source_dir}/requirements.txt"), filesha256(local.builder), var.runtime, var.architecture],
  )))

  zip = "${var.output_dir}/pipeline-${local.source_hash}.zip"
}

resource "terraform_data" "build" {
  count = var.prebuilt == null ? 1 : 0

  triggers_replace = [local.source_hash, var.function_name]

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
