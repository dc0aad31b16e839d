"""The rows, the labels and the groups of a command, from the columns of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup._groups import cross_groups
from skgroup.cli._columns import clean, tells_classes, why_useless
from skgroup.cli._refusal import Refusal, no_such_column

__all__ = ["Task"]

MAX_CLASSES, MAX_GROUPS = 20, 100
MIN_CLASS = 10


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
        What was left out or filled in, and why.
    """

    X: Any
    y: NDArray
    groups: Any
    rows: NDArray[np.intp]
    notes: tuple[str, ...]

    @classmethod
    def create(
        cls,
        frame: Any,
        target: str,
        groups: Sequence[str] = (),
        *,
        drop_groups: bool = False,
        drop: Sequence[str] = (),
    ) -> "Task":
        """Take a table apart.

        Raises
        ------
        Refusal
            If a column is missing, or the target is no class label.
        """
        _check_columns(frame, target, groups, drop)
        known = frame[target].notna().to_numpy()
        notes = []
        if not known.all():
            notes.append(f"{int((~known).sum())} rows without {target!r} are left out.")
        frame = frame[known]
        y = _labels(frame[target], target)
        left_out = {target, *drop, *(groups if drop_groups else ())}
        X, said = _features(frame.drop(columns=list(left_out)), y, groups)
        notes += said
        if X.shape[1] == 0:
            raise Refusal("there is no column left to learn from.")
        chosen = frame[list(groups)] if groups else None
        return cls(X, y, chosen, np.flatnonzero(known), tuple(notes))

    def crossed_groups(self) -> NDArray | None:
        """The groups as text, crossed with each other and with the classes; None for no group."""
        if self.groups is None:
            return None
        columns = [self.groups[name].to_numpy() for name in self.groups]
        codes, names = cross_groups(self.y, columns, return_names=True)
        n_groups = len(np.unique(codes[codes >= 0]))
        if n_groups > MAX_GROUPS:
            sizes = ", ".join(f"{name}: {self.groups[name].nunique()}" for name in self.groups)
            raise Refusal(
                f"--groups: there are {n_groups} groups, too many to be judged (values: {sizes}): "
                "name fewer columns, or cut numbers into ranges first."
            )
        return np.array([names[code] if code >= 0 else None for code in codes], dtype=object)


def _features(frame: Any, y: NDArray, groups: Sequence[str]) -> tuple[Any, list[str]]:
    """What can be learnt from, and notes of what is left out, filled in or suspicious."""
    kept, notes = {}, []
    for name in frame.columns:
        why = "" if name in groups else why_useless(frame[name])
        if why:
            notes.append(f"column {name!r} is left out: {why}.")
            continue
        kept[name], missing = clean(frame[name])
        notes += [missing] if missing else []
        if tells_classes(frame[name], y):
            notes.append(f"column {name!r} tells the class of every row: --drop {name}?")
    return frame[list(kept)].assign(**kept), notes


def _check_columns(frame: Any, target: str, groups: Sequence[str], drop: Sequence[str]) -> None:
    twice = frame.columns[frame.columns.duplicated()].tolist()
    if twice:
        raise Refusal(f"the table has more than one column {twice[0]!r}: rename one.")
    if target not in frame.columns:
        raise no_such_column("--target", target, frame.columns)
    for name in groups:
        if name not in frame.columns:
            raise no_such_column("--groups", name, frame.columns)
    for name in drop:
        if name not in frame.columns:
            raise no_such_column("--drop", name, frame.columns)
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
    sizes = column.value_counts()
    if sizes.iloc[-1] < MIN_CLASS:
        raise Refusal(
            f"--target: class {sizes.index[-1]} of column {target!r} has {sizes.iloc[-1]} rows, "
            f"and {MIN_CLASS} are needed: remove them, or join the class to another."
        )
    values = column.to_numpy()
    whole = values.dtype.kind == "f" and (values == np.floor(values)).all()
    return values.astype(np.int64) if whole else values
