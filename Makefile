# `make run` brings the whole pipeline up on this machine; `make test` passes every check and test.
# Both need Python 3.11-3.13, make and Terraform (1.11.4 or newer), and install the rest from locked versions.

PYTHON  ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
CHECKOV := .venv-checkov
PEERS   := .venv-peers

# One import path for tests, tools and the local stack: the root, and what the Lambda package holds.
export PYTHONPATH := $(CURDIR):$(CURDIR)/lambda_src
# With it, and derandomized, property-based tests draw the same examples each time.
export PYTHONHASHSEED := 0
TERRAFORM := $(BIN)/python -m local terraform --

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

.PHONY: run status down
run: $(VENV)/.local ## Bring the whole pipeline up on this machine and run the example to the mail; or your files: PARAMS=my.json DATA=my-data/
	@$(BIN)/python -m local run $(if $(PARAMS),--params "$(PARAMS)") $(if $(DATA),--data "$(DATA)")
status: $(VENV)/.local ## Show what runs locally and how to look at it
	@$(BIN)/python -m local status
down: $(VENV)/.local ## Stop what `make run` started
	@$(BIN)/python -m local down

.PHONY: test
PARTS := test-e2e test-unit check-terraform test-terraform lint
test: $(VENV)/.installed $(CHECKOV)/.installed ## Pass every check and test; the parts run side by side
	@echo "==> $(words $(PARTS)) parts side by side, each printed when it ends; alone they are: make $(PARTS)"
	@$(MAKE) --no-print-directory --keep-going --jobs=3 --output-sync=target $(PARTS:%=part-%)
	@echo "==> All checks and tests passed"
part-%:
	@begin=$$(date +%s); $(MAKE) --no-print-directory $*; status=$$?; \
	  test $$status = 0 && how=passed || how=FAILED; \
	  echo "==> $* $$how after $$(($$(date +%s) - begin)) s"; exit $$status

.PHONY: lint
lint: $(VENV)/.installed ## Format, lint and type-check the Python
	@echo "==> Linting"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

.PHONY: check-terraform
check-terraform: $(VENV)/.installed $(CHECKOV)/.installed ## Format, validate and scan the Terraform
	@echo "==> Checking the Terraform"
	@$(TERRAFORM) fmt -check -recursive
	@$(BIN)/python -m local validate
	@$(CHECKOV)/bin/checkov --config-file .checkov.yaml

.PHONY: test-unit
test-unit: $(VENV)/.browser ## Test the Lambda, its pages in a browser, the emulator and the local stack's parts
	@echo "==> Testing units, pages, emulator and local stack"
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/unit tests/pages tests/emulator tests/local

.PHONY: test-terraform
test-terraform: $(VENV)/.installed ## Test the module: terraform test, and applied to the local stack
	@echo "==> Testing the module"
	@$(TERRAFORM) test $(if $(MAKE_TERMOUT),,-no-color)
	@$(BIN)/python -m pytest -q tests/terraform

.PHONY: test-e2e
test-e2e: $(VENV)/.installed ## Run the whole pipeline on the local stack, with IAM enforced
	@echo "==> Testing end to end"
	@$(BIN)/python -m pytest -q tests/e2e

.PHONY: figures
figures: $(VENV)/.installed $(PEERS)/.installed ## Print every figure that the docs state (some minutes); one section: SECTION=waiting
	@$(BIN)/python -m local.figures $(SECTION)

.PHONY: plan adopt
plan: $(VENV)/.local ## Check a params file and show what its upload would do: PARAMS=file [BUCKET=name [PREFIX=folder] [QUOTAS="campaigns=20"]] [BOUNDARIES=file] [DATA_CHECKS=sample] [JSON=1]
	@$(BIN)/python -m pipeline_cli plan "$(or $(PARAMS),$(error Name the params file: make plan PARAMS=file))" \
	  $(if $(BUCKET),--bucket "$(BUCKET)") $(if $(PREFIX),--prefix "$(PREFIX)") $(foreach quota,$(QUOTAS),--quota "$(quota)") \
	  $(if $(BOUNDARIES),--boundaries "$(BOUNDARIES)") $(if $(DATA_CHECKS),--data-checks "$(DATA_CHECKS)") $(if $(JSON),--json)
adopt: $(VENV)/.local ## Write the params file of a dataset group that exists: GROUP=name [OUTPUT=file]
	@$(BIN)/python -m pipeline_cli adopt "$(or $(GROUP),$(error Name the dataset group: make adopt GROUP=name))" \
	  $(if $(OUTPUT),--output "$(OUTPUT)")

.PHONY: format schema lock
format: $(VENV)/.installed ## Format Python and Terraform
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix . && $(TERRAFORM) fmt -recursive
schema: $(VENV)/.installed ## Make params.schema.json anew from the service model
	@$(BIN)/python lambda_src/generate_params_schema.py
lock: ## Compile the locked requirements anew
	@$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/pip install -qq --disable-pip-version-check uv
	@for name in lambda_src/requirements requirements/local requirements/dev requirements/checkov requirements/peers; do \
	  $(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate $$name.in --output-file $$name.txt || exit 1; done

# The pages are tested in a Chromium: one that is installed, else Playwright's own, else Debian's. Without any, their
# tests are skipped, and say so; where CI is set, they fail.
$(VENV)/.browser: $(VENV)/.installed
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
	  command -v $$name > /dev/null && exit 0; done; \
	  echo "==> Installing a browser"; \
	  $(BIN)/playwright install --only-shell chromium > /dev/null 2>&1 \
	  || { apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core; } > /dev/null 2>&1 \
	  || echo "==> No browser could be had: the tests of the pages are left out"
	@touch $@

# `make run` needs less than the tests do, and has it sooner.
$(VENV)/.local: requirements/local.txt
$(VENV)/.installed: requirements/dev.txt
$(CHECKOV)/.installed: requirements/checkov.txt
$(PEERS)/.installed: requirements/peers.txt
$(VENV)/.local $(VENV)/.installed $(CHECKOV)/.installed $(PEERS)/.installed:
	@echo "==> Installing $< into $(@D)"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "$(PYTHON) is $$($(PYTHON) --version 2>&1); Python 3.11 to 3.13 is needed. Name one: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@# Locked whole: there is nothing to resolve. Compiled on all cores, which pip does on one.
	@$(@D)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-compile --require-hashes -r $<
	@$(@D)/bin/python -m compileall -q -j 0 $(@D)/lib > /dev/null || true  # templates among packages don't compile
	@touch $@
