"""How many clusters a class has."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from skgroup.clustering._class_silhouette import class_silhouette

CANDIDATES = (2, 3, 4, 5)


def choose_k(Z: NDArray, labels_for: Callable[[int], NDArray[np.intp]]) -> int:
    """The number of clusters from 2 to 5 with the largest mean silhouette.

    Outliers count as one more cluster, so this is the `k` that
    :func:`~skgroup.clustering.class_silhouette` prefers. Ties go to the smaller number.

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
    scores = [class_silhouette(Z, labels_for(k), max_rows=len(Z)) for k in CANDIDATES]
    return CANDIDATES[int(np.argmax(scores))]
