"""What is wrong with the columns of a frame, said by their names."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

__all__ = ["check_columns", "naming_columns"]


def check_columns(X: Any) -> None:
    """Raise where two columns have one name, or where rows are masked."""
    if np.ma.is_masked(X):
        raise ValueError(
            f"X has {int(np.ma.getmaskarray(X).sum())} masked values: impute them, or pass "
            "`X.filled(np.nan)` to a pipeline that does; the values under the mask are not used."
        )
    twice = [repr(name) for name, times in Counter(_names(X)).items() if times > 1]
    if twice:
        raise ValueError(
            f"X has more than one column named {', '.join(twice[:5])}: rename or drop them, for "
            "example with `X.loc[:, ~X.columns.duplicated()]`."
        )


@contextmanager
def naming_columns(X: Any) -> Iterator[None]:
    """Name the columns of a frame that hold no numbers, where that is why a check fails."""
    try:
        yield
    except (TypeError, ValueError) as error:
        text = [repr(name) for name in _names(X) if not _is_numeric(X[name])]
        if not text:
            raise
        raise ValueError(
            f"X has columns that are no numbers: {', '.join(text[:5])}"
            f"{' and others' if len(text) > 5 else ''}. Encode them first, for example with "
            "`make_column_transformer((OneHotEncoder(), [...]), remainder='passthrough')` in "
            "front of this estimator in a pipeline."
        ) from error


def _names(X: Any) -> list[Any]:
    """Names of the columns of a frame; nothing for anything else."""
    return list(X.columns) if hasattr(X, "columns") and hasattr(X, "__getitem__") else []


def _is_numeric(column: Any) -> bool:
    try:
        np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        return "NAType" in str(error)  # a missing value, which has an error of its own
    return True
