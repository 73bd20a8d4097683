# `make` prints these commands. Everything is installed into .venv, and everything that is written goes to var/.
.DEFAULT_GOAL := help
.ONESHELL:
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
# by files: marks of groups are not heard under this pytest (pytest-xdist issue 1386)
PYTEST := $(BIN)/pytest -q -n auto --dist loadfile --no-loadscope-reorder
MATRIX := tests/chaos/test_kill_matrix.py
SHIPPED := portal api gateway saga domains demo sandbox migrations cli.py doctor.py installation.py processes.py topology.py wsgi.py
SEMGREP := var/security/bin/semgrep scan --metrics=off --disable-version-check
export PORT ?= 8000
unexport PYTHONDONTWRITEBYTECODE # several processes import the same code: let the first one compile it for all
.PHONY: help run test check proof chaos mutants asvs e2e bench bench-catalogue bench-saga lint sbom security audit format types contracts migrate revision openapi data-model personal-data flows translations lock clean

help: ## print these commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

run: ## install, make secrets and databases, seed the demo, start everything on PORT (8000), also TOPOLOGY=split; Ctrl-C stops it
	@tools/install.sh run
	exec $(BIN)/cloudsales up $(if $(TOPOLOGY),--topology "$(TOPOLOGY)")

test: install-test ## everything: lint, types, contracts, unit and integration on both databases, end-to-end in a browser
	@$(MAKE) lint types contracts
	$(BIN)/pytest -q $(MATRIX) # by itself: its own processes need both cores to come to their places in time
	$(PYTEST) -m "not proof" --ignore $(MATRIX)
	if grep -q postgresql var/left-out; then echo "left out: the database tests on PostgreSQL"
	else $(PYTEST) tests --ignore tests/portal -m "database and not slow and not proof" --postgresql; fi # make proof has all
	if grep -q chromium var/left-out; then echo "left out: end-to-end, for want of Chromium"
	else $(MAKE) e2e; fi
	echo "make test: all passed$$(sed 's/^./ but left out: &/' var/left-out)"

check: install-test ## the fast part: lint, types, contracts, tests without a browser on SQLite
	@$(MAKE) lint types contracts
	$(PYTEST) -m "not proof and not slow"
	echo "make check: all passed"

proof: install-proof ## the long proofs
	@$(BIN)/pytest -q -m proof
	if grep -q chromium var/left-out; then echo "left out: the journeys over Service Bus, for want of Chromium"
	else CLOUDSALES_TRANSPORT=servicebus $(BIN)/pytest -q e2e/test_journeys.py e2e/test_troubles.py; fi
	$(PYTEST) -m "database and not proof" --postgresql
	$(MAKE) security
	$(MAKE) chaos MINUTES=10
	echo "make proof: all passed"

chaos: install-test ## kill processes and servers for MINUTES (10) while sagas run, then look for lost, doubled and stuck ones; SEED=… again
	@$(BIN)/python -m tests.chaos --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))

mutants: install-test ## put faults into the sagas, one at a time, and see that the model of them finds each
	@$(BIN)/python -m tests.saga.model.mutants

asvs: install-test ## which demands of the ASVS are covered by which tests; writes var/asvs.json
	@$(BIN)/python -m tests.asvs

e2e: ## the Playwright suite; BASE_URL=… runs it against any installation, MARK=smoke its short part, CLOUDSALES_TRANSPORT=servicebus over Service Bus
	@tools/install.sh test
	$(BIN)/pytest -q e2e $(if $(BASE_URL),--base-url "$(BASE_URL)") $(if $(MARK),-m "$(MARK)") \
	  --tracing retain-on-failure --screenshot only-on-failure --output var/e2e

bench: install-run ## what each request costs and how many a second are carried; writes var/bench.json
	@$(BIN)/python -m benchmarks

bench-catalogue: install-test ## sync and search of 50,000 offers beside plain SQL; writes var/bench-catalogue.json
	@$(BIN)/python -m benchmarks.catalogue

