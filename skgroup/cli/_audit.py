"""The command that audits a model."""

import sys
from argparse import Namespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup._groups import cross_groups
from skgroup.auditing import audit
from skgroup.cli._choose_columns import choose_columns
from skgroup.cli._make_model import make_model
from skgroup.cli._messages import Messages
from skgroup.cli._output_file import check_output, write_whole
from skgroup.cli._read_table import read_table
from skgroup.cli._usage_error import UsageError, no_such_column

__all__ = ["run_audit"]

MAX_GROUPS = 100


def run_audit(options: Namespace, messages: Messages) -> None:
    """Train a model on the table, print which groups it fails, and write that as a page."""
    if options.html is not None:
        check_output(options.html, options.table, (".html", ".htm"), "--html")
    messages.step(f"reading {options.table}")
    table = read_table(options.table, options.sep)
    _check_groups(table, options)
    left_out = options.drop + (options.groups if options.drop_groups else [])
    samples = choose_columns(table, options.target, left_out, messages)
    groups = _groups_of(table, samples.y, options.groups, messages) if options.groups else None
    messages.step(f"auditing: {samples.size}")
    less: dict[str, Any] = {"alternatives": [], "n_refits": 0} if options.quick else {}
    report = audit(
        make_model(options.model, samples.X, options.seed), samples.X, samples.y, groups,
        random_state=options.seed, n_jobs=options.jobs, verbose=int(messages.shows_progress),
        **less,
    )  # fmt: skip
    sys.stdout.write(f"{report}\n")
    if options.html is not None:
        page = report.to_html()
        write_whole(options.html, lambda path: path.write_text(page, encoding="utf-8"))
        messages.note(f"the report with pictures is in {options.html}.")


def _check_groups(table: Any, options: Namespace) -> None:
    if options.drop_groups and not options.groups:
        raise UsageError("--drop-groups leaves out the columns of --groups: name them.")
    for name in options.groups:
        if name not in table.columns:
            raise no_such_column(name, table.columns, "--groups")
        if name == options.target:
            raise UsageError(
                f"{name!r} is the target, and groups are crossed with it anyway: leave it out of "
                "--groups."
            )


def _groups_of(table: Any, y: NDArray, names: list[str], messages: Messages) -> NDArray:
    """Class by group columns, as text; rows without a group are None."""
    codes, titles = cross_groups(y, [table[name].to_numpy() for name in names], return_names=True)
    n_groups = len(np.unique(codes[codes >= 0]))
    if n_groups > MAX_GROUPS:
        sizes = ", ".join(f"{name}: {table[name].nunique()}" for name in names)
        raise UsageError(
            f"--groups makes {n_groups} groups, and more than {MAX_GROUPS} cannot be judged "
            f"(values of {sizes}): name fewer columns, or cut numbers into ranges first."
        )
    if n_none := np.count_nonzero(codes < 0):
        messages.note(f"{n_none} rows belong to no group, because a group column is missing there.")
    return np.array([titles[code] if code >= 0 else None for code in codes], dtype=object)
