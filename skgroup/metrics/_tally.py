"""Right and wrong predictions, counted per group."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import type_of_target, unique_labels

from skgroup._encode_groups import encode_groups
from skgroup._groups import check_same_index
from skgroup.exceptions import GroupsError


class Tally(NamedTuple):
    """Per group, in the order of `labels`: rows and correctly classified rows."""

    labels: NDArray
    sizes: NDArray[np.int64]
    hits: NDArray[np.int64]

    @property
    def accuracies(self) -> NDArray[np.float64]:
        return self.hits / self.sizes


def hits_of(y_true: ArrayLike, y_pred: ArrayLike) -> NDArray[np.bool_]:
    """Whether each row is classified correctly, after the checks of a classification metric."""
    true, pred = column_or_1d(y_true), column_or_1d(y_pred)
    check_consistent_length(true, pred)
    if len(true) == 0:
        raise ValueError("y_true and y_pred are empty: give at least one row.")
    for name, values in {"y_true": true, "y_pred": pred}.items():
        if type_of_target(values, input_name=name) == "continuous":
            raise ValueError(
                f"{name} has continuous values, but accuracy compares classes: pass class labels, "
                "such as the output of `predict`."
            )
    unique_labels(true, pred)  # raises on numbers against strings, which are never equal
    return true == pred


def n_rows(groups: Any) -> int:
    """Number of rows of group labels, which may be a sequence of columns."""
    columns = isinstance(groups, (list, tuple)) and len(groups) > 0 and np.ndim(groups[0]) == 1
    return len(groups[0] if columns else groups)


def encode_present_groups(groups: Any, n_samples: int) -> tuple[NDArray[np.int64], NDArray]:
    """`encode_groups`, refusing groups that hold nothing but outliers."""
    codes, labels = encode_groups(groups, n_samples)
    if len(labels) == 0:
        raise GroupsError(
            f"All {n_samples} entries of groups are outliers (-1 or missing), so there is no group "
            "to score: give at least one row a group label."
        )
    return codes, labels


def tally(y_true: ArrayLike, y_pred: ArrayLike, groups: Any, min_size: int = 1) -> Tally:
    """Count rows and hits in every group of at least `min_size` rows; outliers are left out."""
    check_same_index(y_true=y_true, y_pred=y_pred, groups=groups)
    hits = hits_of(y_true, y_pred)
    codes, labels = encode_present_groups(groups, len(hits))
    n_groups = len(labels)
    sizes = np.bincount(codes[codes >= 0], minlength=n_groups)
    right = np.bincount(codes[(codes >= 0) & hits], minlength=n_groups)
    large = sizes >= min_size
    if not large.any():
        raise GroupsError(
            f"No group has min_size={min_size} rows (the largest has {sizes.max()}): "
            "lower min_size."
        )
    return Tally(labels[large], sizes[large], right[large])
