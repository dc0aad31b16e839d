"""Errors of the user of the command line."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["UsageError", "no_such_column"]


class UsageError(Exception):
    """What was asked for cannot be done; the message says what can."""


def no_such_column(name: str, columns: Iterable[str], option: str) -> UsageError:
    """An error that names columns which look like the one that is missing."""
    there = {column.casefold(): column for column in columns}
    close = [there[c] for c in get_close_matches(name.casefold(), there, n=3, cutoff=0.5)]
    listed = list(there.values())
    more = f" and {len(listed) - 20} more" if len(listed) > 20 else ""
    hint = f"Did you mean {' or '.join(map(repr, close))}?" if close else (
        f"It has: {', '.join(listed[:20])}{more}."
    )  # fmt: skip
    return UsageError(f"the table has no column {name!r} ({option}). {hint}")