bench-saga: install-bench ## our sagas beside DBOS, the same four steps in turns; writes var/bench-saga.json
	@$(BIN)/python -m benchmarks.saga

lint: ## ruff, its formatting, and the templates
	@$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	if [ -d templates ]; then $(BIN)/djlint templates --lint --quiet; fi
	$(BIN)/bandit -q -r -c bandit.yaml $(SHIPPED) 2>/dev/null # it tells there which of our notes it did not need
	echo "lint: passed"

sbom: install-test ## everything that an image holds, as CycloneDX: var/sbom.json
	@$(BIN)/python tools/sbom.py

security: install-test install-security ## what make lint looks for, and semgrep with our own rules (its own environment, 360 MB)
	@$(MAKE) lint sbom
	$(SEMGREP) --test --config .semgrep/ours.yml .semgrep/ours.py
	$(SEMGREP) --quiet --error --config .semgrep/ours.yml $(SHIPPED)
	echo "security: passed (known weaknesses of packages: make audit, where there is a network)"

audit: install-security ## known weaknesses of what an image installs; needs the network, and fails without it
	@var/security/bin/pip-audit --strict --disable-pip --require-hashes -r requirements-azure.lock

format: ## let ruff format the code
	@$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format --quiet .

types: ## mypy
	@$(BIN)/mypy --no-error-summary && echo "types: passed"

contracts: ## who may import whom
	@$(BIN)/lint-imports --quiet 2>/dev/null || $(BIN)/lint-imports
	echo "contracts: passed"

migrate: install-run ## bring all databases to the newest revision
	@$(BIN)/cloudsales migrate

revision: install-run ## write a migration: make revision domain=billing m="add due date"
	@$(BIN)/python -m migrations "$(domain)" "$(m)"
	if [ -x $(BIN)/ruff ]; then $(BIN)/ruff check --quiet --fix migrations; $(BIN)/ruff format --quiet migrations; fi

openapi: install-run ## write openapi.json from the code
	@$(BIN)/cloudsales openapi --output openapi.json

data-model: install-run ## write docs/data-model.md from the models
	@$(BIN)/python -m migrations.data_model docs/data-model.md

personal-data: install-run ## write docs/personal-data.md from the registers
	@$(BIN)/python -m migrations.personal_data docs/personal-data.md

flows: install-run ## print each saga's flow as a table
	@$(BIN)/cloudsales flows

translations: install-run ## collect texts, bring the catalogues up to date, compile them
	@$(BIN)/python tools/translations.py update

lock: install-test ## raise the locked packages to the newest that setup.cfg allows
	@write() { # write LOCK EXTRA…
	  lock=$$1; shift
	  { echo "# Exact versions for setup.cfg$${*:+ with $${*//--extra=/}}; made by \`make lock\`."
	    echo 'setuptools>=77' | $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header \
	      --generate-hashes "$$@" setup.cfg -; } >var/new.lock
	  mv var/new.lock $$lock
	}
	write requirements.lock
	write requirements-azure.lock --extra=azure --extra=azure-monitor
	write requirements-test.lock --extra=test
	write requirements-proof.lock --extra=test --extra=shipping
	write requirements-bench.lock --extra=bench
	echo uv >var/uv.in
	{ echo "# The installer itself; made by \`make lock\`."
	  $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header --generate-hashes var/uv.in
	} >requirements-uv.lock
	printf 'semgrep==1.185.*\npip-audit==2.*\n' >var/security.in
	{ echo "# Exact versions of what make security runs apart; made by \`make lock\`."
	  $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header --generate-hashes var/security.in
	} >requirements-security.lock

clean: ## remove what was made: databases, secrets, logs, caches and .venv
	@rm -rf var .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

install-security: # apart from ours, because semgrep needs an older OpenTelemetry
	@tools/install.sh security

install-run install-test install-proof install-bench:
	@tools/install.sh $(@:install-%=%)
