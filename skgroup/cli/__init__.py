"""The command line: an audit, or groups, of a table in a file."""

from skgroup.cli._main import main

__all__ = ["main"]
