"""Rows to judge on, and rows to learn from."""

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

__all__ = ["folds_of", "hold_out_rows"]

FOLDS = 3


def hold_out_rows(
    codes: NDArray, groups: NDArray | None, share: float, rng: RandomState
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows to learn from and rows to judge on, ascending: that share of each class and group.

    A cell with two rows or more has at least one on either side; a single row is learnt from.
    """
    table = np.column_stack([codes, np.zeros_like(codes) if groups is None else groups])
    cells = np.unique(table, axis=0, return_inverse=True)[1].ravel()
    held_out = np.zeros(len(codes), dtype=bool)
    for cell in range(cells.max() + 1):
        rows = rng.permutation(np.flatnonzero(cells == cell))
        n = min(max(round(share * len(rows)), 1), len(rows) - 1)
        held_out[rows[:n]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def folds_of(
    codes: NDArray, rows: NDArray[np.intp], seed: int
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Parts of `rows` to fit a model on, each with the rest, which it has not seen."""
    n_folds = min(FOLDS, int(np.bincount(codes[rows])[codes[rows]].min()))
    split = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return [(rows[a], rows[b]) for a, b in split.split(rows[:, None], codes[rows])]
