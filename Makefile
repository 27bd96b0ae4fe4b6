# deploy/setup.py does the work; it needs nothing but a Python.
#
#   PYTHON=python3.12      the interpreter to start with
#   TORCH_INDEX_URL=…      where PyTorch comes from, such as https://download.pytorch.org/whl/cu126 for a GPU
#   DOCS=path              what `make run` ingests instead of the demo
#   LARGEST=chunks         the largest index that `make bench` searches (default: 100000)
#   ATTACKS=path           the texts that `make security` tries, JSON or JSON lines (default: tests/security/attacks)
#   FAULT=name             what goes wrong in `make demo-incident`: bad-deploy, exhausted-pool, memory-leak,
#                          slow-dependency (default), full-disk
#   NIGHTSHIFT_MODELS=…    where model files are kept (default: ~/.cache/nightshift/models)

PYTHON ?= python3
DOCS ?= deploy/demo
LARGEST ?= 100000
ATTACKS ?= tests/security/attacks
FAULT ?= slow-dependency
SETUP = @$(PYTHON) deploy/setup.py

.PHONY: run test setup lint bench security demo-slack demo-feishu demo-incident

run: ## install what is missing, ingest the documents, serve the page
	$(SETUP) run --docs "$(DOCS)"

test: ## linters, types and all tests
	$(SETUP) test

setup: ## install what is missing and nothing else
	$(SETUP) setup

lint: ## linters and types
	$(SETUP) lint

bench: ## measure start, acknowledgement, search and answers on this machine
	$(SETUP) bench --largest "$(LARGEST)"

security: ## put attacks into everything that is read, with a model that obeys them
	$(SETUP) security --attacks "$(ATTACKS)"

demo-slack: ## a conversation on a Slack of our own, kept as a picture
	$(SETUP) demo-slack

demo-feishu: ## a conversation on a Feishu of our own, kept as a picture
	$(SETUP) demo-feishu

demo-incident: ## a shop of real processes, watched by Prometheus; something goes wrong, and is diagnosed on the page
	$(SETUP) demo-incident --fault "$(FAULT)"
