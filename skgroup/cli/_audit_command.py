"""`skgroup audit`: which groups a model fails."""

from argparse import Namespace
from collections.abc import Callable

from skgroup.auditing import audit
from skgroup.cli._models import MODELS
from skgroup.cli._output import check_output, write_text
from skgroup.cli._read_table import read_table
from skgroup.cli._task import Task

__all__ = ["audit_table"]


def audit_table(options: Namespace, tell: Callable[[str], None]) -> str:
    """Audit a model on the table that the options name; return the report as text."""
    check_output("--html", options.html, options.table)
    frame = read_table(options.table)
    task = Task.create(frame, options.target, options.groups, drop_groups=options.drop_groups)
    for note in task.notes:
        tell(f"note: {note}")
    report = audit(
        MODELS[options.model](options.seed),
        task.X,
        task.y,
        task.groups,
        random_state=options.seed,
        n_jobs=options.jobs,
        verbose=int(options.verbose),
    )
    if options.html is not None:
        write_text(options.html, report.to_html())
        tell(f"wrote {options.html}")
    return str(report)
