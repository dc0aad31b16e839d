"""What is worked out row by row, in blocks: memory does not grow with the number of rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.random import RandomState
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from skgroup._data import out_of_memory
from skgroup._inputs import n_rows_of, take_rows
from skgroup.clustering._rows import sample_rows

__all__ = ["in_blocks", "sample_classes"]

BLOCK_ROWS = 65_536
# However rare a class is, a sample has so many of its rows, or all of them.
CLASS_ROWS = 1000


def in_blocks(
    work: Callable[..., NDArray], X: Any, *others: NDArray, n_jobs: int | None = None
) -> NDArray:
    """Call `work` with some rows of X and of the arrays beside it at a time; join what it returns.

    Blocks are the same whatever `n_jobs` is, and so are the results. Where memory runs out, they
    are halved.
    """
    n_rows = n_rows_of(X)
    if n_rows <= BLOCK_ROWS:
        return _in_halves(work, X, *others)
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_in_halves)(work, take_rows(X, rows), *(values[rows] for values in others))
        for rows in gen_batches(n_rows, BLOCK_ROWS)
    )
    return np.concatenate(parts)


def _in_halves(work: Callable[..., NDArray], X: Any, *others: NDArray) -> NDArray:
    n_rows = n_rows_of(X)
    try:
        return work(X, *others)
    except (MemoryError, RuntimeError) as error:
        if n_rows < 2 or not out_of_memory(error):
            raise
    halves = gen_batches(n_rows, (n_rows + 1) // 2)
    return np.concatenate(
        [_in_halves(work, take_rows(X, rows), *(v[rows] for v in others)) for rows in halves]
    )


def sample_classes(codes: NDArray, max_rows: int, rng: RandomState) -> NDArray[np.intp] | None:
    """Sorted rows of a sample, each class with its share but no fewer than `CLASS_ROWS`.

    None where all rows are few enough; then nothing is drawn from `rng`.
    """
    if len(codes) <= max_rows:
        return None
    parts = []
    for c, size in enumerate(np.bincount(codes)):
        wanted = max(round(max_rows * size / len(codes)), min(size, CLASS_ROWS))
        parts.append(np.flatnonzero(codes == c)[sample_rows(size, wanted, rng)])
    return np.sort(np.concatenate(parts))
