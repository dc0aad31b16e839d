"""Whether the clusters of one class lie further apart than those of a single cloud would."""

from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from skgroup.clustering import class_silhouette, cluster_class

__all__ = ["NULL_ROWS", "draw_null", "p_value", "separation"]

# Silhouettes need all distances: of larger classes this many rows are clustered again.
NULL_ROWS = 2000

# Norms that spread by a smaller share of their mean say nothing; the rows lie on a sphere.
SPREAD = 0.1


def separation(Z: NDArray[Any], settings: dict[str, Any], seed: int) -> float:
    """Silhouette of the clusters that `settings` of `cluster_class` give; -1 for one cluster."""
    labels = cluster_class(Z, **settings, random_state=seed).labels_
    return class_silhouette(Z, labels, max_rows=len(Z))


def draw_null(Z: NDArray[Any], random_state: int | RandomState) -> NDArray[np.float64]:
    """Draw as many rows as `Z` has from one Gaussian with its mean and covariance.

    Where the rows of `Z` are little more than directions, their norms spread by less than a tenth
    of the mean, those drawn get the same norms in random order.
    """
    rng = check_random_state(random_state)
    mean = Z.mean(axis=0)
    _, deviation, axes = np.linalg.svd(Z - mean, full_matrices=False)
    drawn = rng.standard_normal((len(Z), len(deviation))) * (deviation / np.sqrt(len(Z)))
    drawn = drawn @ axes + mean
    norms = np.linalg.norm(Z, axis=1)
    if norms.std() < SPREAD * norms.mean():
        drawn *= (rng.permutation(norms) / np.linalg.norm(drawn, axis=1))[:, None]
    return drawn


def separation_of_null(Z: NDArray[Any], settings: dict[str, Any], seed: int) -> float:
    """Silhouette of the clusters found in one draw."""
    rng = check_random_state(seed)
    drawn = draw_null(Z, rng)
    return separation(drawn, settings, int(rng.randint(np.iinfo(np.int32).max)))


def p_value(observed: float, null: NDArray) -> float:
    """Share of draws that are at least as extreme, the observed value counted as one of them."""
    return (1 + int((np.asarray(null) >= observed).sum())) / (1 + len(null))
