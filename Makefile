# make help lists what there is to do.

SHELL := /bin/bash
.DEFAULT_GOAL := help

HOST ?= 127.0.0.1
PORT ?= 8000
JOBS ?= 3
ARGS ?=

PYTHON := .venv/bin/python
PACKAGES := crm_core $(wildcard plugins/*/crm_* examples/*/crm_*)
TESTS := $(wildcard tests plugins/*/tests examples/*/tests benchmarks)

.PHONY: help setup run test lint format bench lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup: ## make .venv with bin/crm and build the assets; quick when nothing changed
	@scripts/setup.sh

run: setup ## start the CRM with demonstration data on HOST:PORT
	.venv/bin/crm init
	.venv/bin/crm demo
	.venv/bin/crm run --host $(HOST) --port $(PORT)

test: setup ## run every test; ARGS="-k name" narrows, JOBS sets the processes
	@scripts/system-packages.sh
	$(PYTHON) -m pytest -n $(JOBS) -q $(ARGS)

lint: setup ## check style, format and types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	$(PYTHON) -m mypy $(PACKAGES)
	$(if $(TESTS),$(PYTHON) -m mypy --explicit-package-bases $(TESTS))

format: setup ## rewrite the code in the house format
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: setup ## run the benchmarks
	$(PYTHON) -m benchmarks $(ARGS)

lock: ## write requirements.lock; ARGS=--upgrade moves the versions
	@scripts/lock.sh $(ARGS)

clean: ## remove everything that make setup and the tools made; data stays
	rm -rf .venv frontend/node_modules crm_core/static/dist build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
	find crm_core plugins -name '*.mo' -delete
