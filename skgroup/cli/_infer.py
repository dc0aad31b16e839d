"""The command that infers groups."""

import sys
import textwrap
from argparse import Namespace
from typing import Any

from skgroup.auditing._column_encoder import ColumnEncoder
from skgroup.cli._choose_columns import Samples, choose_columns
from skgroup.cli._messages import Messages
from skgroup.cli._output_file import check_output, write_whole
from skgroup.cli._read_table import import_pandas, read_table
from skgroup.inference import GradientGroupInferrer
from skgroup.inspection import describe_groups

__all__ = ["OUTPUTS", "run_infer"]

OUTPUTS = (".csv", ".csv.gz", ".parquet")
_WIDTH = 88


def run_infer(options: Namespace, messages: Messages) -> None:
    """Infer groups inside each class, print what they are, and write them to a file."""
    if options.out is not None:
        check_output(options.out, options.table, OUTPUTS, "--out")
    messages.step(f"reading {options.table}")
    table = read_table(options.table, options.sep)
    samples = choose_columns(table, options.target, options.drop, messages)
    messages.step(f"inferring groups: {samples.size}")
    inferrer = GradientGroupInferrer(
        options.k, clusterer=options.clusterer, n_jobs=options.jobs, random_state=options.seed
    )
    encoder = ColumnEncoder.fit(samples.X)
    X = encoder.transform(samples.X)
    inferrer.fit(X, samples.y)
    messages.step("describing groups")
    found = describe_groups(inferrer, X, samples.y, encoder.names, random_state=options.seed)
    sys.stdout.write(_as_text(samples, inferrer, found))
    if options.out is not None:
        write_whole(options.out, lambda path: _write_groups(path, samples, inferrer))
        messages.note(f"the group of every row is in {options.out}.")


def _as_text(samples: Samples, inferrer: Any, found: Any) -> str:
    n_groups = inferrer.n_groups_
    groups = "1 group" if n_groups == 1 else f"{n_groups} groups"
    lines = [f"{samples.size}: {groups}", "", _table_of(found), ""]
    for text in str(found).splitlines():
        lines.append(_wrapped(text))
    return "\n".join(lines) + "\n"


def _wrapped(text: str) -> str:
    """Lines of a paragraph; names and percentages stay whole."""
    fixed = text.replace(" %", "\u00a0%")
    lines = textwrap.fill(fixed, _WIDTH, subsequent_indent="    ", break_on_hyphens=False)
    return lines.replace("\u00a0", " ")


def _table_of(found: Any) -> str:
    rows = [("class", "group", "rows", "of class", "errors")]
    for own in found:
        name = "none" if own.is_outliers else str(own.group)
        share, errors = f"{own.share:.1%}", f"{own.error_rate:.1%}"
        rows.append((str(own.class_label), name, str(own.size), share, errors))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )


def _write_groups(path: Any, samples: Samples, inferrer: Any) -> None:
    frame = import_pandas().DataFrame({"class": samples.y, "group": inferrer.groups_})
    frame.insert(0, "row", range(len(frame)))
    if path.name.lower().endswith(".parquet"):
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)
