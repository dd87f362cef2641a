# Needs Python 3.11 or newer with venv, git and make; everything else comes from requirements.lock.

.DEFAULT_GOAL := help
.PHONY: help demo ui test lint bench fuzz docs lock clean system-packages

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Behind a proxy that rewrites TLS, SSL_CERT_FILE names the authority to trust; uv looks at it only when told to.
export UV_SYSTEM_CERTS ?= $(if $(SSL_CERT_FILE),true,false)
STAMP := $(VENV)/.installed
STAGING := buckinghamshire-staging

help: ## Show these targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: $(STAMP) ## Reset a staging site on this machine, from nothing, and show what happened
	$(BIN)/bucks sandbox run -- $(BIN)/bucks reset --confirm $(STAGING) --report .sandbox/report.html

ui: $(STAMP) ## Open the Dagster UI on the sandbox; Ctrl-C stops everything
	$(BIN)/bucks sandbox run -- $(BIN)/bucks ui

# Three at a time, because most tests wait for servers. Tests of one file share the servers that they start.
test: $(STAMP) system-packages ## Run every test
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

lint: $(STAMP) ## Check style, types and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## Measure what docs/benchmarks.md reports
	$(BIN)/python -m benchmarks

fuzz: $(STAMP) ## Damage archives for ten minutes and hold the product to its documented refusals
	$(BIN)/python -m benchmarks.fuzz --seconds 600 --seed $$(date +%s)

docs: $(STAMP) ## Write docs/catalogue.md anew from the privacy catalogue
	$(BIN)/python -m bc_pipelines.privacy.page docs/catalogue.md

lock: $(STAMP) ## Write requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile --generate-hashes --all-extras --python-version 3.11 --universal --no-header --quiet \
		pyproject.toml --output-file requirements.lock

clean: ## Stop the sandbox and remove it
	-$(BIN)/bucks sandbox down --destroy

# uv installs everything else ten times faster than pip; it is taken from the same lockfile, hash-checked.
$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	awk '/^[a-z]/ { wanted = /^uv==/ } wanted' requirements.lock > $(VENV)/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.lock
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

# Debian packages that tests use. Nothing is installed unless CI or INSTALL says so.
PACKAGES := $(shell cat .ci/debian-packages 2>/dev/null)
system-packages:
	@missing=$$(for name in $(PACKAGES); do dpkg -s $$name >/dev/null 2>&1 || echo $$name; done); \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$(CI)" = true ] || [ "$(INSTALL)" = 1 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	else \
		echo "Tests that need these Debian packages are skipped: $$missing"; \
		echo "To run them too: sudo apt-get install" $$missing; \
	fi
