"""Options of the command line."""

from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from pathlib import Path

from skgroup import __version__
from skgroup.cli._audit import run_audit
from skgroup.cli._infer import run_infer
from skgroup.cli._make_model import MODELS

__all__ = ["make_parser"]

_EXAMPLES = """\
examples:
  skgroup audit loans.csv --target default
  skgroup audit loans.csv --target default --groups sex,region --html report.html
  skgroup infer loans.csv --target default --k 2 --out groups.csv

Results go to standard output, notes and progress to standard error.
Exit status: 0 done, 1 the run failed, 2 the command or the table cannot be used, 130 interrupted.
"""
_AUDIT = """\
Train a model on one part of the table, and say on the other which groups it fails, how surely,
and whether other training serves them better. Without --groups, groups are inferred.
"""
_AUDIT_EXAMPLES = """\
examples:
  skgroup audit loans.csv --target default --quick
  skgroup audit loans.csv --target default --model trees --html report.html --jobs 2
  skgroup audit loans.csv --target default --groups sex,region --drop-groups
"""
_INFER = """\
Infer groups inside each class from the gradients that rows leave in a model, and say what sets
them apart. In the file of --out, rows are counted from 0, and -1 is no group.
"""
_INFER_EXAMPLES = """\
examples:
  skgroup infer loans.csv --target default
  skgroup infer loans.parquet --target default --k 2 --out groups.csv
"""


def make_parser() -> ArgumentParser:
    """The parser of all commands."""
    parser = ArgumentParser(
        prog="skgroup", epilog=_EXAMPLES, formatter_class=RawDescriptionHelpFormatter,
        description="Find groups of rows that a classifier fails.", allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"skgroup {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_audit(
        commands.add_parser(
            "audit", help="say which groups a model fails", description=_AUDIT,
            epilog=_AUDIT_EXAMPLES, formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False,
        )
    )  # fmt: skip
    _add_infer(
        commands.add_parser(
            "infer", help="infer groups and say what they are", description=_INFER,
            epilog=_INFER_EXAMPLES, formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False,
        )
    )  # fmt: skip
    return parser


def _add_audit(parser: ArgumentParser) -> None:
    _add_shared(parser)
    parser.add_argument(
        "--groups", type=_names, default=[], metavar="COLUMN,COLUMN",
        help="columns of known groups, crossed with each other and with the classes",
    )  # fmt: skip
    parser.add_argument(
        "--drop-groups", action="store_true", help="keep these columns from the model"
    )
    parser.add_argument(
        "--model", choices=list(MODELS), default="logistic",
        help="what is audited: logistic regression (default), boosted trees or a random forest",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true", help="no other models, and no test of inferred groups"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page too")
    parser.set_defaults(run=run_audit)


def _add_infer(parser: ArgumentParser) -> None:
    _add_shared(parser)
    parser.add_argument(
        "--k", type=_positive, metavar="N",
        help="groups in each class (default: as many as the data suggest)",
    )  # fmt: skip
    parser.add_argument(
        "--clusterer", choices=["kmeans", "gmm", "dbscan", "hdbscan"], default="kmeans",
        help="what clusters the gradients (default: kmeans)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write row, class and group (csv or Parquet)"
    )
    parser.set_defaults(run=run_infer)


def _add_shared(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("table", type=Path, metavar="TABLE", help="a .csv, .csv.gz or .parquet file")
    add("--target", required=True, metavar="COLUMN", help="the column of classes")
    add(
        "--drop", type=_names, default=[], metavar="COLUMN,COLUMN", help="columns not to learn from"
    )
    add("--sep", metavar="CHARACTER", help="what separates the values of a csv (default: comma)")
    add(
        "--seed", type=_seed, default=0, metavar="N", help="seed of all that is random (default: 0)"
    )
    add("--jobs", type=_jobs, metavar="N", help="processes to work with; -1: one for each core")
    add("-v", "--verbose", action="store_true", help="show progress even where nobody watches")
    add("-q", "--quiet", action="store_true", help="no notes and no progress")
    add("--debug", action="store_true", help="show where in the program an error arose")


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise ArgumentTypeError(f"{text!r} names no column between two commas")
    return list(dict.fromkeys(names))


def _positive(text: str) -> int:
    return _whole(text, 1, "a whole number from 1")


def _seed(text: str) -> int:
    number = _whole(text, 0, "a whole number from 0 to 4294967295")
    if number >= 2**32:
        raise ArgumentTypeError(f"{text!r} is no whole number from 0 to 4294967295")
    return number


def _jobs(text: str) -> int:
    number = _whole(text, -(2**16), "a whole number other than 0")
    if number == 0:
        raise ArgumentTypeError("0 processes do no work: give another number, or -1 for all cores")
    return number


def _whole(text: str, least: int, what: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise ArgumentTypeError(f"{text!r} is not {what}")
    return number
