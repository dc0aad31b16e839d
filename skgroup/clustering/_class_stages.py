"""Clusters too small to be groups: set aside and clustered again, or merged."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances_argmin


class NoSplit(Exception):
    """The class cannot be split; the message says why."""


@dataclass(frozen=True, eq=False)
class Stage:
    """A fitted model, and the group that each of its large clusters becomes.

    Attributes
    ----------
    model : object with a ``predict`` method
        Gives raw labels.
    ids : ndarray of shape (n_ids,)
        Raw labels that are kept, sorted; rows with any other are outliers.
    groups : ndarray of shape (n_ids,)
        Their groups.
    centroids : ndarray of shape (n_groups, n_columns) or None
        Of each group, where outliers join the nearest. None: they stay outliers.
    """

    model: Any
    ids: NDArray[Any]
    groups: NDArray[np.intp]
    centroids: NDArray[np.float64] | None = None

    def assign(self, Z: NDArray[Any]) -> NDArray[np.intp]:
        """Groups of rows, -1 for outliers."""
        return self.place(Z, self.model.predict(Z))

    def place(self, Z: NDArray[Any], raw: NDArray[Any]) -> NDArray[np.intp]:
        """Groups of rows with known raw labels, -1 for outliers."""
        groups = self.rename(raw)
        left = groups < 0
        if self.centroids is not None and left.any():
            groups[left] = pairwise_distances_argmin(Z[left].astype(np.float64), self.centroids)
        return groups

    def rename(self, raw: NDArray[Any]) -> NDArray[np.intp]:
        """Groups of raw labels, -1 for those that are not kept."""
        position = np.searchsorted(self.ids, raw).clip(max=len(self.ids) - 1)
        return np.where(self.ids[position] == raw, self.groups[position], -1)


def fit_stages(
    Z: NDArray[Any],
    fit: Callable[[NDArray[Any]], tuple[Any, NDArray[Any]]],
    *,
    needed: int,
    min_share: float,
    small_clusters: str,
    repeat: bool,
) -> tuple[NDArray[np.intp], list[Stage]]:
    """Cluster, deal with small clusters, and cluster the rest again until none is small.

    Parameters
    ----------
    Z : ndarray of shape (n_rows, n_columns)
        Rows of one class.
    fit : callable
        Takes rows and returns a model and their raw labels, below 0 for noise.
    needed : int
        Distinct rows that `fit` needs. When setting small clusters aside leaves fewer, the
        large ones stand.
    min_share : float
        Share of the rows of the class below which a cluster is small.
    small_clusters : {"outlier", "merge"}
        Set small clusters aside, or join each to the large one with the nearest centroid, and
        every row of noise too.
    repeat : bool
        Whether to cluster again what is left after setting aside. Never done after noise.

    Returns
    -------
    labels : ndarray of shape (n_rows,)
        Groups from 0 without gaps, -1 for outliers.
    stages : list of Stage
        A row belongs to the group of the last stage, unless an earlier one made it an outlier.

    Raises
    ------
    NoSplit
        If there are fewer distinct rows than needed, or no large cluster.
    """
    if (distinct := count_distinct(Z, needed)) < needed:
        rows_word = "row" if distinct == 1 else "rows"
        raise NoSplit(f"it has {distinct} distinct {rows_word}, fewer than the {needed} needed")
    labels, rows, stages = np.full(len(Z), -1), np.arange(len(Z)), []
    rest = Z
    while True:
        model, raw = fit(rest)
        ids, large = _large_clusters(raw, min_share, len(Z))
        if small_clusters == "merge":
            stage = _merge_small(rest, model, raw, ids, large)
        else:
            stage = Stage(model, ids[large], np.arange(large.sum()))
        stages.append(stage)
        labels[rows] = stage.place(rest, raw)
        keep = labels[rows] >= 0
        rest, rows = rest[keep], rows[keep]
        is_last = keep.all() or (raw < 0).any() or not repeat
        if is_last or count_distinct(rest, needed) < needed:
            return labels, stages


def count_distinct(Z: NDArray[Any], most: int) -> int:
    """Number of distinct rows, counted up to `most`."""
    count = 0
    while len(Z) and count < most:
        count += 1
        Z = Z[(Z[0] != Z).any(axis=1)]
    return count


def _large_clusters(
    raw: NDArray[Any], min_share: float, n_rows: int
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Raw labels of all clusters, and which of them are large."""
    ids, sizes = np.unique(raw[raw >= 0], return_counts=True)
    if not len(ids):
        raise NoSplit("all its rows are noise")
    large = sizes >= min_share * n_rows - 1e-9  # .07 * 100 is more than 7
    if not large.any():
        raise NoSplit(f"none of its clusters has {min_share:.3g} of its {n_rows} rows")
    return ids, large


def _merge_small(
    Z: NDArray[Any], model: Any, raw: NDArray[Any], ids: NDArray[Any], large: NDArray[np.bool_]
) -> Stage:
    """Give large clusters groups of their own, all else that of the nearest large one."""
    centroids = np.array([Z[raw == i].mean(axis=0, dtype=np.float64) for i in ids])
    nearest = pairwise_distances_argmin(centroids, centroids[large])
    return Stage(model, ids, np.where(large, large.cumsum() - 1, nearest), centroids[large])
