# tcpchat: everything that is done with it. `make help` lists it.
# Python 3.11 or newer and make are all that is needed; the rest is installed into .venv.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LISTEN ?= 127.0.0.1:7667

TOOLS_BIN := $(VENV)/tools/bin
TOOLS := $(VENV)/tools/.ready
LOCK = $(TOOLS_BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	--no-emit-index-url --custom-compile-command 'make lock' --exclude-newer '7 days'

# In a container one often is root, which the server refuses unless it is told that this is meant.
ifeq ($(shell id -u),0)
export TCPCHAT_AS_ROOT ?= 1
endif

.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

run: $(READY) ## set up, then start the server and say how to join it
	@$(BIN)/tcpchat-server --listen $(LISTEN) $(ARGS)

test: $(READY) ## set up, then run the tests
	@$(BIN)/python -m pytest $(ARGS)

test-clients: $(READY) ## let irssi and WeeChat try it, in terminals (installs them and tmux, where apt-get may)
	@sh tests/clients/install.sh
	@$(BIN)/python -m pytest tests/clients $(ARGS)

check: $(READY) ## lint, types, and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fmt: $(READY) ## format the code
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

bench: $(READY) ## measure this machine: fan-out, latency, memory, connects
	@$(BIN)/python bench/bench.py $(ARGS)

bench-client: $(READY) ## measure the terminal client: start, memory, echo of keys, a burst that nobody reads
	@$(BIN)/python bench/client.py $(ARGS)
	@$(BIN)/python bench/screen.py $(ARGS)

bench-limit: $(READY) ## compare with the physical limit (needs ../shared/bench and a C compiler)
	@sh bench/limit.sh $(ARGS)

bench-profile: $(READY) ## where the server's time goes, by thread and layer (Linux)
	@$(BIN)/python bench/where.py

bench-compare: $(READY) ## two files of results side by side: A=before.json B=after.json
	@$(BIN)/python bench/compare.py $(A) $(B)

bench-count: $(READY) ## count instructions and memory of a fixed scenario; fails if they grew by more than 15 %
	@$(BIN)/python bench/count.py $(ARGS)

docs: $(READY) ## write what is generated from the code: the JSON Schema, the settings
	@$(BIN)/python -m tcpchat.wire.schema > docs/protocol.schema.json
	@$(BIN)/tcpchat-server config > docs/tcpchat.toml
	@$(BIN)/tcpchat-client config --defaults > docs/client.toml

docs-security: $(READY) ## run the tests of the threat table, and write docs/security.md (ARGS=--long for the long form)
	@$(BIN)/python -m pytest -m threat --threats=build/threats.json $(ARGS)
	@$(BIN)/python docs/security.py build/threats.json > docs/security.md

unicode: $(READY) ## make the tables of what looks alike: CONFUSABLES=confusables.txt SCRIPTS=Scripts.txt, from unicode.org
	@$(BIN)/python tools/unicode_tables.py $(CONFUSABLES) $(SCRIPTS)

lock: $(TOOLS) ## choose the dependencies anew, none younger than a week, and lock them with hashes
	@$(LOCK) pyproject.toml -o requirements/server.txt
	@$(LOCK) pyproject.toml requirements/build.in --extra dev -o requirements/dev.txt
	@$(LOCK) requirements/tools.in -o requirements/tools.txt

audit: $(READY) ## look for known weaknesses in what is locked (needs the network)
	@$(MAKE) --no-print-directory $(TOOLS) || echo "*** What an audit takes cannot be installed here. ***" >&2
	@$(BIN)/python requirements/audit.py $(TOOLS_BIN)/pip-audit requirements/server.txt requirements/dev.txt

picture: $(READY) ## make the pictures in the README and in docs (needs tmux, irssi, WeeChat, nc, telnet)
	@$(BIN)/python docs/picture.py
	@$(BIN)/python -m pytest tests/acceptance/test_pictures.py tests/screen --pictures docs

resilience: $(READY) ## kill it, cut its power, break its disk and its links, for long (ARGS=--full: for very long)
	@$(BIN)/python -m pytest tests/resilience tests/security tests/chat/test_visibility.py tests/acceptance/test_links.py --long -s --threats=build/threats.json $(ARGS)

fuzz: $(READY) ## a million hostile lines of IRC, guided by coverage where atheris can be installed; a million in all dialects
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check atheris || echo "*** No atheris here. ***"
	@$(BIN)/python -m tests.fuzz.fuzz_lines $(ARGS)
	@$(BIN)/python -m tests.fuzz.everything

soak: $(READY) ## half an hour of talk, comings and goings, and harm: nothing may grow (ARGS="--seconds 600": shorter)
	@$(BIN)/python -m tests.soak.soak $(ARGS)

clean: ## remove what was made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis src/*.egg-info

$(TOOLS): requirements/tools.txt
	@test -x $(TOOLS_BIN)/python || $(PYTHON) -m venv $(VENV)/tools
	@$(TOOLS_BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt
	@touch $(TOOLS)

$(READY): pyproject.toml requirements/dev.txt requirements/install.sh
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tcpchat needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another one: make run PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV) (once) ..."
	@sh requirements/install.sh $(BIN)/python
	@touch $(READY)

.PHONY: help run test test-clients check fmt bench bench-client bench-limit bench-profile bench-compare bench-count docs docs-security lock audit unicode picture resilience fuzz soak clean
