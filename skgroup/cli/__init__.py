"""The command line: `skgroup audit` and `skgroup infer`."""

from skgroup.cli._main import main

__all__ = ["main"]
