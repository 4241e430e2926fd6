# `make check` before each commit; CI runs .ci/run, which does the same on a fresh environment.
PYTHON ?= .venv/bin/python

.PHONY: environment demo check format lint types test backends messages

environment:
	python3 -m venv .venv
	.venv/bin/pip install -q -c constraints.txt -e ".[dev]"

demo:
	$(PYTHON) -m evrisim demo

check: lint types test

format:
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

lint:
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

types:
	$(PYTHON) -m mypy

test:
	$(PYTHON) -m pytest

# In two parts, so that two cores can share them. What JAX compiles takes longest: small tests gain
# nothing from code that is optimized, and what one of them has compiled serves the next.
QUICK_TO_COMPILE = XLA_FLAGS=--xla_backend_optimization_level=0 \
	JAX_COMPILATION_CACHE_DIR=build/jax JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0

BUILDING_TESTS = tests/test_layers.py tests/test_models.py tests/test_losses.py tests/test_conv.py \
	tests/test_blocks.py tests/test_features.py tests/test_folding.py tests/test_growing.py tests/test_workbench.py
WORKING_TESTS = tests/test_training.py tests/test_inference.py tests/test_explain.py tests/test_explain_methods.py tests/test_explain_torch.py \
	tests/test_explain_trust.py tests/test_effective_field.py tests/test_augment_device.py tests/test_muon.py tests/test_lookahead.py \
	tests/test_viewing.py tests/test_whitening.py tests/test_relearning.py tests/test_layer_rates.py

backends: jax-working jax-building torch-working torch-building

%-building:
	KERAS_BACKEND=$* $(QUICK_TO_COMPILE) $(PYTHON) -m pytest -n 0 $(BUILDING_TESTS)

%-working:
	KERAS_BACKEND=$* $(QUICK_TO_COMPILE) $(PYTHON) -m pytest -n 0 $(WORKING_TESTS)

messages:
	$(PYTHON) -m evrisim.messages.catalogue
