"""Labels of new rows from the nearest row of known label."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances_argmin_min
from sklearn.neighbors import NearestNeighbors

from skgroup.clustering._closeness import Closeness
from skgroup.clustering._nearest_label import nearest_labels

FEW_ROWS = 256  # up to here preparing products costs more than it saves


@dataclass(frozen=True, eq=False)
class NearestRow:
    """Give every row the label of the nearest of `rows`.

    Attributes
    ----------
    rows : ndarray of shape (n_rows, n_columns)
        Rows of known label: the rows of a fit, or the centres of its clusters.
    labels : ndarray of shape (n_rows,)
        Their labels, 0 and above, or -1 for noise.
    reach : ndarray of shape (n_labels,) or None
        Distance up to which a row can join each label, farther ones being noise. None: any.
    """

    rows: NDArray[Any]
    labels: NDArray[Any]
    reach: NDArray[np.float64] | None = None

    def predict(self, Z: NDArray[Any]) -> NDArray[Any]:
        """Labels of rows, -1 where the nearest row is noise or out of reach."""
        if self.reach is None and (self.labels == self.labels[0]).all():
            return np.full(len(Z), self.labels[0])
        if len(self.rows) > FEW_ROWS:
            reach = None if self.reach is None else self.reach**2 / 2
            rows = Closeness.of(self.rows, unit_rows=False)
            return nearest_labels(Z, rows, self.labels, reach)
        nearest, distance = pairwise_distances_argmin_min(Z, self.rows)
        labels = self.labels[nearest]
        if self.reach is None:
            return labels
        return np.where((labels >= 0) & (distance <= self.reach[labels]), labels, -1)


def fit_nearest_row(Z: NDArray[Any], labels: NDArray[Any]) -> NearestRow:
    """Extend a labelling without a rule of its own to new rows.

    Where the labelling has noise, a cluster reaches as far as its loneliest row is from the
    next row of the cluster, and new rows beyond that are noise.

    Parameters
    ----------
    Z : ndarray of shape (n_rows, n_columns)
        The labelled rows.
    labels : ndarray of shape (n_rows,)
        Their labels, 0 and above, or -1 for noise.

    Returns
    -------
    rule : NearestRow
        On rows of the fit it returns `labels`, unless equal rows have different labels.
    """
    if (labels >= 0).all() or (labels < 0).all():
        return NearestRow(Z, labels)
    reach = np.zeros(labels.max() + 1)
    for label in np.unique(labels[labels >= 0]):
        mine = Z[labels == label]
        if len(mine) > 1:
            reach[label] = NearestNeighbors(n_neighbors=1).fit(mine).kneighbors()[0].max()
    # Distances of equal rows are rounding errors of this order, not zero.
    return NearestRow(Z, labels, reach + 1e-6 * np.linalg.norm(Z, axis=1).max())
