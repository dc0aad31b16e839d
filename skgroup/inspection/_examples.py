"""Rows to look at: the most typical of a group, those at its border, and the strangest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

__all__ = ["Examples", "pick_examples"]

Rows = tuple[int, ...]


@dataclass(frozen=True)
class Examples:
    """Positions of rows, the most telling ones first."""

    typical: Rows = ()
    borderline: Rows = ()
    extreme: Rows = ()


def pick_examples(Z: NDArray, labels: NDArray, rows: NDArray, n: int) -> dict[int, Examples]:
    """Examples of each group of one class, -1 for its outliers.

    Typical rows are nearest to the centroid of their group; borderline ones have the smallest
    difference between the distance to the nearest other centroid and that to their own; extreme
    ones are outliers, farthest from their nearest centroid. `Z`, of the whole data, is compared
    in the Euclidean metric; `rows` are those of the class, and `labels` their groups.
    """
    Z = Z[rows]
    groups = np.unique(labels[labels >= 0])
    if not len(groups):
        return {-1: Examples()}
    distances = cdist(Z, np.stack([Z[labels == g].mean(axis=0) for g in groups]))
    found = {}
    for i, group in enumerate(groups.tolist()):
        members = np.flatnonzero(labels == group)
        own = distances[members, i]
        others = np.delete(distances[members], i, axis=1)
        typical = _first(rows[members], own, n)
        border = _first(rows[members], others.min(axis=1) - own, n) if others.size else ()
        found[group] = Examples(typical, border)
    outside = np.flatnonzero(labels < 0)
    found[-1] = Examples(extreme=_first(rows[outside], -distances[outside].min(axis=1), n))
    return found


def _first(rows: NDArray, key: NDArray, n: int) -> Rows:
    """The `n` rows with the smallest keys; ties in the order of the rows."""
    return tuple(rows[np.argsort(key, kind="stable")[:n]].tolist())
