"""The entry of the command line."""

import os
import sys
from collections.abc import Sequence

from skgroup.cli._messages import Messages
from skgroup.cli._parser import make_parser
from skgroup.cli._usage_error import UsageError

__all__ = ["main"]

DONE, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and say how it ended.

    Parameters
    ----------
    arguments : sequence of str, default=None
        The words after ``skgroup``. None: those that Python was started with.

    Returns
    -------
    int
        The exit status: 0 done, 1 the run failed, 2 the table cannot be used, 130 interrupted.

    Raises
    ------
    SystemExit
        With status 2 for options that do not exist, and with 0 after help and version.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skgroup.cli import main
    >>> from skgroup.datasets import load_compas
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "compas.csv"
    ...     load_compas(as_frame=True).frame[:500].to_csv(path, index=False)
    ...     status = main(["infer", str(path), "--target", "two_year_recid", "--k", "1"])
    500 rows, 8 columns, 2 classes: 2 groups
    ...
    >>> status
    0
    """
    options = make_parser().parse_args(arguments)
    messages = Messages(options.verbose, options.quiet)
    try:
        with messages.warnings_as_notes():
            options.run(options, messages)
            sys.stdout.flush()
    except KeyboardInterrupt:
        messages.error("interrupted.")
        return INTERRUPTED
    except BrokenPipeError:
        # Who read the output has enough of it. Python would complain again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        if options.debug:
            raise
        messages.error(_told(error))
        return UNUSABLE if isinstance(error, UsageError) else FAILED
    return DONE


def _told(error: Exception) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, UsageError):
        return text
    return f"{type(error).__name__}: {text} (--debug shows where)"
