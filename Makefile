# make setup | demo | test | bench | fuzz | torture | conformance: each works from a bare clone with Python >= 3.11, git
# and make; none needs root.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: setup demo test bench fuzz torture conformance lock clean

setup: $(STAMP)

# Everything is pinned with hashes; the project itself is installed without its own resolver run.
$(STAMP): .ci/constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say which with: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: setup
	@$(BIN)/ibys demo

# Where bytecode is not to be written, each of the hundreds of processes would compile the gateway anew: 0.6 s of each.
test: setup
	@.ci/system-packages
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n auto --dist worksteal

bench: setup
	@$(BIN)/python -m bench

# Every reader of input against 50,000 spoiled files each, new ones every night; some 15 minutes of one core.
# Then schemathesis over the whole API, all checks and links; some six minutes.
fuzz: setup
	@IBYS_FUZZ_EXAMPLES=50000 $(BIN)/pytest --timeout=7200 tests/unit/intake/test_intake_fuzz.py
	@$(BIN)/python -m bench.fuzz

# Hours by default; everything but the storms and the runs of scale takes some ten minutes:
#   make torture TORTURE='--only kill --only trials --only network --only database'
torture: setup
	@$(BIN)/python -m bench.torture $(TORTURE)

# Every scenario of the suite against our own gateway; the reports lie in build/conformance.
conformance: setup
	@$(BIN)/ibys conformance run --gateway ibys --report build/conformance --accept-declared

# Writes the pins anew; needs uv, which only a maintainer has to have.
lock:
	uv pip compile pyproject.toml --extra dev --generate-hashes --universal --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade -o .ci/constraints.txt

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
