"""The rows, the labels and the groups of a command, from the columns of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup.cli._refusal import Refusal, no_such_column

__all__ = ["Task"]

MAX_CLASSES = 20
# A column of text with more values than this, most of them met once, names rows.
MANY_VALUES = 50


@dataclass(frozen=True, eq=False)
class Task:
    """What a command works on.

    Attributes
    ----------
    X : DataFrame
        The features.
    y : ndarray of shape (n_rows,)
        The target.
    groups : DataFrame or None
        The columns that make the groups.
    rows : ndarray of shape (n_rows,)
        Positions in the file of the rows kept, counted from 0 below the header.
    notes : tuple of str
        What was left out, and why.
    """

    X: Any
    y: NDArray
    groups: Any
    rows: NDArray[np.intp]
    notes: tuple[str, ...]

    @classmethod
    def create(
        cls, frame: Any, target: str, groups: Sequence[str] = (), *, drop_groups: bool = False
    ) -> "Task":
        """Take a table apart.

        Raises
        ------
        Refusal
            If a column is missing, or the target is no class label.
        """
        _check_columns(frame, target, groups)
        known = frame[target].notna().to_numpy()
        notes = []
        if not known.all():
            notes.append(f"{int((~known).sum())} rows without {target!r} are left out.")
        frame = frame[known]
        y = _labels(frame[target], target)
        X = frame.drop(columns=[target, *(groups if drop_groups else ())])
        useless = {name: why for name in X.columns if (why := _why_useless(X[name]))}
        useless = {name: why for name, why in useless.items() if name not in groups}
        notes += [f"column {name!r} is left out: {why}." for name, why in useless.items()]
        X = X.drop(columns=list(useless))
        if X.shape[1] == 0:
            raise Refusal("there is no column left to learn from.")
        chosen = frame[list(groups)] if groups else None
        return cls(X, y, chosen, np.flatnonzero(known), tuple(notes))


def _check_columns(frame: Any, target: str, groups: Sequence[str]) -> None:
    twice = frame.columns[frame.columns.duplicated()].tolist()
    if twice:
        raise Refusal(f"the table has more than one column {twice[0]!r}: rename one.")
    if target not in frame.columns:
        raise no_such_column("--target", target, frame.columns)
    for name in groups:
        if name not in frame.columns:
            raise no_such_column("--groups", name, frame.columns)
    if target in groups:
        raise Refusal(f"--groups: {target!r} is the target: groups are compared within classes.")


def _labels(column: Any, target: str) -> NDArray:
    """The target as labels of one type, of which there are at least two and not too many."""
    if column.dtype.kind not in "biuf":
        column = column.astype(str)
    n_classes = column.nunique()
    if n_classes < 2:
        held = f"holds only {column.iloc[0]}" if len(column) else "is empty"
        raise Refusal(f"--target: column {target!r} {held}: at least two classes are needed.")
    if n_classes > MAX_CLASSES:
        raise Refusal(
            f"--target: column {target!r} has {n_classes} different values: name a column of at "
            f"most {MAX_CLASSES} classes, or cut this one into classes first."
        )
    values = column.to_numpy()
    whole = values.dtype.kind == "f" and (values == np.floor(values)).all()
    return values.astype(np.int64) if whole else values


def _why_useless(column: Any) -> str:
    """Why a column says nothing of new rows; empty where it may."""
    n_values = column.nunique()
    if n_values <= 1:
        return "all its values are equal" if column.notna().all() else "it is empty or constant"
    is_number = column.dtype.kind in "biuf"
    if not is_number and n_values > max(MANY_VALUES, len(column) / 2):
        return f"{n_values} different texts in {len(column)} rows name rows"
    in_order = column.is_monotonic_increasing or column.is_monotonic_decreasing
    if column.dtype.kind in "iu" and in_order and n_values == len(column) > MANY_VALUES:
        return "it numbers the rows"
    return ""
