import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "benchmarks"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))
# What makes a script small that has no `--toy`.
SMALL = {
    "bench_blobs": ["--seeds", "1", "--jobs", "1"],
    "bench_inference": [
        "--only", "blobs01", "--seeds", "1", "--noise", "0.05", "--methods", "default",
        "--jobs", "1",
    ],
    "bench_methods": ["--repeats", "1", "--only", "ERM", "weighted logistic"],
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_script_finds_what_it_imports(name, monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))  # some ask for a single thread
    monkeypatch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
    assert importlib.import_module(name).__doc__


def small(name):
    """Arguments for a run of seconds; None where there are none."""
    has_toy = '"--toy"' in (SCRIPTS / f"{name}.py").read_text()
    return ["--toy"] if has_toy else SMALL.get(name)


@pytest.mark.parametrize("name", [name for name in NAMES if small(name)])
def test_scripts_run_at_a_small_size(name, tmp_path):
    done = subprocess.run(
        [sys.executable, SCRIPTS / f"{name}.py", *small(name)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert any(digit in done.stdout for digit in "123456789"), done.stdout
