"""The random steps that several makers share. Classes are 0 to `n_classes` - 1."""

import numpy as np
from numpy.typing import NDArray


def flip_labels(
    y: NDArray[np.int64], share: float, n_classes: int, rng: np.random.RandomState
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Move ``round(share * n)`` random rows to another class; return labels and moved rows."""
    rows = rng.permutation(len(y))[: round(share * len(y))]
    flipped = y.copy()
    flipped[rows] = (y[rows] + rng.randint(1, n_classes, size=len(rows))) % n_classes
    return flipped, rows


def draw_shortcut(
    y: NDArray[np.int64], agreement: float, n_classes: int, rng: np.random.RandomState
) -> NDArray[np.int64]:
    """A shortcut value per row, equal to y in ``round(agreement * n_c)`` rows of each class c.

    The other rows of the class share the other values evenly (counts differ by one at most).
    """
    shortcut = y.copy()
    for c in range(n_classes):
        rows = rng.permutation(np.flatnonzero(y == c))
        disagree = rows[round(agreement * len(rows)) :]
        others = 1 + np.arange(len(disagree)) % (n_classes - 1)
        shortcut[disagree] = (c + others) % n_classes
    return shortcut


def centres(values: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    """Centres of the values 0, 1, ... on a line: 2 apart, around zero (-1 and 1 for two)."""
    return 2 * values - (n_classes - 1)
