"""Label of the nearest of many rows, one block of products at a time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup.clustering._closeness import Closeness, blocks_of

BLOCK_ROWS = 512
BLOCK_OTHERS = 4096


def nearest_labels(
    Z: NDArray[Any],
    rows: Closeness,
    labels: NDArray[np.intp],
    reach: NDArray[np.float64] | None = None,
) -> NDArray[np.intp]:
    """Give every row of `Z` the label of the nearest of `rows`, or -1.

    Parameters
    ----------
    Z : ndarray of shape (n_new_rows, n_columns)
        Rows without labels.
    rows : Closeness
        At least one row.
    labels : ndarray of shape (n_rows,)
        Labels of `rows`, 0 and above, or -1 for noise.
    reach : ndarray of shape (n_labels,) or None
        Half the squared distance up to which a row can join each label, farther ones being noise.
        None: any.

    Returns
    -------
    found : ndarray of shape (n_new_rows,)
        Of rows at the same distance, one decides.
    """
    order = labels.argsort(kind="stable")
    rows, labels = rows.take(order), labels[order]
    names, starts = np.unique(labels, return_index=True)
    limits = np.full(len(names), np.inf)
    if reach is not None:
        limits[names >= 0] = reach[names[names >= 0]]
    found = np.empty(len(Z), dtype=np.intp)
    for block in blocks_of(len(Z), BLOCK_ROWS):
        queries = rows.queries(Z[block])
        best = _best_by_label(rows.columns, queries, starts)
        nearest, closeness, doubtful = _compare(best, limits, rows.error(queries))
        for i in np.flatnonzero(doubtful):
            nearest[i], closeness[i] = _look_again(rows, Z[block][i], queries[i], starts)
        found[block] = np.where(closeness >= -limits[nearest], names[nearest], -1)
    return found


def _best_by_label(
    columns: NDArray[Any], queries: NDArray[Any], starts: NDArray[np.intp]
) -> NDArray[Any]:
    """Largest product with a row of each label; `starts` is where each label begins."""
    best = np.full((len(queries), len(starts)), -np.inf, dtype=queries.dtype)
    for others in blocks_of(columns.shape[1], BLOCK_OTHERS):
        values = queries @ columns[:, others]
        first = np.searchsorted(starts, others.start, side="right") - 1
        stop = np.searchsorted(starts, others.stop)
        inside = (starts[first:stop] - others.start).clip(min=0)
        largest = (
            values.max(axis=1, keepdims=True)
            if len(inside) == 1
            else np.maximum.reduceat(values, inside, axis=1)
        )
        np.maximum(best[:, first:stop], largest, out=best[:, first:stop])
    return best


def _compare(
    best: NDArray[Any], limits: NDArray[np.float64], error: float
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]:
    """The best label of each row, its closeness, and whether rounding could change the answer."""
    nearest, every = best.argmax(axis=1), np.arange(len(best))
    closeness = best[every, nearest].astype(np.float64)
    best[every, nearest] = -np.inf
    rivals = best.max(axis=1) >= closeness - 2 * error
    at_limit = abs(closeness + limits[nearest]) <= error
    return nearest, closeness, rivals | at_limit


def _look_again(
    rows: Closeness, z: NDArray[Any], query: NDArray[Any], starts: NDArray[np.intp]
) -> tuple[int, float]:
    """The same for one row, from exact distances to all that may be the nearest."""
    values = query @ rows.columns
    close = np.flatnonzero(values >= values.max() - 2 * rows.error(query[None]))
    exact = rows.exact(close, np.broadcast_to(z, (len(close), len(z))))
    nearest = close[exact.argmax()]
    return int(np.searchsorted(starts, nearest, side="right")) - 1, float(exact.max())
