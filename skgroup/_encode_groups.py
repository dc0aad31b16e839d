"""Group labels of any kind, read as integer codes."""

import datetime
import numbers
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup.exceptions import GroupsError

__all__ = ["as_array", "encode_groups", "values_and_missing"]


def encode_groups(groups: Any, n_samples: int) -> tuple[NDArray[np.int64], NDArray]:
    """Encode labels as integers: codes of shape (n_samples,), -1 for outliers, sorted labels.

    Several columns are crossed; their labels are tuples. Only labels that occur are kept.
    """
    columns = _as_columns(groups, n_samples)
    if not columns:
        raise GroupsError("groups has no columns: give one label per row.")
    if len(columns) == 1:
        return _encode_column(columns[0], n_samples)
    advice = (
        "give one label per row, and a frame or a 2-D array of columns, not a list of them, to "
        "whatever splits the rows"
    )
    return _cross([_encode_column(column, n_samples, advice) for column in columns])


def _cross(encoded: list[tuple[NDArray[np.int64], NDArray]]) -> tuple[NDArray[np.int64], NDArray]:
    """Codes and labels of the combinations of columns that occur."""
    valid = np.flatnonzero(np.all([codes >= 0 for codes, _ in encoded], axis=0))
    cells = np.zeros(len(valid), dtype=np.int64)
    for column_codes, names in encoded:
        # Numbered anew after each column, so that any number of columns fits into an integer.
        cells = cells * len(names) + column_codes[valid]
        cells = np.unique(cells, return_inverse=True)[1]
    example = np.empty(cells.max(initial=-1) + 1, dtype=np.int64)
    example[cells] = valid  # a row of each cell, whichever
    labels = np.empty(len(example), dtype=object)
    parts = [names[column_codes[example]].tolist() for column_codes, names in encoded]
    labels[:] = list(zip(*parts, strict=True))
    codes = np.full(len(encoded[0][0]), -1, dtype=np.int64)
    codes[valid] = cells
    return codes, labels


def _as_columns(groups: Any, n_samples: int) -> list[Any]:
    if hasattr(groups, "columns") and hasattr(groups, "shape"):
        if hasattr(groups, "items"):  # pandas, whose column names may repeat
            return [column for _, column in groups.items()]
        return [groups[name] for name in groups.columns]
    if isinstance(groups, (list, tuple)) and groups:
        nested = [isinstance(g, (list, tuple)) or len(getattr(g, "shape", ())) == 1 for g in groups]
        if all(nested) and (len(groups) != n_samples or all(len(g) == n_samples for g in groups)):
            return list(groups)
    if getattr(groups, "ndim", 1) == 2:
        return list(np.asarray(groups).T)
    return [groups]


def _encode_column(
    column: Any, n_samples: int, advice: str = "give one label per row"
) -> tuple[NDArray[np.int64], NDArray]:
    no_array = isinstance(column, (str, bytes, dict, set)) or not hasattr(column, "__len__")
    if no_array or getattr(column, "shape", None) == ():
        raise GroupsError(
            f"groups must be array-like with one label per row, got {type(column).__name__}: "
            "pass a list, an array or a Series of labels."
        )
    if len(column) != n_samples:
        raise GroupsError(
            f"groups has {len(column)} entries, but there are {n_samples} samples: {advice}."
        )
    values, missing = values_and_missing(column)
    present = values[~missing]
    if present.dtype.kind == "O":
        present = _as_one_type(present)
    outlier = present == -1 if present.dtype.kind in "iufO" else np.zeros(len(present), bool)
    if present.dtype.kind == "f" and np.isinf(present).any():
        raise GroupsError("groups contains infinity: use finite numbers or strings as labels.")
    labels, inverse = np.unique(present[~outlier], return_inverse=True)
    codes = np.full(n_samples, -1, dtype=np.int64)
    codes[np.flatnonzero(~missing)[~outlier]] = inverse
    return codes, labels


def values_and_missing(column: Any) -> tuple[NDArray, NDArray[np.bool_]]:
    if hasattr(column, "isna"):  # pandas: its missing values include NA, which no array can hold
        missing = np.asarray(column.isna(), dtype=bool)
        return np.asarray(column, dtype=object), missing
    values = as_array(column)
    if values.ndim != 1:
        raise GroupsError(
            f"groups must be one-dimensional, got shape {values.shape}: give one label per row, or "
            "a DataFrame or a sequence of columns to cross."
        )
    if values.dtype.kind == "O":
        return values, np.array([_is_missing(v) for v in values], dtype=bool)
    if values.dtype.kind == "f":
        return values, np.isnan(values)
    if values.dtype.kind in "mM":
        return values, np.isnat(values)
    if values.dtype.kind not in "biuUST":
        raise GroupsError(f"groups has dtype {values.dtype}: use numbers, strings, bools or dates.")
    return values, np.zeros(len(values), dtype=bool)


def as_array(column: Any) -> NDArray:
    """Like ``np.asarray``, but strings do not turn what stands beside them into strings."""
    text = [isinstance(v, str) for v in column] if isinstance(column, (list, tuple)) else []
    try:
        return np.asarray(column, dtype=object if any(text) and not all(text) else None)
    except ValueError:  # entries of different lengths
        return np.asarray(column, dtype=object)


def _is_missing(value: Any) -> bool:
    """None, what differs from itself (NaN, NaT), and pandas.NA, which refuses to answer."""
    missing = value is None or value != value
    return bool(missing) if isinstance(missing, (bool, np.bool_)) else missing is value


_KINDS = {
    "numbers": (numbers.Real, np.bool_),
    "strings": (str, bytes),
    "times": (datetime.datetime,),
    "dates": (datetime.date, np.datetime64),
}


def _as_one_type(values: NDArray) -> NDArray:
    """Turn an object array into one of a single sortable type, or say why that cannot be."""
    types = set(map(type, values))
    kinds = {
        next((kind for kind, known in _KINDS.items() if issubclass(t, known)), None) for t in types
    }
    if len(kinds) > 1 or None in kinds:
        names = ", ".join(sorted(t.__name__ for t in types))
        raise GroupsError(
            f"groups has labels of type {names}: use labels of one type (numbers, strings, bools "
            "or dates); cross several columns with `cross_groups` or pass them as a DataFrame."
        )
    return np.array(values.tolist())
