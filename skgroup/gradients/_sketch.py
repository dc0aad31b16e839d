"""Where gradients go: into the columns they belong to, or into a random projection."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from skgroup._data import BLOCK_BYTES

__all__ = ["Columns", "Emit", "Sketch", "columns_of"]

# Receives the position of the first column and some columns of one block of rows.
Emit = Callable[[int, Tensor], None]

# Columns of the gradient that share one random matrix; part of the definition of the sketch.
TILE = 1024


class Columns:
    """Writes columns into `target`, of shape (n_rows, n_columns), or lets others write there."""

    def __init__(self, target: Tensor):
        self.target = target

    def __call__(self, start: int, columns: Tensor) -> None:
        self.target[:, start : start + columns.shape[1]] = columns

    def place(self, start: int, *shape: int) -> Tensor:
        """View of the columns from `start` on, as an array of `shape` for each row."""
        return self.target[:, start : start + math.prod(shape)].unflatten(1, shape)


def columns_of(target: Tensor) -> Columns:
    """Write columns to where they belong in `target`."""
    return Columns(target)


class Sketch:
    """Random projection of gradients of any length to `n_components` numbers.

    The matrix has independent entries N(0, 1 / n_components), so that inner products are kept up
    to errors of order 1 / sqrt(n_components). Its rows are drawn in tiles, each from its own
    seed: they come out the same whichever columns are asked for first. The first ones are kept,
    as many as a fixed amount of memory holds; the others are drawn again for each block.

    Parameters
    ----------
    n_components : int
        Columns of the result.
    n_columns : int
        Length of the gradients.
    seed : int
        Non-negative seed of the matrix.

    References
    ----------
    Johnson, Lindenstrauss: Extensions of Lipschitz mappings into a Hilbert space, 1984.
    """

    def __init__(self, n_components: int, n_columns: int, seed: int):
        self.n_components, self.seed = n_components, seed
        n_kept = min(-(-n_columns // TILE), max(1, BLOCK_BYTES // (4 * TILE * n_components)))
        # One place for all tiles, and one for what is drawn again: many small allocations among
        # the large ones of the gradients would fragment the memory.
        self._tiles = np.empty((n_kept + 1, TILE, n_components), dtype=np.float32)
        self._held = [-1] * (n_kept + 1)

    def tile(self, index: int) -> Tensor:
        """Rows index * TILE to (index + 1) * TILE of the matrix; valid until the next call."""
        place = min(index, len(self._held) - 1)
        values = self._tiles[place]
        if self._held[place] != index:
            generator = np.random.default_rng([self.seed, index])
            generator.standard_normal(dtype=np.float32, out=values)
            values /= np.float32(np.sqrt(self.n_components))
            self._held[place] = index
        return torch.from_numpy(values)

    def into(self, target: Tensor) -> Emit:
        """Add the projection of columns to `target`, of shape (n_rows, n_components)."""

        def emit(start: int, columns: Tensor) -> None:
            stop = start + columns.shape[1]
            for index in range(start // TILE, -(-stop // TILE)):
                first = index * TILE
                low, high = max(start, first), min(stop, first + TILE)
                rows = self.tile(index)[low - first : high - first].to(columns)
                target.add_((columns[:, low - start : high - start] @ rows).to(target))

        return emit
