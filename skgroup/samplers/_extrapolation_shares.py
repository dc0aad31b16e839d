"""The arithmetic of shares: of attributes in a class, in batches, and extrapolated."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Shares", "beta_for_share", "integer_counts"]

# Shares that differ by less are equal: weights sum up with rounding errors.
TOLERANCE = 1e-12


@dataclass(frozen=True)
class Shares:
    """Shares of the attributes inside classes, one entry per class x attribute cell that occurs.

    Cells are numbered by first appearance in the data, so that names do not matter.

    Attributes
    ----------
    cell : ndarray of shape (n_samples,)
        Cell of each row.
    y, attribute : ndarray of shape (n_cells,)
        Class and attribute of each cell.
    data : ndarray of shape (n_cells,)
        Share of the cell in its class.
    uniform : ndarray of shape (n_cells,)
        One over the number of cells of its class.
    """

    cell: NDArray[np.int64]
    y: NDArray[np.int64]
    attribute: NDArray[np.int64]
    data: NDArray[np.float64]
    uniform: NDArray[np.float64]

    @classmethod
    def count(cls, y: ArrayLike, attribute: ArrayLike, weight: ArrayLike | None = None) -> "Shares":
        """Count rows, or add up their weights."""
        pairs = np.column_stack([y, attribute])
        _, first, cell = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
        place = np.argsort(np.argsort(first))
        first, cell = np.sort(first), place[cell.ravel()]
        of_class = pairs[first, 0]
        _, k = np.unique(of_class, return_inverse=True)
        mass = np.bincount(cell, None if weight is None else np.asarray(weight))
        return cls(
            cell, of_class, pairs[first, 1], mass / np.bincount(k, mass)[k], 1 / np.bincount(k)[k]
        )

    @property
    def n_attributes(self) -> int:
        """The largest number of attributes in one class."""
        return int(np.rint(1 / self.uniform.min()))

    def less_biased(self, c: float) -> NDArray[np.float64]:
        """Shares in the less biased batch."""
        return (1 - c) * self.data + c * self.uniform

    def extrapolated(self, c: float, beta: float) -> NDArray[np.float64]:
        """Weights of the cells' mean losses in the expected extrapolated loss of their class."""
        return self.data + c * (1 + beta) * (self.uniform - self.data)

    def beta_bounds(self, c: float) -> tuple[float, float]:
        """Between which values of beta no cell has a negative weight."""
        excess = self.data - self.uniform
        large, small = excess > TOLERANCE, excess < -TOLERANCE
        crossing = self.data / np.where(large | small, c * excess, 1.0) - 1
        return (
            float(crossing[small].max(initial=-math.inf)),
            float(crossing[large].min(initial=math.inf)),
        )


def integer_counts(share: NDArray, y: NDArray, n: int) -> NDArray[np.int64]:
    """Whole numbers within 1 of ``share * n`` that sum to `n` in each class.

    Every cell gets the whole part; the largest fractions get one more.
    """
    wanted = np.round(share * n, 9)  # so that rounding errors decide no tie
    counts = np.floor(wanted).astype(np.int64)
    for label in np.unique(y):
        cells = np.flatnonzero(y == label)
        order = np.argsort(counts[cells] - wanted[cells], kind="stable")
        counts[cells[order[: n - counts[cells].sum()]]] += 1
    return counts


def beta_for_share(wanted: float, c: float, pseudo_share: Any, inside: Any) -> float:
    """The beta that gives a true attribute the share `wanted` in a class.

    `pseudo_share` are the shares of the pseudo-attributes in the class, `inside` those of the true
    attribute in each of them.
    """
    pseudo_share, inside = np.asarray(pseudo_share), np.asarray(inside)
    slope = np.sum((1 / len(pseudo_share) - pseudo_share) * inside)
    if abs(slope) < TOLERANCE:
        raise ValueError(
            "beta has no effect on this share: the pseudo-attributes are equally large, or hold "
            f"the attribute equally often; got shares {pseudo_share} with {inside} inside."
        )
    return float((wanted - np.sum(pseudo_share * inside)) / (c * slope) - 1)
