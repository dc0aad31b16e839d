"""Embedded rows with their groups, class by class."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length, column_or_1d

from skgroup._encode_groups import encode_groups
from skgroup._groups import check_same_index, group_name
from skgroup.clustering._rows import check_rows
from skgroup.displays._find_inferrer import find_inferrer
from skgroup.displays._labels import column_name
from skgroup.displays._score_models import check_some_rows

__all__ = ["ClassRows", "inferred_rows", "known_rows"]


@dataclass(frozen=True, eq=False)
class ClassRows:
    """The rows of one class, or all rows.

    Attributes
    ----------
    title : str
        What they are.
    Z : ndarray of shape (n_rows, n_columns)
        Where they lie.
    groups : ndarray of shape (n_rows,)
        Indices into `names`, -1 for outliers.
    names : list of str
        Names of all groups, those of other classes too.
    reduction : object or None
        What gave `Z` its columns, where their order says something.
    """

    title: str
    Z: NDArray[np.float64]
    groups: NDArray[np.int64]
    names: list[str]
    reduction: Any = None


def inferred_rows(
    estimator: Any, X: Any, y: Any, groups: Any, *, by_class: bool = True
) -> list[ClassRows]:
    """What a fitted inferrer makes of rows, in the space of each class or the one of all.

    `groups` take the place of those of the inferrer; with `by_class`, rows that share one space
    are told apart by class all the same.
    """
    check_same_index(X=X, y=y, groups=groups)
    inferrer, X = find_inferrer(estimator, X)
    values, codes = inferrer._check_new(X, y)
    Z, clusters = inferrer._assign(values, codes)
    if groups is None:
        own = inferrer._ids.lookup(codes, clusters)
        names = [str(i) for i in range(inferrer.n_groups_)]
    else:
        own, labels = encode_groups(groups, len(codes))
        names = [group_name(label) for label in labels.tolist()]
    chosen: Any = getattr(inferrer, "best_inferrer_", inferrer)
    shared = getattr(chosen, "scope", "class") == "global"
    if shared and not by_class:
        return [ClassRows("all classes", Z, own, names, _reduction(chosen, 0))]
    called, classes = column_name(y, "class"), inferrer.classes_.tolist()
    return [
        ClassRows(
            f"{called} {classes[c]}", Z[codes == c], own[codes == c], names,
            _reduction(chosen, 0 if shared else c),
        )
        for c in np.unique(codes)
    ]  # fmt: skip


def _reduction(inferrer: Any, part: int) -> Any:
    """What an inferrer that clusters has reduced the rows of a part with."""
    parts = getattr(inferrer, "_parts", None)
    return None if parts is None else parts.parts[part].embedding.pca


def known_rows(Z: Any, groups: Any, y: Any) -> list[ClassRows]:
    """Rows and groups as they are given; without `y` they are all of one class."""
    check_same_index(Z=Z, groups=groups, y=y)
    check_some_rows("Z", Z)
    rows = check_rows(Z).astype(np.float64, copy=False)
    codes, labels = encode_groups(groups, len(rows))
    names = [group_name(label) for label in labels.tolist()]
    if y is None:
        return [ClassRows("all rows", rows, codes, names)]
    classes = column_or_1d(y)
    check_consistent_length(rows, classes)
    called = column_name(y, "class")
    return [
        ClassRows(f"{called} {label}", rows[classes == label], codes[classes == label], names)
        for label in np.unique(classes).tolist()
    ]
