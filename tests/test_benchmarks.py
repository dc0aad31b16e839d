import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
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


READERS = ["table", "parquet", "columns", "archive", "weights", "checkpoint"]


def broken(content, rng):
    """Cut somewhere, or with a few bytes that are others, left out or doubled."""
    if rng.random() < 0.2:
        return content[: rng.integers(len(content))]
    changed = bytearray(content)
    for at in rng.integers(len(changed), size=rng.integers(1, 5)):
        kind = rng.integers(3)
        changed[at : at + kind % 2 + 1] = rng.integers(256, size=kind, dtype=np.uint8).tobytes()
    return bytes(changed)


@pytest.mark.filterwarnings("ignore")  # the packages that read warn of what looks odd
@pytest.mark.parametrize("name", READERS)
def test_readers_refuse_broken_files(name, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
    fuzz, rng = importlib.import_module("soak_fuzz"), np.random.default_rng(0)
    assert list(fuzz.READERS) == READERS
    for content in fuzz.READERS[name][1]():
        fuzz.read(name, content)
        for _ in range(40):
            fuzz.read(name, broken(content, rng))  # nothing but a told refusal may come out
