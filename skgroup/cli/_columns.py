"""The columns of a table: what says nothing of new rows, what is missing, what says too much."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["clean", "is_number", "tells_classes", "why_useless"]

# A column of text with more values than this, most of them met once, names rows.
MANY_VALUES = 50
_DATE = r"\s*(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})"


def is_number(column: Any) -> bool:
    """Whether a column of a frame holds numbers or truth values."""
    return column.dtype.kind in "biuf"


def why_useless(column: Any) -> str:
    """Why a column says nothing of new rows; empty where it may."""
    n_values = column.nunique()
    if n_values <= 1:
        return "all its values are equal" if column.notna().all() else "it is empty or constant"
    if column.dtype.kind in "mM":
        return "it holds dates"
    if not is_number(column):
        if n_values > MANY_VALUES and column.dropna().astype(str).str.match(_DATE).all():
            return "it holds dates"
        many = n_values > max(MANY_VALUES, len(column) / 2)
        return f"{n_values} different texts in {len(column)} rows name rows" if many else ""
    if column.dtype.kind in "iu" and n_values == len(column) > MANY_VALUES:
        if column.is_monotonic_increasing or column.is_monotonic_decreasing:
            return "it numbers the rows"
        if str(column.name).lower().endswith(("id", "_no", "number")):
            return "it has another number in every row, and the name of one that names rows"
    return ""


def clean(column: Any) -> tuple[Any, str]:
    """The column with nothing infinite, and a note of what models have to fill in."""
    infinite = np.isinf(column) if column.dtype.kind == "f" else np.zeros(len(column), dtype=bool)
    n_infinite, n_missing = int(infinite.sum()), int(column.isna().sum())
    if n_infinite:
        column = column.mask(infinite)
    how = "filled in, and told by a column" if is_number(column) else "taken for one more value"
    kinds = {"missing": n_missing, "infinite": n_infinite}
    told = " and ".join(f"{kind} in {n} rows" for kind, n in kinds.items() if n)
    return column, f"column {str(column.name)!r} is {told}: {how}." if told else ""


def tells_classes(column: Any, y: NDArray) -> bool:
    """Whether every value of the column goes with one class, and every class with one value."""
    values = column.astype(str).tolist()
    pairs = set(zip(values, y.tolist(), strict=True))
    return len(pairs) == len(set(values)) == len(set(y.tolist()))
