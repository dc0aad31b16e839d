"""The columns that groups are described by."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skgroup.inspection._feature_differences import binary_columns, largest_differences
from skgroup.inspection._rules import find_rules

__all__ = ["Columns", "check_no_text"]


@dataclass(frozen=True, eq=False)
class Columns:
    """A matrix, dense or CSR, with names, and the rows that rules are judged on."""

    values: Any
    names: NDArray
    binary: NDArray[np.bool_]
    held_out: NDArray[np.bool_]

    @classmethod
    def read(
        cls, inferrer: Any, X: Any, values: Any, names: Any, held_out: NDArray[np.bool_]
    ) -> "Columns | None":
        """The columns of validated `values`, or None where there are none, as in images."""
        if not sparse.issparse(values) and not (
            isinstance(values, np.ndarray) and values.ndim == 2
        ):
            return None
        n = values.shape[1]
        if names is None:
            names = getattr(X, "columns", [f"x{j}" for j in range(n)])
            names = getattr(inferrer, "feature_names_in_", names)
        names = np.asarray(names, dtype=object)
        if names.shape != (n,):
            raise ValueError(
                f"feature_names has shape {names.shape}, but X has {n} features: give one name "
                "per column."
            )
        return cls(values, names, binary_columns(values), held_out)

    def set_apart(
        self,
        rows: NDArray,
        member: NDArray[np.bool_],
        *,
        max_features: int,
        max_depth: int,
        seed: int,
    ) -> dict[str, Any]:
        """Features and rules of the members among the `rows` of their class."""
        told = self.names, self.binary
        own, rest = rows[member], rows[~member]
        return {
            "features": largest_differences(self.values, own, rest, *told, max_features),
            "rules": find_rules(
                self.values[rows], member, self.held_out[rows], *told,
                max_depth=max_depth, seed=seed,
            ),
        }  # fmt: skip


def check_no_text(X: Any) -> None:
    """Raise ValueError for a DataFrame with columns that are no numbers."""
    if not hasattr(X, "columns") or not hasattr(X, "items"):
        return
    text = [repr(name) for name, column in X.items() if not _holds_numbers(column)]
    if text:
        raise ValueError(
            f"X has columns that are no numbers: {', '.join(text[:5])}. Encode them the way they "
            "were for `inferrer.fit`, for example with sklearn.preprocessing.OneHotEncoder: "
            "columns of 0 and 1 are described by what they say. Or pass the pipeline that encodes."
        )


def _holds_numbers(column: Any) -> bool:
    try:
        np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    return True
