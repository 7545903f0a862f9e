# Everything runs in .venv; `make demo` and `make test` need nothing but Python 3.11+ with venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint format bench docs locks clean

demo: .venv/installed
	$(BIN)/polyteach run studies/pocket-demo.yaml

test: .venv/installed lint
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/installed
	$(BIN)/python bench/kill_and_resume.py
	$(BIN)/python bench/pocket_truth.py

# The pages open from disk (build/site/index.html) and load nothing from the network; searching needs a server.
docs: .venv/installed
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# Writes requirements*.lock anew; needs uv. Review what changed as you would review code.
locks: .venv/installed
	$(BIN)/python docs/lock.py

clean:
	rm -rf .venv .polyteach runs

# torch first and pinned: later packages then find it there instead of pulling the newest build.
.venv/installed: pyproject.toml
	@echo "installing into .venv (torch first; about two minutes and 2 GB)"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable '.[train,dev]'
	touch $@
