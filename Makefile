# Two commands: `make run` and `make test`. `make help` lists the rest.
# Everything lives in .venv and in DATA_DIR; nothing else on the machine is changed.

SHELL := /bin/sh
.DEFAULT_GOAL := help

venv := .venv
bin := $(venv)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
python := $(bin)/python
code := accounts ingest matching musicmatch social manage.py
bench_commands := bench_pages bench_import bench_export bench_matching bench_people

# Tests and checks start from the safe defaults of a laptop, whatever the shell holds.
laptop := env -u DATABASE_URL -u REDIS_URL -u DEBUG -u SITE_URL -u ALLOWED_HOSTS \
	-u SPOTIFY_CLIENT_ID -u SPOTIFY_CLIENT_SECRET -u SPOTIFY_STANDIN \
	-u LISTENBRAINZ_URL -u LISTENBRAINZ_AUTH_URL -u LASTFM_URL -u LASTFM_AUTH_URL -u LASTFM_API_KEY \
	-u LASTFM_SECRET -u MUSICBRAINZ_URL -u RECCOBEATS_URL -u GENRE_LOOKUP

.PHONY: help run setup test test-stack check bench clean stack \
	prove-load prove-faults prove-scans

help: ## Say what each command does
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(firstword $(MAKEFILE_LIST)) \
		| awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'
	@echo
	@echo "  make run reads PORT (8000), DATA_DIR (./var) and DEMO_PEOPLE (300)."

run: $(python) ## Install what is missing and run the whole site
	@$(call install_runtime)
	@exec $(python) manage.py up --follow-parent

stack: $(python) ## Run it as it is hosted, on your Postgres and Redis
	@$(call install_runtime)
	@exec $(python) -m musicmatch.stack --follow-parent $(STACK)

setup: $(python) ## Install everything, tools for development included
	@$(call install_development)

test: setup ## Run every test on SQLite, without any service
	@$(laptop) $(python) -m pytest

test-stack: setup ## Walk through make stack in a browser
	@$(laptop) $(under_test) $(python) -m pytest tests/browser --stack

check: setup ## Format, lint, types, layers, migrations, settings, templates
	$(bin)/ruff format --check $(code) tests
	$(bin)/ruff check $(code) tests
	@echo mypy
	@$(laptop) $(bin)/mypy $(code)
	$(bin)/lint-imports
	@echo manage.py makemigrations --check
	@$(laptop) $(python) manage.py makemigrations --check --dry-run
	@echo manage.py check
	@$(laptop) $(python) manage.py check --fail-level WARNING
	@echo manage.py check --deploy
	@$(laptop) env $(production) $(python) manage.py check --deploy --fail-level WARNING
	$(bin)/djlint --quiet --lint templates
	$(bin)/check-jsonschema --quiet --builtin-schema vendor.compose-spec \
		docker-compose.yml
	$(bin)/hadolint Dockerfile
	@$(call check_caddyfile)

bench: setup ## Measure what has a limit: pages, imports, matching
	@for command in $(bench_commands); do \
		$(python) manage.py $$command || exit 1; done

# Each says with --help what it needs; PROVE holds arguments.
prove-load: setup ## Measure the stack with many people on it
	$(python) manage.py prove_load $(PROVE)

prove-faults: setup ## Break the stack with people on it, and look for losses
	$(python) manage.py prove_faults $(PROVE)

prove-scans: setup ## Let other tools look at every page of the stack
	$(python) manage.py prove_scans $(PROVE)

clean: ## Remove .venv and the tools' caches, never your data
	rm -rf $(venv) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# --- How things get installed ---------------------------------------------

$(python):
	@$(call find_python); "$$found" -m venv $(venv) || { rm -rf $(venv); \
		echo "Python could not make .venv. On Debian: apt install python3-venv."; \
		exit 1; }

# A copy of the requirements lies in .venv: nothing is installed until they change.
define install_runtime
if [ -f $(venv)/requirements-dev.txt ]; then $(install_development); \
elif ! cmp -s requirements.txt $(venv)/requirements.txt; then \
	echo "Installing the packages."; \
	$(call sync,requirements.txt) && cp requirements.txt $(venv)/; fi
endef

define install_development
if ! cmp -s requirements-dev.txt $(venv)/requirements-dev.txt; then \
	echo "Installing the packages and the tools for development."; \
	$(call sync,requirements-dev.txt) && cp requirements-dev.txt $(venv)/; fi
endef

# uv is quicker; pip does the same where uv has no build for the machine.
define sync
{ { [ -x $(bin)/uv ] || $(pip) -r requirements-uv.txt 2>/dev/null; } \
	&& VIRTUAL_ENV=$(CURDIR)/$(venv) $(bin)/uv pip sync --quiet --require-hashes $(1); } \
	|| $(pip) -r $(1)
endef
pip := $(python) -m pip install --quiet --disable-pip-version-check --require-hashes

define find_python
found=; for name in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then found=$$name; break; fi; done; \
if [ -z "$$found" ]; then \
	echo "Musicmatch needs Python 3.11 or newer, and none was found."; exit 1; fi
endef

# The tests' own database on your Postgres, and the address they start the stack at.
under_test = REQUIRE_SERVICES=1 REDIS_URL=$${REDIS_URL:-redis://127.0.0.1:6379/8} \
	DATABASE_URL=$${DATABASE_URL:-postgres://postgres@127.0.0.1:5432/musicmatch_stack} \
	SITE_URL=$$(command -v caddy >/dev/null && echo https || echo http)://127.0.0.1:8540

define check_caddyfile
if command -v caddy >/dev/null; then echo caddy validate; \
	folder=$$(mktemp -d); SITE_URL=https://musicmatch.example TLS=internal WEB=web:8000 \
	XDG_DATA_HOME=$$folder XDG_CONFIG_HOME=$$folder caddy validate \
	--config deploy/Caddyfile --adapter caddyfile >$$folder/said 2>&1 \
	|| { cat $$folder/said; exit 1; }; rm -r $$folder; \
	caddy fmt deploy/Caddyfile | diff deploy/Caddyfile -; \
else echo "There is no caddy here: deploy/Caddyfile was not read."; fi
endef

# Settings as a host would give them, with keys made for this one check.
production = DEBUG=0 SITE_URL=https://musicmatch.example \
	ALLOWED_HOSTS=musicmatch.example TRUSTED_PROXY_COUNT=1 WEB_CONCURRENCY=2 \
	DATABASE_URL=postgres://musicmatch@postgres/musicmatch \
	REDIS_URL=redis://redis:6379/0 EMAIL_URL=smtp+tls://mail.musicmatch.example:587 \
	SECRET_KEY="$$($(python) -c 'from musicmatch import keys; print(keys.new_secret_key())')" \
	FIELD_ENCRYPTION_KEYS="$$($(python) -c 'from musicmatch import keys; print(keys.new_encryption_key())')"
