"""DBSCAN in blocks of rows: exact, and never more than a block of distances in memory."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from skgroup.clustering._rows import are_unit_rows, check_rows

BLOCK_ENTRIES = 2**22
BLOCK_ROWS = 256


class BlockedDBSCAN:
    r"""DBSCAN on unit rows by cosine distance, or on any rows by Euclidean distance.

    Two rows are neighbours when :math:`|z_i - z_j|^2 / 2 \le` `eps`. For rows of norm 1 the left
    side is :math:`1 - \langle z_i, z_j \rangle`, the cosine distance; in general the rule is
    Euclidean DBSCAN with radius :math:`\sqrt{2\,\mathrm{eps}}`. Where every row has norm 1 or 0,
    a zero row has no direction and its cosine distance to every other row is 1.

    Labels are those of :class:`sklearn.cluster.DBSCAN`, whose neighbourhood lists can take
    memory of the order of n_rows squared. Here neighbours are counted, and core rows connected,
    by products of blocks of rows; at most `BLOCK_ENTRIES` distances are held at once.

    Parameters
    ----------
    eps : float
        Largest distance of neighbours, above 0. At 2 and above all unit rows are neighbours.
    min_samples : int
        Neighbours, itself included, that make a row a core row.

    Attributes
    ----------
    labels_ : ndarray of shape (n_rows,)
        Clusters in the order of their first core row, -1 for noise. A row that is no core row
        takes the first cluster with a core row within the radius.
    core_sample_indices_ : ndarray of shape (n_core_rows,)
        The core rows.

    References
    ----------
    Ester, Kriegel, Sander, Xu (1996). A density-based algorithm for discovering clusters in
    large spatial databases with noise. KDD.

    Examples
    --------
    >>> from skgroup.clustering._blocked_dbscan import BlockedDBSCAN
    >>> Z = [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [-1.0, 0.0], [-0.8, -0.6]]
    >>> model = BlockedDBSCAN(eps=0.25, min_samples=2).fit(Z)
    >>> model.labels_
    array([ 0,  0, -1,  1,  1])
    >>> model.predict([[0.6, 0.8], [0.0, -1.0]])
    array([ 0, -1])
    """

    def __init__(self, eps: float, min_samples: int) -> None:
        self.eps = eps
        self.min_samples = min_samples

    def fit(self, Z: ArrayLike) -> Self:
        """Cluster rows.

        Parameters
        ----------
        Z : array-like of shape (n_rows, n_columns)
            Never changed.

        Returns
        -------
        self : BlockedDBSCAN
        """
        Z = check_rows(Z, [np.float64])
        self._unit_rows = are_unit_rows(Z)
        left, right = self._factors(Z)
        is_core = _count_neighbours(left, right) >= self.min_samples
        self.core_sample_indices_ = np.flatnonzero(is_core)
        self._core = right[is_core]
        self._core_labels = _connect(left[is_core], self._core)
        self.labels_ = np.full(len(Z), -1)
        self.labels_[is_core] = self._core_labels
        self.labels_[~is_core] = self._first_cluster(left[~is_core])
        return self

    def fit_predict(self, Z: ArrayLike) -> NDArray[np.intp]:
        """Cluster rows and return their labels, ``fit(Z).labels_``."""
        return self.fit(Z).labels_

    def predict(self, Z: ArrayLike) -> NDArray[np.intp]:
        """Label of the nearest core row within the radius, else -1.

        Parameters
        ----------
        Z : array-like of shape (n_rows, n_columns)
            New rows, or those of the fit. On the latter the result equals `labels_`, except
            that a border row between two clusters goes to the nearer one.

        Returns
        -------
        labels : ndarray of shape (n_rows,)
        """
        Z = check_rows(Z)
        labels = np.full(len(Z), -1)
        if not len(self._core):
            return labels
        for rows in _blocks(len(Z), len(self._core)):
            closeness = self._factors(Z[rows])[0] @ self._core.T
            nearest = closeness.argmax(axis=1)
            within = np.take_along_axis(closeness, nearest[:, None], axis=1)[:, 0] >= 0
            labels[rows] = np.where(within, self._core_labels[nearest], -1)
        return labels

    def _factors(self, Z: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Rows whose products are eps - |a - b|^2 / 2: neighbours have one that is >= 0."""
        half = np.einsum("ij,ij->i", Z, Z, dtype=np.float64) / 2
        if self._unit_rows:
            half[half == 0] = 0.5
        one = np.ones(len(Z))
        return np.column_stack([Z, one, self.eps - half]), np.column_stack([Z, -half, one])

    def _first_cluster(self, left: NDArray[np.float64]) -> NDArray[np.intp]:
        labels = np.full(len(left), -1)
        none = len(self._core)
        for rows in _blocks(len(left), none):
            near = left[rows] @ self._core.T >= 0
            first = np.where(near, self._core_labels, none).min(axis=1, initial=none)
            labels[rows] = np.where(first < none, first, -1)
        return labels


def _blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    size = max(1, min(BLOCK_ROWS, BLOCK_ENTRIES // max(n_columns, 1)))
    return (slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size))


def _count_neighbours(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.intp]:
    counts = np.zeros(len(left), dtype=np.intp)
    for rows in _blocks(len(left), len(left)):
        near = left[rows] @ right[rows.start :].T >= 0
        counts[rows] += near.sum(axis=1)
        counts[rows.stop :] += near[:, rows.stop - rows.start :].sum(axis=0)
    return np.maximum(counts, 1)  # a zero row counts itself too


def _connect(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.intp]:
    """Label the connected components of core rows in the order of their first row."""
    n_rows = len(left)
    component = np.arange(n_rows)
    for rows in _blocks(n_rows, n_rows):
        mine, columns = component[rows], np.arange(rows.start, n_rows)
        if (mine == mine[0]).all():
            columns = columns[component[columns] != mine[0]]
        theirs = component[columns]
        # Pairs that are connected already are the bulk: leave them out before listing any.
        near = (left[rows] @ right[columns].T >= 0) & (mine[:, None] != theirs)
        a, b = np.nonzero(near)
        if len(a):
            graph = coo_array((np.ones(len(a)), (mine[a], theirs[b])), shape=(n_rows, n_rows))
            component = connected_components(graph, directed=False)[1][component]
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    return first.argsort().argsort()[inverse]
