"""Frames as numbers, for networks and for the inference of groups."""

import numbers
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["ColumnEncoder", "named_columns"]

# What is rarer than the so many most frequent values of a column gets no column of its own.
MAX_VALUES = 20
# A sparse matrix with more entries is not made dense.
MAX_DENSE = 2**27


@dataclass(frozen=True, eq=False)
class Number:
    """A column of numbers: what is missing gets the median, and a column that says so."""

    name: str
    median: float
    tells_missing: bool

    @classmethod
    def fit(cls, name: str, values: NDArray) -> "Number":
        missing = np.isnan(values)
        median = 0.0 if missing.all() else float(np.median(values[~missing]))
        return cls(name, median, bool(missing.any()))

    @property
    def names(self) -> list[str]:
        return [self.name, *([f"{self.name} is missing"] if self.tells_missing else [])]

    def transform(self, column: Any) -> list[NDArray]:
        values = as_numbers(column)
        if values is None:
            raise ValueError(f"column {self.name!r} held numbers before, and now text.")
        missing = np.isnan(values)
        filled = np.where(missing, self.median, values)
        return [filled, *([missing.astype(np.float64)] if self.tells_missing else [])]


@dataclass(frozen=True, eq=False)
class Category:
    """A column of text or categories: one column of 0 and 1 for each frequent value.

    Of two values the rarer one is enough, and of a single one too.
    """

    name: str
    values: tuple[str, ...]

    @classmethod
    def fit(cls, name: str, column: Any) -> "Category":
        values, counts = np.unique(as_text(column), return_counts=True)
        most = np.argsort(-counts, kind="stable")[:MAX_VALUES]
        if len(most) == 2:
            most = most[1:]
        return cls(name, tuple(values[np.sort(most)].tolist()))

    @property
    def names(self) -> list[str]:
        return [f"{self.name}_{value}" for value in self.values]

    def transform(self, column: Any) -> list[NDArray]:
        text = as_text(column)
        return [(text == value).astype(np.float64) for value in self.values]


@dataclass(frozen=True, eq=False)
class ColumnEncoder:
    """Turns the columns of a frame or an array into numbers, as its training rows have them."""

    columns: tuple[Number | Category, ...]

    @classmethod
    def fit(cls, X: Any) -> "ColumnEncoder":
        """Look at the columns of the training rows."""
        found: list[Number | Category] = []
        for name, column in named_columns(X):
            values = as_numbers(column)
            found.append(Category.fit(name, column) if values is None else Number.fit(name, values))
        return cls(tuple(found))

    @property
    def names(self) -> list[str]:
        """Names of the encoded columns."""
        return [name for column in self.columns for name in column.names]

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Matrix of shape (n_samples, n_encoded_columns) without missing values."""
        pairs = zip(self.columns, named_columns(X), strict=True)
        return np.column_stack([part for own, (_, c) in pairs for part in own.transform(c)])


def named_columns(X: Any) -> Iterator[tuple[str, Any]]:
    """Name and values of each column of a frame, an array or a sparse matrix."""
    if hasattr(X, "columns") and hasattr(X, "items"):  # pandas, whose names may repeat
        yield from ((str(name), column) for name, column in X.items())
    elif hasattr(X, "columns"):
        yield from ((str(name), X[name]) for name in X.columns)
    else:
        values = X.toarray() if sparse.issparse(X) else np.asarray(X)
        yield from ((f"x{j}", values[:, j]) for j in range(values.shape[1]))


def as_numbers(column: Any) -> NDArray[np.float64] | None:
    """The values as floats, missing ones as NaN; None for text and categories."""
    if str(getattr(column, "dtype", "")).lower().startswith(("category", "categorical", "enum")):
        return None
    values = np.asarray(column)
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    if values.dtype.kind in "mM":
        days = values.astype(f"{values.dtype.kind}8[D]")
        return np.where(np.isnat(days), np.nan, days.astype(np.int64).astype(np.float64))
    if values.dtype.kind != "O":
        return None
    missing = missing_values(values)
    if not all(isinstance(value, (numbers.Real, np.bool_)) for value in values[~missing]):
        return None
    result = np.full(len(values), np.nan)
    result[~missing] = values[~missing].astype(np.float64)
    return result


def as_text(column: Any) -> NDArray[np.str_]:
    """The values as text, missing ones as "missing"."""
    values = np.asarray(column, dtype=object)
    missing = missing_values(values)
    return np.array(["missing" if m else str(v) for v, m in zip(values, missing, strict=True)])


def missing_values(values: NDArray) -> NDArray[np.bool_]:
    """Which are None, NaN, NaT, or pandas' NA, which refuses to be compared."""

    def is_missing(value: Any) -> bool:
        differs = value is None or value != value
        return bool(differs) if isinstance(differs, (bool, np.bool_)) else True

    return np.array([is_missing(value) for value in values], dtype=bool)
