"""How well the clusters of one class are separated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import silhouette_score
from sklearn.utils import check_consistent_length, column_or_1d

from skgroup.clustering._rows import check_rows, sample_rows


def class_silhouette(
    Z: ArrayLike,
    labels: ArrayLike,
    *,
    max_rows: int = 5000,
    random_state: int | RandomState | None = None,
) -> float:
    """Mean silhouette of the clusters of one class, outliers counted as one more cluster.

    Outliers are scattered, so counting them as a cluster lowers the score of a partition that
    throws many rows away.

    Parameters
    ----------
    Z : array-like of shape (n_rows, n_columns)
        What was clustered. Never changed.
    labels : array-like of shape (n_rows,)
        One label a row, -1 for outliers.
    max_rows : int, default=5000
        Above it, the mean is taken over this many rows drawn at random.
    random_state : int, RandomState instance or None, default=None
        Seed of that draw.

    Returns
    -------
    score : float
        Between -1 (worst) and 1 (best); -1.0 where all rows have one label, and 0.0 where every
        row has its own, because the silhouette of a single row is 0.

    Raises
    ------
    ValueError
        If `Z` and `labels` differ in length, or `Z` is not a finite 2-D array.

    References
    ----------
    Rousseeuw (1987). Silhouettes: a graphical aid to the interpretation and validation of
    cluster analysis. Journal of Computational and Applied Mathematics 20.

    Examples
    --------
    >>> from skgroup.clustering import class_silhouette
    >>> class_silhouette([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1])
    0.899...
    >>> class_silhouette([[0.0], [1.0], [10.0], [11.0]], [0, 0, 0, 0])
    -1.0
    """
    Z = check_rows(Z)
    all_labels = column_or_1d(labels)
    check_consistent_length(Z, all_labels)
    rows = sample_rows(len(Z), max_rows, random_state)
    some_labels = all_labels[rows]
    n_labels = len(np.unique(some_labels))
    if n_labels == 1:
        return -1.0
    if n_labels == len(rows):
        return 0.0
    return float(silhouette_score(Z[rows], some_labels))


def distance_silhouettes(
    distances: NDArray[np.float64], labels: NDArray[Any]
) -> NDArray[np.float64]:
    """Silhouette of each row, from the distances between all; zeros where there is one label.

    It is one product of matrices, so that many partitions of the same rows cost little.
    """
    found, own, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if len(found) == 1:
        return np.zeros(len(labels))
    rows, n_own = np.arange(len(labels)), sizes[own]
    sums = distances @ (own[:, None] == np.arange(len(found))).astype(np.float64)
    inside = sums[rows, own] / np.maximum(n_own - 1, 1)
    means = sums / sizes
    means[rows, own] = np.inf
    outside = means.min(axis=1)
    larger = np.maximum(inside, outside)
    usable = (n_own > 1) & (larger > 0)
    return np.divide(outside - inside, larger, out=np.zeros(len(labels)), where=usable)


def distance_silhouette(distances: NDArray[np.float64], labels: NDArray[Any]) -> float:
    """:func:`class_silhouette` of all rows, from the distances between them."""
    if (labels == labels[0]).all():
        return -1.0
    return float(distance_silhouettes(distances, labels).mean())
