"""Files that a command writes: checked before the work, and whole or not there at all."""

import os
import tempfile
from pathlib import Path

from skgroup.cli._refusal import Refusal

__all__ = ["check_output", "write_text"]


def check_output(option: str, path: Path | None, source: Path) -> None:
    """Raise unless `path` can be written and is not the file that is read."""
    if path is None:
        return
    if path.is_dir():
        raise Refusal(f"{option}: {path} is a folder: name a file.")
    if not path.parent.is_dir():
        raise Refusal(f"{option}: there is no folder {path.parent}: make it first.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Refusal(f"{option}: {path} cannot be written: choose another place.")
    if path.exists() and path.samefile(source):
        raise Refusal(f"{option}: {path} is the table itself, which is never overwritten.")


def write_text(path: Path, text: str) -> None:
    """Write a file beside its place and move it there."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)  # temporary files are for their owner alone
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
