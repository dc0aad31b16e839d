"""Silhouettes of single rows, class by class."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import silhouette_samples

from skgroup.clustering._rows import sample_rows
from skgroup.displays._class_rows import ClassRows

__all__ = ["Silhouettes", "row_silhouettes"]


class Silhouettes(NamedTuple):
    """Of the rows of one class: title, values, groups of the same rows, mean."""

    title: str
    values: NDArray[np.float64]
    groups: NDArray[np.int64]
    mean: float


def row_silhouettes(rows: ClassRows, *, max_rows: int, random_state: Any) -> Silhouettes:
    """The values whose mean is :func:`skgroup.clustering.class_silhouette` of the same rows.

    Without a second group there are none, and the mean is -1.
    """
    shown = sample_rows(len(rows.Z), max_rows, random_state)
    Z, groups = rows.Z[shown], rows.groups[shown]
    part = "" if len(shown) == len(rows.Z) else f" ({len(shown):,} of {len(rows.Z):,} rows)"
    n_groups = len(np.unique(groups))
    if n_groups == 1:
        return Silhouettes(rows.title + part, np.full(len(shown), np.nan), groups, -1.0)
    alone = n_groups == len(shown)
    values = np.zeros(len(shown)) if alone else silhouette_samples(Z, groups).astype(float)
    return Silhouettes(rows.title + part, values, groups, float(values.mean()))
