"""Which radius and which number of neighbours suit a class."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.metrics.pairwise import euclidean_distances

from skgroup.clustering._class_models import (
    MIN_SAMPLES_OF_A_SAMPLE,
    capped_min_samples,
)
from skgroup.clustering._class_silhouette import distance_silhouette
from skgroup.clustering._hdbscan_labels import hdbscan_labels
from skgroup.clustering._rows import are_unit_rows

EPS = tuple((np.arange(2, 15) / 20).tolist())
MIN_SAMPLES = (5, 10, 20, 30, 40, 50, 60, 100)

# The same partition under other numbers has the same silhouette up to rounding.
TIE = 1e-12


def choose_density(
    Z: NDArray[Any],
    clusterer: str,
    *,
    eps: float | None,
    min_samples: int | None,
    min_share: float,
    n_rows: int,
) -> tuple[float | None, int | None]:
    """The settings of a density clusterer with the highest silhouette.

    Noise counts as one more cluster, small clusters as noise: both are scattered, so that throwing
    rows away has its price. Distances are computed once, for all settings. Ties go to the smaller
    `eps`, then to the smaller `min_samples`.

    Parameters
    ----------
    Z : ndarray of shape (n_sampled_rows, n_columns)
        Rows of one class, few enough for all their distances.
    clusterer : {"dbscan", "hdbscan"}
        The model; "hdbscan" has no `eps`.
    eps : float or None
        The radius. None: .1 to .7 by .05 for rows of norm 1, and for others that times the
        median squared distance of a row from the mean of the class. (Rows on a sphere around
        their mean get the same radii either way.)
    min_samples : int or None
        Neighbours that make a core row. None: 5, 10, 20, 30, 40, 50, 60 and 100, without those
        beyond the cap for the class.
    min_share : float
        Share of the rows below which a cluster is small.
    n_rows : int
        Rows of the class, of which `Z` is a sample: neighbourhoods are thinner in it.

    Returns
    -------
    eps, min_samples : float or None, int or None
        The best, `min_samples` for all rows of the class. What was given is returned; where no
        setting gives two labels, the others are None.
    """
    best, chosen = -1.0, (eps, min_samples)
    if len(Z) < 2:
        return chosen
    Z = Z.astype(np.float64)
    distances = euclidean_distances(Z)
    counts = numbers_to_try(n_rows, len(Z)) if min_samples is None else (min_samples,)
    thinned = [capped_min_samples(m, n_rows, len(Z)) for m in counts]
    radii: tuple[Any, ...] = (eps,)
    found: Iterator[NDArray[np.intp]]
    if clusterer == "hdbscan":
        found = (hdbscan_labels(distances, m, metric="precomputed") for m in thinned)
    else:
        radii = radii_to_try(Z) if eps is None else (eps,)
        found = dbscan_grid(half_squares(Z, distances), radii, thinned)
    settings = [(radius, count) for radius in radii for count in counts]
    scores: dict[bytes, float] = {}
    for setting, labels in zip(settings, found, strict=True):
        labels = small_as_noise(labels, min_share)
        key = labels.tobytes()
        if key not in scores:
            scores[key] = distance_silhouette(distances, labels)
        if scores[key] > best + TIE:
            best, chosen = scores[key], setting
    return chosen


def numbers_to_try(n_rows: int, n_sampled: int) -> tuple[int, ...]:
    """The `min_samples` to try in a class, of which a sample is looked at.

    Numbers that the cap for the class makes equal are tried once, as are those that would be
    below the least number that a sample can ask for.
    """
    least = MIN_SAMPLES_OF_A_SAMPLE * n_rows // n_sampled if n_sampled < n_rows else 1
    return tuple(sorted({max(least, capped_min_samples(m, n_rows, n_rows)) for m in MIN_SAMPLES}))


def radii_to_try(Z: NDArray[np.float64]) -> tuple[float, ...]:
    """The radii to try, as half squared distances."""
    if are_unit_rows(Z):
        return EPS
    squares = ((Z - Z.mean(axis=0)) ** 2).sum(axis=1)
    unit = float(np.median(squares) or squares.mean() or 1.0)
    return tuple(unit * eps for eps in EPS)


def half_squares(Z: NDArray[np.float64], distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """What DBSCAN compares with its radius, as in :class:`BlockedDBSCAN`."""
    half = distances**2 / 2
    if are_unit_rows(Z):
        no_direction = ~Z.any(axis=1)
        half[no_direction] = half[:, no_direction] = 1.0
        np.fill_diagonal(half, 0)
    return half


def dbscan_grid(
    half: NDArray[np.float64], radii: tuple[float, ...], counts: list[int]
) -> Iterator[NDArray[np.intp]]:
    """Labels of DBSCAN for each radius, and within it for each number of neighbours.

    For one number of neighbours, the clusters of all radii are cuts through one tree: the single
    linkage of distances of which none is shorter than those within which its two rows become core
    rows.
    """
    reach = np.partition(half, [m - 1 for m in counts], axis=1)[:, [m - 1 for m in counts]].T
    trees = [
        linkage(squareform(np.maximum(half, np.maximum(r, r[:, None])), checks=False), "single")
        for r in reach
    ]
    for eps in radii:
        near = half <= eps
        for core_at, tree in zip(reach, trees, strict=True):
            yield _cut(near, core_at <= eps, fcluster(tree, eps, "distance"))


def _cut(
    near: NDArray[np.bool_], is_core: NDArray[np.bool_], branch: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Core rows keep their branch; others take the first cluster with a core row near them."""
    labels = np.full(len(near), -1)
    if not is_core.any():
        return labels
    _, first, inverse = np.unique(branch[is_core], return_index=True, return_inverse=True)
    labels[is_core] = core_labels = first.argsort().argsort()[inverse]
    none = len(first)
    nearest = np.where(near[np.ix_(~is_core, is_core)], core_labels, none).min(axis=1, initial=none)
    labels[~is_core] = np.where(nearest < none, nearest, -1)
    return labels


def small_as_noise(labels: NDArray[np.intp], min_share: float) -> NDArray[np.intp]:
    sizes = np.bincount(labels + 1)
    small = sizes < min_share * len(labels) - 1e-9
    return np.where(small[labels + 1], -1, labels)
