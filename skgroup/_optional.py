"""Packages that only some functions need."""

from importlib import import_module
from typing import Any

__all__ = ["optional"]


def optional(name: str, caller: str, extra: str) -> Any:
    """The module `name`; where it is not installed, an error that says what brings it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"{caller} needs {name.split('.')[0]}, which is not installed: run "
            f"`pip install 'skgroup[{extra}]'`."
        ) from error
