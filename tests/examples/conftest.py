import importlib
import sys
from pathlib import Path

import pytest

from skgroup.training import _checkpoint

PAPERS = Path(__file__).parents[2] / "examples" / "papers"


@pytest.fixture
def script(monkeypatch, request):
    """The script that the test file is named after."""
    monkeypatch.setattr(sys, "path", [str(PAPERS), *sys.path])
    return importlib.import_module(request.path.stem.removeprefix("test_"))


@pytest.fixture
def killed_after(monkeypatch):
    """Let the process die, so to speak, once a number of epochs have been saved."""

    class Killed(Exception):
        pass

    def run(n_saves, function):
        save, saved = _checkpoint.Checkpoint.save, []

        def save_or_die(self, state):
            save(self, state)
            saved.append(self.path)
            if len(saved) == n_saves:
                raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(_checkpoint.Checkpoint, "save", save_or_die)
            with pytest.raises(Killed):
                function()
        return saved[-1]

    return run
