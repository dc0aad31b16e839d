"""What is told beside the result, on the stream of errors."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["Messages"]


@dataclass(frozen=True)
class Messages:
    """Notes for a person; `verbose` and `quiet` are the options of the command."""

    verbose: bool = False
    quiet: bool = False

    @property
    def shows_progress(self) -> bool:
        """Whether somebody is likely to watch."""
        return not self.quiet and (self.verbose or sys.stderr.isatty())

    def note(self, text: str) -> None:
        """Something to know about the result."""
        if not self.quiet:
            self._write(f"note: {text}")

    def step(self, text: str) -> None:
        """Something that begins."""
        if self.shows_progress:
            self._write(text)

    def error(self, text: str) -> None:
        """Why there is no result."""
        self._write(f"skgroup: error: {text}")

    @contextmanager
    def warnings_as_notes(self) -> Iterator[None]:
        """Tell the user's warnings as notes, and nobody the developer's."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = self._show
            yield

    def _show(self, message: Warning | str, *_: Any, **__: Any) -> None:
        self.note(" ".join(str(message).split()))

    def _write(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
