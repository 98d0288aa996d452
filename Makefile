# `make run` brings the whole pipeline up on this machine; `make test` passes every check and test.
# Both need Python 3.11-3.13, make and Terraform (>= 1.11), and install the rest from locked versions.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# Functions and tests of the local stack run on the same Python, so imports resolve from the root and lambda_src.
export PYTHONPATH := $(CURDIR):$(CURDIR)/lambda_src

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.installed: requirements/dev.txt
	@echo "==> Installing the development environment into $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "$(PYTHON) is $$($(PYTHON) --version 2>&1); Python 3.11 to 3.13 is needed. Name one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

.PHONY: lock
lock: ## Compile the locked requirements anew
	@$(PYTHON) -m pip install --quiet --target $(VENV)/uv uv
	@for name in lambda_src/requirements requirements/dev requirements/checkov; do \
	  $(VENV)/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate $$name.in --output-file $$name.txt || exit 1; done
