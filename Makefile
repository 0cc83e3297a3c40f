# What a person types. `make demo` and `make test` work on a machine with Python 3.11 (venv), make and nothing else.

PYTHON ?= python3
BIN := .venv/bin
PY := $(BIN)/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet install --require-hashes
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help demo run test soak check bench screenshots env format messages lock chromium

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: .venv/.local ## a believable clinic on this machine (PORT=8000, FRESH=1 starts over)
	@exec $(PY) -m config.local.demo

run: .venv/.local ## an empty clinic on this machine: its first set-up (PORT, FRESH as above)
	@exec $(PY) -m config.local.demo run

test: .venv/.dev chromium ## everything the tests need, then all of them
	$(BIN)/pytest -n 2 --dist worksteal

soak: .venv/.dev chromium ## the long runs in full size
	HOMEWARD_SOAK=1 $(BIN)/pytest -m "soak or crash" -s

bench: .venv/.dev ## throughput as ratios to raw SQL doing the same
	$(PY) -m tests.bench

screenshots: .venv/.dev chromium ## pictures of every page under var/shots/
	$(PY) -m tests.screenshots

env: .venv/.dev ## the environment, with everything for development

check: .venv/.dev ## lint, types, import contracts, migrations, templates, security lint, compose file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	git ls-files -z --cached --others --exclude-standard -- 'templates/*.html' | xargs -0 $(BIN)/djade --check --target-version 5.2
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py check_templates
	env HOMEWARD_LOCAL=0 DEBUG=0 SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
	  LINK_KEYS="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
	  PUBLIC_URL=https://care.example ALLOWED_HOSTS=care.example DEFAULT_FROM_EMAIL=desk@clinic.example.org \
	  DATABASE_URL=postgresql://app@db/homeward REDIS_URL=redis://redis:6379/0 SMS_API_URL=https://sms.example.org \
	  SMS_ACCOUNT=check SMS_TOKEN=check SMS_FROM=+14105550100 \
	  $(PY) manage.py check --deploy --fail-level WARNING
	$(BIN)/pytest -q -p no:cacheprovider tests/config/test_compose.py

format: .venv/.dev ## lay out Python and templates the one way
	$(BIN)/ruff check --fix --exit-zero --quiet .
	$(BIN)/ruff format .
	git ls-files -z --cached --others --exclude-standard -- 'templates/*.html' | xargs -0 $(BIN)/djade --target-version 5.2

messages: .venv/.dev ## gather the strings for translators and compile what they wrote (needs gettext)
	$(PY) manage.py makemessages -l es --no-location --no-wrap --no-obsolete --ignore '.venv*' --ignore var --ignore tests
	$(PY) manage.py compilemessages -l es --ignore '.venv*'

lock: ## write requirements/*.txt anew from pyproject.toml (needs uv)
	for set in base local dev; do \
	  [ $$set = base ] && group= || group="--group $$set"; \
	  { printf '# Made by `make lock` from pyproject.toml: names, versions and hashes only.\n'; \
	    UV_PYTHON_DOWNLOADS=never uv pip compile pyproject.toml $$group --universal --python-version 3.11 --upgrade \
	      --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet; } > requirements/$$set.txt; \
	done

.venv/.local: requirements/local.txt | $(PY)
	@echo "Installing packages (once, about a minute) …"
	@$(PIP) -r requirements/local.txt
	@touch $@

.venv/.dev: requirements/dev.txt | $(PY)
	@echo "Installing packages for development (once, about a minute) …"
	@$(PIP) -r requirements/dev.txt
	@touch .venv/.local $@

$(PY):
	@command -v $(PYTHON) >/dev/null || { echo "Homeward needs Python 3.11 or newer, and $(PYTHON) is not there. Name yours: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Homeward needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Name another: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Making the environment .venv …"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python cannot make an environment: install its venv module (Debian: apt-get install python3-venv)."; exit 1; }

chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Chromium for the browser tests …"; \
	    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null; \
	  else \
	    echo "The browser tests need Chromium: install it (Debian: apt-get install chromium) and start again."; exit 1; \
	  fi; }
