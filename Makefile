# `make demo` and `make test` set up everything they need; PYTHON=python3.11 chooses another Python.
PYTHON ?= python3
JOBS ?= 2

BIN := .venv/bin
READY := .venv/.ready
SOAK := .venv/.soak
# `make bench MNIST=mnist.npz` also runs what needs MNIST.
# One thread for each worker: several would fight over the cores. Plots go to files, not to windows.
RUN := OMP_NUM_THREADS=1 MPLBACKEND=Agg $(BIN)/python

.PHONY: demo test unit doctest docs coverage lint audit-dependencies types toys bench soak soak-fuzz mutants clean

demo: $(READY)
	$(RUN) examples/plot_compas.py

test: unit doctest

unit: $(READY)
	$(RUN) -m pytest -n $(JOBS)

doctest: $(READY)
	$(RUN) -m pytest -n $(JOBS) --doctest-modules --doctest-glob='*.md' --ignore=docs/conf.py \
		skgroup docs README.md

# The pages, with every example run for the gallery. A warning fails, but all are told;
# -E reads every page again, because docstrings share parts that Sphinx does not follow.
docs: $(READY)
	$(RUN) -m sphinx -W --keep-going -E -q -d docs/_build/doctrees docs docs/_build/html
	$(BIN)/python docs/_ext/check_links.py docs/_build/html

coverage: $(READY)
	$(RUN) -m pytest -n $(JOBS) --cov

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/bandit -q -c pyproject.toml -r skgroup benchmarks docs examples noxfile.py

# Known holes in what is installed, asked of a public service: needs the network, no part of CI.
audit-dependencies: $(READY)
	$(BIN)/python -m pip install --disable-pip-version-check pip-audit
	$(BIN)/pip-audit --local --skip-editable

types: $(READY)
	$(BIN)/mypy

# Every benchmark that has a small size, once.
toys: $(READY)
	for script in $$(grep -l '"--toy"' benchmarks/*.py); do \
		$(RUN) $$script --toy || exit 1; done

bench: $(READY)
	for script in benchmarks/bench_*.py; do $(RUN) $$script || exit 1; done
	for script in $(if $(MNIST),colored_mnist shortcut_digits); do \
		$(RUN) benchmarks/$$script.py --mnist "$(MNIST)" || exit 1; done

# Long runs of what `make test` does briefly.
soak: $(READY)
	SKGROUP_SOAK=1 $(RUN) -m pytest -n $(JOBS) tests/integration
	$(RUN) benchmarks/soak_kills.py --kills 200

# Broken files for every reader; SECONDS for each of them.
soak: soak-fuzz
soak-fuzz: $(SOAK)
	$(RUN) benchmarks/soak_fuzz.py --seconds $(or $(SECONDS),300)

# Small changes to the code, of which the tests should notice nine in ten; NAMES picks some, like
# 'skgroup.samplers*'.
soak: mutants
mutants: $(SOAK)
	$(RUN) -m mutmut run --max-children $(JOBS) $(NAMES)
	$(RUN) -m mutmut results

clean:
	rm -rf .venv build dist demo_output .coverage htmlcov
	rm -rf docs/_build docs/auto_examples docs/reference docs/sg_execution_times.rst
	rm -rf mutants .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A new stamp is written only when the whole installation went through.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check \
		--constraint constraints.txt --editable '.[test,lint,docs]'
	touch $@

$(SOAK): $(READY)
	$(BIN)/python -m pip install --disable-pip-version-check --editable '.[soak]'
	touch $@
