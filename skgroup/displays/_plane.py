"""Rows of any number of columns, in the plane."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from skgroup.displays._class_rows import ClassRows

__all__ = ["Plane", "project", "sample_groups"]

LEAST = 50  # rows of a group that a sample keeps, or all that it has


class Plane(NamedTuple):
    """Points of shape (n_rows, 2), their groups, and what the picture has to say of them."""

    title: str
    points: NDArray[np.float64]
    groups: NDArray[np.int64]
    axes: tuple[str, str]


def project(rows: ClassRows, *, own_reduction: bool, max_rows: int, random_state: Any) -> Plane:
    """The first two columns where a reduction has made them, else the principal components.

    A single column is drawn against the share of its group that lies below.
    """
    Z, ratios = _two_columns(rows, own_reduction)
    shown = sample_groups(rows.groups, max_rows, random_state)
    part = "" if len(shown) == len(Z) else f" ({len(shown):,} of {len(Z):,} rows)"
    names = [f"component {i + 1}" + (f" ({100 * r:.0f} %)" if r > 0 else "") for i, r in
             enumerate(ratios)]  # fmt: skip
    if Z.shape[1] == 1:
        Z = np.column_stack([Z, shares_below(Z[:, 0], rows.groups)])
        names = [names[0], "share of the group below"]
    return Plane(rows.title + part, Z[shown], rows.groups[shown], (names[0], names[1]))


def _two_columns(rows: ClassRows, own_reduction: bool) -> tuple[NDArray[np.float64], list[float]]:
    """At most two columns, and which share of the variance each has, 0 where unknown."""
    Z, ratios = rows.Z, [0.0, 0.0]
    known = getattr(rows.reduction, "explained_variance_ratio_", None)
    if own_reduction and rows.reduction is not None:
        ratios = ratios if known is None else [*known, 0.0]
    elif Z.shape[1] > 2 and len(Z) > 2 and np.ptp(Z, axis=0).any():
        pca = PCA(2, random_state=0).fit(Z)
        Z, ratios = pca.transform(Z), pca.explained_variance_ratio_.tolist()
    # Spaces with fewer dimensions than those of other classes are filled up with zeros.
    width = 1 if Z.shape[1] == 1 or not Z[:, 1].any() else 2
    return Z[:, :width], ratios[:2]


def shares_below(values: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each row the share of its group with smaller values, ties in the order of rows."""
    shares = np.zeros(len(values))
    for group in np.unique(groups):
        own = np.flatnonzero(groups == group)
        shares[own[np.argsort(values[own], kind="stable")]] = np.arange(len(own)) / len(own)
    return shares


def sample_groups(groups: NDArray[np.int64], max_rows: int, random_state: Any) -> NDArray[np.intp]:
    """Sorted indices of about `max_rows` rows, small groups as they are."""
    if len(groups) <= max_rows:
        return np.arange(len(groups))
    rng = np.random.RandomState(random_state)
    present, sizes = np.unique(groups, return_counts=True)
    wanted = np.maximum(max_rows * sizes // len(groups), np.minimum(sizes, LEAST))
    return np.sort(
        np.concatenate(
            [
                rng.permutation(np.flatnonzero(groups == group))[:n]
                for group, n in zip(present, wanted, strict=True)
            ]
        )
    )
