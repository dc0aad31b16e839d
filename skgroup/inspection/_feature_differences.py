"""Which columns set some rows apart from others."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches

__all__ = ["FeatureDifference", "binary_columns", "largest_differences", "mean_differences"]

BLOCK_VALUES = 2**22  # 32 MB in double precision


@dataclass(frozen=True)
class FeatureDifference:
    """How one column differs between the rows of a group and the rest of their class.

    Attributes
    ----------
    name : str
        Name of the column.
    difference : float
        Standardised mean difference, see :func:`mean_differences`.
    mean, rest_mean : float
        Mean in the group, and in the rest of its class.
    binary : bool
        Whether the column holds nothing but 0 and 1.
    """

    name: str
    difference: float
    mean: float
    rest_mean: float
    binary: bool

    def __str__(self) -> str:
        if np.isinf(self.difference):
            return f"{self.name} = {self.mean:.4g} (all others {self.rest_mean:.4g})"
        more = self.difference > 0
        if self.binary:
            shares = f"{100 * self.mean:.0f} % against {100 * self.rest_mean:.0f} %"
            return f"{'more' if more else 'less'} often {self.name} = 1 ({shares})"
        return f"{'higher' if more else 'lower'} {self.name} ({self.difference:+.1f} sd)"


def mean_differences(X: Any, rows: NDArray, rest: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Standardised mean difference of every column, and the means of both sets of rows.

    With n, m rows, means a, b and variances s², t² (divisors n - 1 and m - 1) it is
    ``(a - b) / sqrt(((n - 1) s² + (m - 1) t²) / (n + m - 2))``. A column without any variance
    inside the two sets has 0 where the means agree, and plus or minus infinity where they differ.
    """
    (mean, squares), (rest_mean, rest_squares) = _moments(X, rows), _moments(X, rest)
    pooled = np.sqrt((squares + rest_squares) / max(len(rows) + len(rest) - 2, 1))
    gap = mean - rest_mean
    size = np.maximum(np.abs(mean), np.abs(rest_mean))
    gap[np.abs(gap) <= (len(rows) + len(rest)) * np.finfo(np.float64).eps * size] = 0
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.where(gap == 0, 0.0, gap / pooled)
    return difference, mean, rest_mean


def _moments(X: Any, rows: NDArray) -> tuple[NDArray, NDArray]:
    """Mean of each column and sum of squares about it, in double precision and bounded memory."""
    scaler = StandardScaler(with_mean=not sparse.issparse(X))
    for part in gen_batches(len(rows), max(1, BLOCK_VALUES // X.shape[1])):
        scaler.partial_fit(X[rows[part]].astype(np.float64))
    mean, variance, n = scaler.mean_, scaler.var_, len(rows)
    # What a constant column has left is rounding.
    constant = variance <= (n * np.finfo(np.float64).eps * mean) ** 2
    return mean, np.where(constant, 0.0, variance * n)


def binary_columns(X: Any) -> NDArray[np.bool_]:
    """Columns with no other values than 0 and 1."""
    if sparse.issparse(X):
        odd = X.indices[(X.data != 0) & (X.data != 1)]
        return np.bincount(odd, minlength=X.shape[1]) == 0
    binary = np.ones(X.shape[1], dtype=bool)
    for part in gen_batches(len(X), max(1, BLOCK_VALUES // X.shape[1])):
        binary &= ((X[part] == 0) | (X[part] == 1)).all(axis=0)
    return binary


def largest_differences(
    X: Any, rows: NDArray, rest: NDArray, names: NDArray, binary: NDArray, n: int
) -> tuple[FeatureDifference, ...]:
    """The `n` columns that differ most, largest first; ties in the order of the columns."""
    if not len(rest):
        return ()
    difference, mean, rest_mean = mean_differences(X, rows, rest)
    order = np.argsort(-np.abs(difference), kind="stable")[:n]
    return tuple(
        FeatureDifference(
            name=str(names[j]),
            difference=float(difference[j]),
            mean=float(mean[j]),
            rest_mean=float(rest_mean[j]),
            binary=bool(binary[j]),
        )
        for j in order
    )
