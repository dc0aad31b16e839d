"""The tests under the oldest and the newest versions of what skgroup needs.

`nox -s minimum` and `nox -s newest`; arguments after `--` go to pytest in place of the tests below.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import nox

PYTHON = "3.11"
TESTS = [
    "tests/classifiers", "tests/inference", "tests/training", "tests/metrics",
    "tests/test_encode_groups.py", "tests/test_estimator_checks.py",
]  # fmt: skip
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}

# torch's wheels for Linux bring several gigabytes for GPUs, unless there is a CPU build of the
# version; there is one of this. Its minimum is therefore not tried here.
TORCH = "torch==2.13.0"


def requirements(*extras: str) -> Iterator[str]:
    """The requirements of the package and of some extras, theirs included."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    for requirement in [*project["dependencies"], *(r for e in extras for r in optional[e])]:
        own = re.fullmatch(r"skgroup\[(.*)\]", requirement)
        yield from requirements(*own[1].split(",")) if own else [requirement]


def minima() -> list[str]:
    """Each requirement as the oldest version that it allows."""
    oldest = {r.replace(">=", "==") for r in requirements("all", "test") if "torch>=" not in r}
    return sorted({*oldest, TORCH})


@nox.session(python=PYTHON)
def minimum(session: nox.Session) -> None:
    """The oldest versions, all at once."""
    session.install(*minima())
    session.install("--no-deps", "--editable", ".")
    session.run("pytest", *(session.posargs or TESTS), env=ENVIRONMENT)


@nox.session(python=PYTHON)
def newest(session: nox.Session) -> None:
    """The newest versions of all but torch; warnings of what will change are errors here, too."""
    session.install("--upgrade", "--upgrade-strategy", "eager", TORCH, "--editable", ".[all,test]")
    session.run("pytest", *(session.posargs or TESTS), env=ENVIRONMENT)
