import importlib
import os
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "benchmarks"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_every_script_finds_what_it_imports(name, monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))  # some ask for a single thread
    monkeypatch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
    assert importlib.import_module(name).__doc__
