import argparse
import re
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skgroup import __version__
from skgroup.cli._audit_command import audit_table
from skgroup.cli._infer_command import infer_table
from skgroup.cli._models import MODELS
from skgroup.cli._refusal import Refusal

__all__ = ["main"]

# Control characters other than line ends and tabs, and those that turn the direction of a text.
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

EXAMPLES = """examples:
  skgroup audit compas.csv --target two_year_recid --html report.html
  skgroup audit compas.csv --target two_year_recid --groups race,sex
  skgroup infer compas.csv --target two_year_recid --out groups.csv

exit codes: 0 done, 1 failed, 2 the command or the table cannot be used, 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Results go to the standard output, notes, warnings and progress to the standard error.

    Parameters
    ----------
    arguments : sequence of str, default=None
        What follows the name of the command; None: those of the process.

    Returns
    -------
    code : int
        0 done, 1 failed, 2 the command or the table cannot be used, 130 interrupted.

    Examples
    --------
    >>> from skgroup.cli import main
    >>> main(["audit", "no_such_file.csv", "--target", "y"])
    2
    """
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # until the block ends
            text = options.run(options, _say)
        print(_harmless(text))
        sys.stdout.flush()
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        sys.stderr.close()
        return 0
    except Exception as error:
        return _tell_error(error, debug=options.debug)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="skgroup",
        description="Find the hidden groups of a table, and say which groups a model fails.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"skgroup {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    audit = _command(commands, "audit", audit_table, "say which groups a model fails")
    audit.add_argument(
        "--groups", type=_names, default=(), metavar="A,B",
        help="columns whose values, crossed with the classes, are the groups; inferred without",
    )  # fmt: skip
    audit.add_argument(
        "--drop-groups", action="store_true", help="keep the columns of --groups from the model"
    )
    audit.add_argument(
        "--model", choices=MODELS, default="boosting",
        help="what is audited: gradient boosting (default), logistic regression or a network",
    )  # fmt: skip
    audit.add_argument(
        "--quick", action="store_true", help="no other models, and no test of inferred groups"
    )
    audit.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page too")
    infer = _command(commands, "infer", infer_table, "find hidden groups, one label a row")
    infer.add_argument("--out", type=Path, metavar="FILE", help="write row, class and group as CSV")
    infer.add_argument("--k", type=_positive, help="groups in each class; chosen without")
    return parser


def _command(commands: Any, name: str, run: Any, summary: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=f"{summary.capitalize()}.")
    parser.add_argument("table", type=Path, help="CSV (compressed or not) or Parquet file")
    parser.add_argument("--target", required=True, help="column of the classes")
    parser.add_argument(
        "--drop", type=_names, default=(), metavar="A,B", help="columns that are no features"
    )
    parser.add_argument(
        "--sep", type=_separator, default=",", help="what separates the columns of a CSV file"
    )
    parser.add_argument("--seed", type=_seed, default=0, help="seed of all that is random")
    parser.add_argument("--jobs", type=_jobs, metavar="N", help="processes; -1 for all cores")
    parser.add_argument(
        "-v", "--verbose", action="store_true", default=sys.stderr.isatty(),
        help="show progress also where it is no terminal that reads it",
    )  # fmt: skip
    parser.add_argument("--debug", action="store_true", help="show where an error comes from")
    parser.set_defaults(run=run)
    return parser


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} names no column between two commas")
    return names


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to 4294967295")
    return int(text)


def _jobs(text: str) -> int:
    if not text.removeprefix("-").isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes: 1 or more, or -1")
    return int(text)


def _separator(text: str) -> str:
    mark = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if len(mark) != 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no single character, nor 'tab'")
    return mark


def _show_warning(message: Any, *where: Any, **more: Any) -> None:
    _say(f"warning: {message}")


def _say(text: str) -> None:
    print(_harmless(text), file=sys.stderr)


def _harmless(text: str) -> str:
    """Text whose cells and names, which come from a table, cannot steer the terminal."""
    return _STEERING.sub("?", text)


def _tell_error(error: Exception, *, debug: bool) -> int:
    """Say what went wrong; 2 where other input would have done, 1 otherwise."""
    if debug:
        traceback.print_exc()
    # What the library refuses is a ValueError with a text for its users, too.
    is_input = isinstance(error, (Refusal, ValueError))
    kind = "" if is_input else f"{type(error).__name__}: "
    hint = "" if debug or is_input else " (--debug shows where)"
    _say(f"skgroup: error: {kind}{error}{hint}")
    return 2 if is_input else 1
