"""`skgroup infer`: the hidden groups of a table, one label a row."""

import textwrap
from argparse import Namespace
from collections.abc import Callable

from skgroup.auditing._column_encoder import ColumnEncoder
from skgroup.cli._output import check_output, write_text
from skgroup.cli._read_table import read_table
from skgroup.cli._task import Task
from skgroup.inference import GradientGroupInferrer
from skgroup.inspection import GroupDescriptions, describe_groups

__all__ = ["infer_table"]


def infer_table(options: Namespace, tell: Callable[[str], None]) -> str:
    """Infer the groups of the table that the options name; return what they are as text."""
    check_output("--out", options.out, options.table, (".csv",))
    frame = read_table(options.table, options.sep)
    task = Task.create(frame, options.target, drop=options.drop)
    for note in task.notes:
        tell(f"note: {note}")
    encoder = ColumnEncoder.fit(task.X)
    X = encoder.transform(task.X)
    inferrer = GradientGroupInferrer(
        k=options.k, random_state=options.seed, n_jobs=options.jobs, verbose=int(options.verbose)
    ).fit(X, task.y)
    if options.out is not None:
        import pandas as pd

        found = pd.DataFrame({"row": task.rows, options.target: task.y, "group": inferrer.groups_})
        write_text(options.out, found.to_csv(index=False))
        tell(f"wrote {options.out}")
    described = describe_groups(inferrer, X, task.y, encoder.names, random_state=options.seed)
    n_groups = f"{inferrer.n_groups_} groups" if inferrer.n_groups_ > 1 else "1 group"
    head = f"{len(task.y)} rows, {task.X.shape[1]} columns: {n_groups}"
    return "\n".join(
        [head, "", _table_of(described), "", *map(_wrapped, str(described).split("\n"))]
    )


def _table_of(described: GroupDescriptions) -> str:
    """Sizes and errors of the groups, one line each."""
    lines = [("class", "group", "rows", "of class", "errors")]
    for own in described:
        name = "none" if own.is_outliers else str(own.group)
        shares = f"{own.share:.1%}", f"{own.error_rate:.1%}"
        lines.append((str(own.class_label), name, str(own.size), *shares))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


def _wrapped(text: str) -> str:
    """A paragraph in lines; names with hyphens and percentages stay whole."""
    whole = text.replace(" %", "\u00a0%")
    lines = textwrap.fill(whole, 88, subsequent_indent="  ", break_on_hyphens=False)
    return lines.replace("\u00a0", " ")
