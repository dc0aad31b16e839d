"""`skgroup infer`: the hidden groups of a table, one label a row."""

import textwrap
from argparse import Namespace
from collections.abc import Callable

from skgroup.auditing._column_encoder import ColumnEncoder
from skgroup.cli._output import check_output, write_text
from skgroup.cli._read_table import read_table
from skgroup.cli._task import Task
from skgroup.inference import GradientGroupInferrer
from skgroup.inspection import describe_groups

__all__ = ["infer_table"]


def infer_table(options: Namespace, tell: Callable[[str], None]) -> str:
    """Infer the groups of the table that the options name; return what they are as text."""
    import pandas as pd

    check_output("--out", options.out, options.table)
    task = Task.create(read_table(options.table), options.target)
    for note in task.notes:
        tell(f"note: {note}")
    encoder = ColumnEncoder.fit(task.X)
    X = encoder.transform(task.X)
    inferrer = GradientGroupInferrer(
        k=options.k, random_state=options.seed, n_jobs=options.jobs, verbose=int(options.verbose)
    ).fit(X, task.y)
    if options.out is not None:
        found = pd.DataFrame({"row": task.rows, options.target: task.y, "group": inferrer.groups_})
        write_text(options.out, found.to_csv(index=False))
        tell(f"wrote {options.out}")
    described = describe_groups(inferrer, X, task.y, encoder.names, random_state=options.seed)
    paragraphs = str(described).splitlines()
    return "\n".join(textwrap.fill(text, 88, subsequent_indent="  ") for text in paragraphs)
