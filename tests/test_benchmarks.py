import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "benchmarks"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))
TOYS = sorted(path.stem for path in SCRIPTS.glob("*.py") if '"--toy"' in path.read_text())


@pytest.mark.parametrize("name", NAMES)
def test_every_script_finds_what_it_imports(name, monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))  # some ask for a single thread
    monkeypatch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
    assert importlib.import_module(name).__doc__


@pytest.mark.parametrize("name", TOYS)
def test_every_benchmark_with_a_small_size_runs(name):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, SCRIPTS / f"{name}.py", "--toy"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 2  # a table of results
