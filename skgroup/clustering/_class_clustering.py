"""What clustering the rows of one class gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skgroup.clustering._class_stages import Stage
from skgroup.clustering._rows import check_rows


@dataclass(frozen=True, eq=False)
class ClassClustering:
    """The groups of one class, made by :func:`cluster_class`.

    Attributes
    ----------
    labels_ : ndarray of shape (n_rows,)
        Group of every row, from 0 without gaps; -1 for outliers.
    k_ : int or None
        Number of clusters asked for, by the caller or by the silhouette; None for clusterers
        that find it themselves.
    eps_ : float or None
        Radius of "dbscan", given or chosen; None for others, and where no radius tried could
        split the class.
    min_samples_ : int or None
        The same for `min_samples` of "dbscan" and "hdbscan", after the cap for small classes.
    usable_ : bool
        False where the class is one group although a split was asked for.
    reason_ : str
        Why it is; empty where `usable_`. Fits after "the class is one group: ".
    n_fitted_ : int
        Rows that the first model was fitted on. Fewer than the rows of the class above
        `max_exact`, where the others were assigned by the fitted rule.
    stages_ : tuple
        The fitted models, one a round. A row that any of them makes an outlier is one; the last
        decides on the others. Empty where no model could split the class.
    dtype_ : numpy dtype
        Float type that rows are converted to.

    Examples
    --------
    >>> from skgroup.clustering import cluster_class
    >>> groups = cluster_class([[0.0], [0.0], [0.0]], "kmeans", k=2)
    >>> groups.labels_, groups.usable_, groups.reason_
    (array([0, 0, 0]), False, 'it has 1 distinct row, fewer than the 2 needed')
    """

    labels_: NDArray[np.intp]
    k_: int | None
    eps_: float | None
    min_samples_: int | None
    usable_: bool
    reason_: str
    n_fitted_: int
    stages_: tuple[Stage, ...]
    dtype_: Any

    def predict(self, Z: ArrayLike) -> NDArray[np.intp]:
        """Assign rows to the groups by the fitted rule.

        Parameters
        ----------
        Z : array-like of shape (n_rows, n_columns)
            New rows, or those of the fit. On the latter the result equals `labels_` for
            "kmeans", "gmm" and "hdbscan"; for "dbscan" a border row between two groups goes to
            the nearer one.

        Returns
        -------
        labels : ndarray of shape (n_rows,)
            0 and above, or -1 for outliers.
        """
        Z = check_rows(Z, [self.dtype_])
        labels, rows = np.zeros(len(Z), dtype=np.intp), np.arange(len(Z))
        for stage in self.stages_:
            if len(rows):
                labels[rows] = stage.assign(Z[rows])
                rows = rows[labels[rows] >= 0]
        return labels
