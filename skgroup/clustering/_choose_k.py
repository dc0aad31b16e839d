"""How many clusters a class has."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from skgroup.clustering._class_silhouette import class_silhouette

CANDIDATES = range(2, 9)

# A split that explains the class about as well as the best one, with fewer groups, is the better
# one to train on: each group is larger. Differences below this say nothing about the structure.
TOLERANCE = 0.05


def choose_k(Z: NDArray, labels_for: Callable[[int], NDArray[np.intp]]) -> int:
    """The smallest number of clusters whose mean silhouette comes near the best of 2 to 8.

    Near is within 0.05. Outliers count as one more cluster, as in
    :func:`~skgroup.clustering.class_silhouette`.

    Parameters
    ----------
    Z : ndarray of shape (n_rows, n_columns)
        Rows of one class, few enough for all their distances.
    labels_for : callable
        Takes a number of clusters and returns the labels of the rows.

    Returns
    -------
    k : int
    """
    scores = np.array([class_silhouette(Z, labels_for(k), max_rows=len(Z)) for k in CANDIDATES])
    return CANDIDATES[int(np.argmax(scores >= scores.max() - TOLERANCE))]
