"""How many clusters a class has."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics.pairwise import euclidean_distances

from skgroup.clustering._class_silhouette import distance_silhouette

CANDIDATES = range(2, 9)

# A split that explains the rows about as well as the best one, with fewer groups, is the better
# one to train on: each group is larger. As a share, because silhouettes of .85 and of .3 differ
# in what a difference of .05 says.
NEAR = 0.85


def silhouettes_by_k(
    Z: NDArray, labels_for: Callable[[int], NDArray[np.intp]]
) -> NDArray[np.float64]:
    """Mean silhouette of one class for each of 2 to 8 clusters.

    Outliers count as one more cluster, as in :func:`~skgroup.clustering.class_silhouette`.

    Parameters
    ----------
    Z : ndarray of shape (n_rows, n_columns)
        Rows of one class, few enough for all their distances.
    labels_for : callable
        Takes a number of clusters and returns the labels of the rows.

    Returns
    -------
    scores : ndarray of shape (7,)
    """
    distances = euclidean_distances(Z.astype(np.float64))
    return np.array([distance_silhouette(distances, labels_for(k)) for k in CANDIDATES])


def choose_k(scores: ArrayLike) -> int:
    """The best number of clusters, or a smaller one that leads up to it and is nearly as good.

    From the best one the way goes down as long as the score stays above 85 % of the best. It does
    not jump over a gap: where the score rises with k, that of two clusters may come near because
    any two halves do better than three thirds, and not because there are two groups.

    Parameters
    ----------
    scores : array-like of shape (n_candidates,)
        Of 2 and more clusters, as of :func:`silhouettes_by_k`, or their mean over classes.

    Returns
    -------
    k : int
    """
    scores = np.asarray(scores)
    best = int(np.argmax(scores))
    near = scores >= scores[best] - (1 - NEAR) * abs(scores[best])
    while best > 0 and near[best - 1]:
        best -= 1
    return CANDIDATES[0] + best
