"""Which rows are near: products in single precision, looked at again where that could matter."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

PAIRS = 2**15  # looked at again at once
FLAT = 1e-12
WORTH_IT = 4  # rows for each column: with fewer, finding directions costs more than products do


@dataclass(frozen=True, eq=False)
class Closeness:
    r"""Minus half the squared distance of two rows, :math:`-|a - b|^2 / 2`, for many at once.

    It is a product of the rows with two more columns each. In single precision it is known up to
    an error with a bound, so that comparisons are exact once pairs within that bound were looked
    at again. Directions in which no row extends, half of those of the gradients of two classes,
    are left out of the products.

    Attributes
    ----------
    rows : ndarray of shape (n_rows, n_columns)
        The rows that others are compared with.
    unit_rows : bool
        Whether all have norm 1 or 0. Then a zero row has no direction: it counts as one of norm
        1 whose product with every row is 0.
    shift : ndarray of shape (n_columns,)
        Subtracted before products, so that they are no larger than distances ask for.
    basis : ndarray of shape (n_columns, n_directions) or None
        Directions in which rows extend; None: all columns.
    left_out : float
        Largest length of what a row has beside them.
    dtype : type
        Precision of the products.
    """

    rows: NDArray[Any]
    unit_rows: bool
    shift: NDArray[np.float64]
    basis: NDArray[np.float64] | None = None
    left_out: float = 0.0
    dtype: Any = np.float32

    @classmethod
    def of(cls, rows: NDArray[Any], *, unit_rows: bool, precision: float = np.inf) -> Self:
        """Prepare comparisons with `rows`, in double precision if `precision` asks for it."""
        centre = rows.mean(axis=0, dtype=np.float64)
        found = cls(rows, unit_rows, np.zeros_like(centre) if unit_rows else centre)
        if WORTH_IT * len(centre) <= len(rows):
            found = found._without_flat_directions()
        coarse = found.error(found.columns.T) > precision / 10
        return replace(found, dtype=np.float64) if coarse else found

    def _without_flat_directions(self) -> Self:
        moved = self.rows - self.shift
        values, vectors = np.linalg.eigh(moved.T @ moved)
        kept = values > FLAT * values[-1]
        if kept.sum() > 0.75 * len(kept):
            return self
        basis = vectors[:, kept]
        return replace(self, basis=basis, left_out=_beside(moved, basis))

    def take(self, index: NDArray[Any]) -> Self:
        """The same for some of the rows."""
        return replace(self, rows=self.rows[index])

    def with_rows(self, rows: NDArray[Any]) -> Self:
        """The same for other rows; best where they lie about where these do."""
        return replace(self, rows=rows, left_out=_beside(rows - self.shift, self.basis))

    @cached_property
    def columns(self) -> NDArray[Any]:
        """Factors of the rows, one column each, that :meth:`queries` are multiplied with."""
        lean, half = self._lean(self.rows)
        stacked = np.column_stack([lean, -half, np.ones(len(lean))])
        return np.ascontiguousarray(stacked.T, dtype=self.dtype)

    def queries(self, Z: NDArray[Any]) -> NDArray[Any]:
        """Factors of rows that are compared, one row each."""
        lean, half = self._lean(Z)
        return np.column_stack([lean, np.ones(len(lean)), -half]).astype(self.dtype)

    def error(self, queries: NDArray[Any]) -> float:
        """How far a product can be off, at most: inputs, products and sums are rounded."""
        rounding = (len(self.columns) + 4) * float(np.finfo(self.dtype).eps) / 2
        return _longest(queries) * (self._longest * rounding + self.left_out)

    def near(
        self,
        index: NDArray[Any],
        Z: NDArray[Any],
        picked: NDArray[Any],
        queries: NDArray[Any],
        radius: float,
    ) -> NDArray[np.bool_]:
        """Which of the rows at `index` (first axis) are within `radius` of which of ``Z[picked]``.

        The radius is half a squared distance; `queries` are the factors of ``Z[picked]``.
        """
        values = self.columns[:, index].T @ queries.T
        error = self.error(queries)
        sure, possible = values >= error - radius, values >= -error - radius
        if np.count_nonzero(sure) != np.count_nonzero(possible):
            a, b = np.nonzero(sure != possible)
            for pairs in blocks_of(len(a), PAIRS):
                i, j = a[pairs], b[pairs]
                sure[i, j] = self.exact(index[i], Z[picked[j]]) >= -radius
        return sure

    def exact(self, index: NDArray[Any], Z: NDArray[Any]) -> NDArray[np.float64]:
        """Closeness of the row at each place of `index` to the row of `Z` at the same place."""
        a, b = self.rows[index].astype(np.float64), Z.astype(np.float64)
        if self.unit_rows:
            return np.einsum("ij,ij->i", a, b) - self._half(a) - self._half(b)
        return -np.einsum("ij,ij->i", a - b, a - b) / 2

    @cached_property
    def _longest(self) -> float:
        return _longest(self.columns.T)

    def _lean(self, Z: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        moved = Z - self.shift
        return (moved if self.basis is None else moved @ self.basis), self._half(moved)

    def _half(self, Z: NDArray[Any]) -> NDArray[np.float64]:
        half = np.einsum("ij,ij->i", Z, Z, dtype=np.float64) / 2
        if self.unit_rows:
            half[half == 0] = 0.5
        return half


def blocks_of(n_rows: int, size: int) -> Iterator[slice]:
    """Consecutive blocks of at most `size` rows; none for no rows."""
    return (slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size))


def spread_blocks(index: NDArray[Any], size: int) -> Iterator[NDArray[Any]]:
    """Blocks of `index`, each spread over all of it: neighbours in it may be alike."""
    n_blocks = -(-len(index) // size)
    return (index[start::n_blocks] for start in range(n_blocks))


def _beside(moved: NDArray[Any], basis: NDArray[np.float64] | None) -> float:
    """Largest length of what rows have in no direction of the basis."""
    if basis is None:
        return 0.0
    return float(np.linalg.norm(moved - moved @ basis @ basis.T, axis=1).max(initial=0))


def _longest(factors: NDArray[Any]) -> float:
    squares = np.einsum("ij,ij->i", factors, factors, dtype=np.float64)
    return float(np.sqrt(squares.max(initial=0)))
