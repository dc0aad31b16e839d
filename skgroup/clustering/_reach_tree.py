"""The minimum spanning tree that HDBSCAN cuts, without all distances in memory."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from skgroup.clustering._closeness import PAIRS, Closeness, blocks_of

BLOCK_ROWS = 128
SPARE = 16  # neighbours listed beyond those asked for
SUBSET = 2048  # columns that tell how near listed neighbours are at least

Edges = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]


def reach_tree(Z: NDArray[Any], n_neighbours: int) -> Edges:
    """Minimum spanning tree of the mutual reachability distances of rows.

    That of two rows is the largest of their Euclidean distance and the distances of each to its
    neighbour number `n_neighbours`. Components grow by their shortest edge: to a listed neighbour
    as long as none that is not listed can be nearer, else to one found among all rows.

    Parameters
    ----------
    Z : ndarray of shape (n_rows, n_columns)
        At least two rows.
    n_neighbours : int
        Neighbours, the row itself not counted, of the rows in a dense place.

    Returns
    -------
    a, b : ndarray of shape (n_rows - 1,)
        The rows that each edge connects.
    lengths : ndarray of shape (n_rows - 1,)
    """
    Z = Z.astype(np.float64, copy=False)
    rows = Closeness.of(Z, unit_rows=False)
    growth = _start(rows, Z, min(n_neighbours, len(Z) - 1))
    while growth.component.any():
        if not growth.merge():
            growth.look_everywhere(rows, Z)
    a, b, lengths = (np.concatenate(part) for part in zip(*growth.edges, strict=True))
    return a, b, lengths


@dataclass(eq=False)
class _Growth:
    """Components of rows, and what is known of the way out of each.

    `others` and `lengths` are the neighbours known of each row, `core` its distance to the last
    one asked for; no row that is not among them is nearer than `bounds`.
    """

    others: NDArray[np.intp]
    lengths: NDArray[np.float64]
    core: NDArray[np.float64]
    bounds: NDArray[np.float64]
    component: NDArray[np.intp]
    edges: list[Edges] = field(default_factory=list)

    def ways_out(self) -> Edges:
        """The shortest known edge of every row to another component: from, to and length."""
        outside = self.component[self.others] != self.component[:, None]
        lengths = np.where(outside, self.lengths, np.inf)
        best = lengths.argmin(axis=1)[:, None]
        to = np.take_along_axis(self.others, best, axis=1)[:, 0]
        return np.arange(len(to)), to, np.take_along_axis(lengths, best, axis=1)[:, 0]

    def merge(self) -> bool:
        """Add the shortest edge of every component for which it is certain, if there is one."""
        a, b, lengths = self.ways_out()
        order = np.lexsort((lengths, self.component))
        starts = np.flatnonzero(np.diff(self.component[order], prepend=-1))
        first = order[starts]
        sure = lengths[first] <= np.minimum.reduceat(self.bounds[order], starts)
        sure &= np.isfinite(lengths[first])
        chosen = first[sure]
        if len(chosen):
            self._add(a[chosen], b[chosen], lengths[chosen])
        return len(chosen) > 0

    def _add(self, *edges: NDArray) -> None:
        a, b, lengths = edges
        ends = np.sort(self.component[np.column_stack([a, b])], axis=1)
        _, kept = np.unique(ends, axis=0, return_index=True)  # both ends may choose the same
        kept = kept[lengths[kept].argsort(kind="stable")]
        n = len(self.component)
        # Edges of equal length can make a circle. Ranks, because a length of 0 would be no edge.
        ranks = coo_matrix((np.arange(len(kept)) + 1.0, ends[kept].T), shape=(n, n))
        tree = minimum_spanning_tree(ranks.tocsr())
        kept = kept[tree.data.astype(np.intp) - 1]
        self.edges.append((a[kept], b[kept], lengths[kept]))
        found = connected_components(tree, directed=False)[1][self.component]
        self.component = np.unique(found, return_inverse=True)[1]

    def look_everywhere(self, rows: Closeness, Z: NDArray[np.float64]) -> None:
        """Find the shortest edge of rows of which a nearer one may be unknown."""
        _, _, lengths = self.ways_out()
        best = np.full(self.component.max() + 1, np.inf)
        np.minimum.at(best, self.component, lengths)
        largest = np.bincount(self.component).argmax()
        open_ = (self.bounds < best[self.component]) & (self.component != largest)
        which = np.flatnonzero(open_)
        which = which[self.component[which].argsort(kind="stable")]
        to, exact = _nearest_outside(rows, Z, which, self.component, self.core)
        # What is known farthest away makes room: nothing beyond the bound is needed any more.
        self.others[which, -1], self.lengths[which, -1] = to, exact
        self.bounds[which] = exact


def _start(rows: Closeness, Z: NDArray[np.float64], n_neighbours: int) -> _Growth:
    others, distances, unlisted = _neighbours(rows, Z, n_neighbours + 1 + SPARE)
    core = distances[:, n_neighbours]
    lengths = np.maximum(np.maximum(distances, core[:, None]), core[others])
    bounds = np.maximum(unlisted, core)
    # One more column, for what is found later.
    others = np.column_stack([others, np.arange(len(Z))])
    lengths = np.column_stack([lengths, np.full(len(Z), np.inf)])
    return _Growth(others, lengths, core, bounds, np.arange(len(Z)))


def _neighbours(
    rows: Closeness, Z: NDArray[np.float64], n_listed: int
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """The nearest rows of each, itself among them, their distances, and a bound for the others."""
    n_rows = len(Z)
    n_listed = min(n_listed, n_rows)
    queries = rows.queries(Z)
    step = max(1, n_rows // max(SUBSET, 8 * n_listed))
    others = np.empty((n_rows, n_listed), dtype=np.intp)
    for block in blocks_of(n_rows, BLOCK_ROWS):
        values = queries[block] @ rows.columns
        # The nearest in a subset are no nearer than those among all: a first sieve.
        some = values[:, ::step]
        sieve = np.partition(some, some.shape[1] - n_listed, axis=1)[:, -n_listed]
        i, j = np.nonzero(values >= sieve[:, None])
        order = np.lexsort((-values[i, j], i))
        starts = np.searchsorted(i, np.arange(len(values)))
        others[block] = j[order][starts[:, None] + np.arange(n_listed)]
    distances = _distances(rows, Z, others)
    order = distances.argsort(axis=1, kind="stable")
    distances = np.take_along_axis(distances, order, axis=1)
    if n_listed == n_rows:
        return np.take_along_axis(others, order, axis=1), distances, np.full(n_rows, np.inf)
    # Twice the error: who is listed, and how near the last of them is, were both rounded.
    beyond = np.maximum(distances[:, -1] ** 2 - 4 * rows.error(queries), 0) ** 0.5
    return np.take_along_axis(others, order, axis=1), distances, beyond


def _distances(
    rows: Closeness, Z: NDArray[np.float64], others: NDArray[np.intp]
) -> NDArray[np.float64]:
    flat, width = others.ravel(), others.shape[1]
    distances = np.empty(len(flat))
    for pairs in blocks_of(len(flat), PAIRS):
        mine = np.arange(pairs.start, pairs.stop) // width
        distances[pairs] = np.sqrt(-2 * rows.exact(flat[pairs], Z[mine]))
    return distances.reshape(others.shape)


def _nearest_outside(
    rows: Closeness,
    Z: NDArray[np.float64],
    which: NDArray[np.intp],
    component: NDArray[np.intp],
    core: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """For some rows the nearest one of another component, by mutual reachability."""
    rows = Closeness(rows.rows, False, rows.shift, dtype=np.float64)
    to, dense = np.empty(len(which), dtype=np.intp), -(core**2) / 2
    for block in blocks_of(len(which), BLOCK_ROWS):
        mine = which[block]
        values = rows.queries(Z[mine]) @ rows.columns
        np.minimum(values, dense, out=values)
        values[component[mine][:, None] == component] = -np.inf
        to[block] = values.argmax(axis=1)
    distances = _distances(rows, Z[which], to[:, None])[:, 0]
    return to, np.maximum(distances, np.maximum(core[which], core[to]))
