"""Files that are written whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from skgroup.cli._usage_error import UsageError

__all__ = ["check_output", "write_whole"]


def check_output(path: Path, source: Path, suffixes: tuple[str, ...], option: str) -> None:
    """Raise UsageError, before any work, for a file that could not or should not be written."""
    if not path.name.lower().endswith(suffixes):
        raise UsageError(f"{option} {path}: the name must end in {' or '.join(suffixes)}.")
    if path.is_dir():
        raise UsageError(f"{option} {path} is a folder: give the name of a file.")
    if not path.parent.is_dir():
        raise UsageError(f"{option} {path}: there is no folder {path.parent}: make it first.")
    if path.exists() and source.exists() and path.samefile(source):
        raise UsageError(f"{option} {path} is the table itself: give another name.")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"{option} {path}: the folder {path.parent} may not be written to.")


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, and put it in its place at the end."""
    path = path.resolve()
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        part = Path(folder) / path.name  # the same name: its end says how it is to be packed
        write(part)
        part.replace(path)
