"""From a table to classes and features: what is left out, and what is told about it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup.cli._messages import Messages
from skgroup.cli._usage_error import UsageError, no_such_column

__all__ = ["Samples", "choose_columns"]

MAX_CLASSES = 20
MIN_CLASS = 10
_DATE = r"\s*\d{4}-\d{1,2}-\d{1,2}|\s*\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"


@dataclass(frozen=True, eq=False)
class Samples:
    """Features as a frame of numbers and text, and the class of each row."""

    X: Any
    y: NDArray

    @property
    def size(self) -> str:
        """How much there is, as text."""
        n_rows, n_columns = self.X.shape
        return f"{n_rows} rows, {n_columns} columns, {len(np.unique(self.y))} classes"


def choose_columns(table: Any, target: str, left_out: list[str], messages: Messages) -> Samples:
    """Classes from the column `target`, features from what can be learnt from in the others."""
    if target not in table.columns:
        raise no_such_column(target, table.columns, "--target")
    for name in left_out:
        if name not in table.columns:
            raise no_such_column(name, table.columns, "--drop")
    y = classes_of(table[target], target)
    kept = {}
    for name in table.columns:
        if name == target or name in left_out:
            continue
        if reason := _why_not(table[name]):
            messages.note(f"column {name!r} is left out: {reason}.")
        else:
            kept[name] = _clean(table[name], name, messages)
    if not kept:
        raise UsageError(f"no column is left to learn {target!r} from.")
    for name in (name for name, column in kept.items() if _is_the_same(column, y)):
        messages.note(f"column {name!r} tells the class of every row: leave it out by --drop?")
    X = table[[]].assign(**kept).reset_index(drop=True)
    return Samples(X, y)


def classes_of(column: Any, name: str) -> NDArray:
    """Class labels, which must be few, known, and more than one."""
    missing = np.flatnonzero(column.isna())
    if len(missing):
        raise UsageError(
            f"the target {name!r} is missing in {len(missing)} of {len(column)} rows (the first is "
            f"row {missing[0]}, counted from 0): fill them in or remove them."
        )
    labels = column.to_numpy()
    if labels.dtype.kind in "biuf" and np.all(labels == np.trunc(labels)):
        labels = labels.astype(np.int64)
    elif labels.dtype.kind not in "f":
        labels = labels.astype(str)
    classes, sizes = np.unique(labels, return_counts=True)
    if len(classes) == 1:
        raise UsageError(
            f"the target {name!r} has the same value in every row ({classes.tolist()[0]!r}): at "
            "least two classes are needed."
        )
    if len(classes) > MAX_CLASSES:
        raise UsageError(
            f"the target {name!r} has {len(classes)} different values, and at most {MAX_CLASSES} "
            "classes can be told apart: numbers must be cut into ranges first."
        )
    if sizes.min() < MIN_CLASS:
        raise UsageError(
            f"class {classes[sizes.argmin()].item()!r} of the target {name!r} has "
            f"{sizes.min()} rows, and {MIN_CLASS} are needed: remove it, or join it to another."
        )
    return labels


def _why_not(column: Any) -> str:
    """Why nothing general can be learnt from a column; empty where something can."""
    known = column.dropna()
    n_values = known.nunique()
    if not len(known):
        return "it is empty"
    if n_values == 1 and len(known) == len(column):
        return "it has the same value in every row"
    if column.dtype.kind in "mM":
        return "it holds dates"
    if is_number(column):
        steps = np.diff(known.to_numpy())
        return "it numbers the rows" if len(steps) and np.all(steps == 1) else ""
    text = known.astype(str)
    if n_values > MAX_CLASSES and text.str.match(_DATE).all():
        return "it holds dates"
    if n_values > max(MAX_CLASSES, len(known) / 2):
        return "its text is another one in nearly every row, as names and IDs are"
    return ""


def _clean(column: Any, name: str, messages: Messages) -> Any:
    """Numbers as floats, and text as such; missing text is a value of its own."""
    n_missing = int(column.isna().sum())
    if is_number(column):
        numbers = column.astype(np.float64)
        n_endless = int(np.isinf(numbers).sum())
        if n_endless:
            messages.note(f"column {name!r} has {n_endless} infinite values: taken as missing.")
            numbers, n_missing = numbers.where(~np.isinf(numbers)), n_missing + n_endless
        if n_missing:
            messages.note(
                f"column {name!r} is missing in {n_missing} rows: the median, and a column that "
                "says so."
            )
        return numbers
    if n_missing:
        messages.note(f"column {name!r} is missing in {n_missing} rows: a value of its own.")
    return column.astype(object).where(column.notna(), "missing").astype(str).astype(object)


def is_number(column: Any) -> bool:
    """Whether a column of a frame holds numbers or truth values."""
    return column.dtype.kind in "biuf"


def _is_the_same(column: Any, y: NDArray) -> bool:
    """Whether values and classes go with each other one by one."""
    pairs = set(zip(column.tolist(), y.tolist(), strict=True))
    return len(pairs) == len(set(y.tolist())) == column.nunique(dropna=False)
