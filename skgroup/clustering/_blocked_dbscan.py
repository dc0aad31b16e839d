"""DBSCAN in blocks of rows: exact, and never more than a block of distances in memory."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from skgroup.clustering._closeness import Closeness, blocks_of, spread_blocks
from skgroup.clustering._nearest_label import nearest_labels
from skgroup.clustering._rows import are_unit_rows, check_rows

BLOCK_ROWS = 4096
BLOCK_OTHERS = 240  # below 256, so that a byte can count them
BLOCK_LINKS = 64


class BlockedDBSCAN:
    r"""DBSCAN on unit rows by cosine distance, or on any rows by Euclidean distance.

    Two rows are neighbours when :math:`|z_i - z_j|^2 / 2 \le` `eps`. For rows of norm 1 the left
    side is :math:`1 - \langle z_i, z_j \rangle`, the cosine distance; in general the rule is
    Euclidean DBSCAN with radius :math:`\sqrt{2\,\mathrm{eps}}`. Where every row has norm 1 or 0,
    a zero row has no direction and its cosine distance to every other row is 1.

    Labels are those of :class:`sklearn.cluster.DBSCAN`, whose neighbourhood lists can take
    memory of the order of n_rows squared. Here neighbours are counted, until there are enough of
    them, and core rows connected, unless they are already, by products of blocks of rows.

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

    def fit(self, Z: ArrayLike, more: ArrayLike | None = None) -> Self:
        """Cluster rows.

        Parameters
        ----------
        Z : array-like of shape (n_rows, n_columns)
            Never changed.
        more : array-like of shape (n_more_rows, n_columns) or None, default=None
            Where `Z` is a sample, other rows of what it was drawn from. Those that a cluster
            takes in and that have enough neighbours in `Z` are core rows for ``predict``: the
            core rows of a sample alone do not reach all that those of all rows would.

        Returns
        -------
        self : BlockedDBSCAN
        """
        Z = check_rows(Z, [np.float64])
        rows = Closeness.of(Z, unit_rows=are_unit_rows(Z), precision=self.eps)
        queries = rows.queries(Z)
        is_core = self._are_core(rows, Z, queries)
        self.core_sample_indices_ = np.flatnonzero(is_core)
        self._core = rows.take(is_core)
        self._core_labels = _connect(self._core, queries[is_core], self.eps)
        self.labels_ = np.full(len(Z), -1)
        self.labels_[is_core] = self._core_labels
        self.labels_[~is_core] = self._first_cluster(Z[~is_core])
        if more is not None:
            self._extend(check_rows(more, [np.float64]), rows)
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
        n_clusters = self._core_labels.max(initial=-1) + 1
        if n_clusters < 2:
            return self._first_cluster(Z)
        reach = np.full(n_clusters, self.eps)
        return nearest_labels(Z, self._core, self._core_labels, reach)

    def _extend(self, Z: NDArray[Any], rows: Closeness) -> None:
        labels = self.predict(Z)
        Z, labels = Z[labels >= 0], labels[labels >= 0]
        is_core = self._are_core(rows, Z, rows.queries(Z), counted=1)
        self._core = rows.with_rows(np.concatenate([self._core.rows, Z[is_core]]))
        self._core_labels = np.concatenate([self._core_labels, labels[is_core]])

    def _are_core(
        self, rows: Closeness, Z: NDArray[Any], queries: NDArray[Any], counted: int = 0
    ) -> NDArray[np.bool_]:
        """Which of `Z` have enough neighbours in `rows`, beside those that were `counted`.

        Those that have are left out of what is still compared.
        """
        counts, rest = np.full(len(Z), counted), np.arange(len(Z))
        for others in spread_blocks(np.arange(len(rows.rows)), BLOCK_OTHERS):
            for block in blocks_of(len(rest), BLOCK_ROWS):
                mine = rest[block]
                near = rows.near(others, Z, mine, queries[mine], self.eps)
                counts[mine] += near.view(np.uint8).sum(axis=0, dtype=np.uint8)
            rest = rest[counts[rest] < self.min_samples]
        return np.maximum(counts, 1) >= self.min_samples  # a zero row counts itself too

    def _first_cluster(self, Z: NDArray[Any]) -> NDArray[np.intp]:
        """The first cluster with a core row within the radius, else -1."""
        labels = np.full(len(Z), -1)
        spread = [np.arange(0)]
        for label in range(self._core_labels.max(initial=-1) + 1):
            spread += spread_blocks(np.flatnonzero(self._core_labels == label), BLOCK_OTHERS)
        order = np.concatenate(spread)
        for block in blocks_of(len(Z), BLOCK_ROWS):
            rest, queries = np.arange(block.start, block.stop), self._core.queries(Z[block])
            for others in blocks_of(len(order), BLOCK_OTHERS):
                near = self._core.near(order[others], Z, rest, queries, self.eps)
                found = near.view(np.uint8).max(axis=0) > 0
                if found.any():
                    first = near[:, found].argmax(axis=0)
                    labels[rest[found]] = self._core_labels[order[others][first]]
                    rest, queries = rest[~found], queries[~found]
        return labels


def _connect(rows: Closeness, queries: NDArray[Any], radius: float) -> NDArray[np.intp]:
    """Label the connected components of core rows in the order of their first row.

    Every row is compared with all that it is not known to be connected with, but those of the
    largest component: whoever else belongs to it finds it.
    """
    component, done = np.arange(len(queries)), np.zeros(len(queries), dtype=bool)
    while len(component):
        largest = np.bincount(component).argmax()
        rest = np.flatnonzero(~done & (component != largest))
        if not len(rest):
            break
        mine = rest[component[rest] == component[rest[0]]][:BLOCK_OTHERS]
        if len(mine) < BLOCK_LINKS:
            mine = rest[:BLOCK_LINKS]
        component = _link(rows, queries, radius, mine, component)
        done[mine] = True
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    return first.argsort().argsort()[inverse]


def _link(
    rows: Closeness,
    queries: NDArray[Any],
    radius: float,
    mine: NDArray[np.intp],
    component: NDArray[np.intp],
) -> NDArray[np.intp]:
    """Components after those of some rows were joined to all that they are near to."""
    own, size = component[mine], len(component)
    others = np.arange(size)
    if (own == own[0]).all():
        others = np.flatnonzero(component != own[0])
    for block in blocks_of(len(others), BLOCK_ROWS):
        theirs = others[block]
        near = rows.near(mine, rows.rows, theirs, queries[theirs], radius)
        # Pairs that are connected already are the bulk: leave them out before listing any.
        a, b = np.nonzero(near & (component[mine][:, None] != component[theirs]))
        if len(a):
            pair = (component[mine[a]], component[theirs[b]])
            graph = coo_array((np.ones(len(a)), pair), shape=(size, size))
            component = connected_components(graph, directed=False)[1][component]
    return component
