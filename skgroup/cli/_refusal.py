"""What a command line refuses to do, in words for the person who typed it."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["Refusal", "no_such_column"]


class Refusal(Exception):
    """Input that a command cannot use: one or two lines, without a traceback."""


def no_such_column(option: str, name: str, columns: Iterable[str]) -> Refusal:
    """Say that a column is missing, and which one may be meant."""
    known = list(columns)
    lowered = {column.lower(): column for column in known}
    near = [lowered[match] for match in get_close_matches(name.lower(), lowered, n=3)]
    hint = f"Did you mean {', '.join(map(repr, near))}?" if near else f"Columns: {_some(known)}."
    return Refusal(f"{option}: there is no column {name!r}. {hint}")


def _some(names: list[str]) -> str:
    return ", ".join(map(repr, names[:12])) + (", ..." if len(names) > 12 else "")
