"""What is audited, checked before any work is done."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.pipeline import Pipeline
from sklearn.utils import assert_all_finite, column_or_1d, get_tags

from skgroup._groups import ResolvedGroups, check_same_index, resolve_groups
from skgroup._inputs import encode_classes, n_rows_of
from skgroup.auditing._column_encoder import MAX_DENSE, as_numbers, named_columns
from skgroup.classifiers._any_estimator import check_classifier, plain
from skgroup.inference._reference import _is_fitted

__all__ = ["LEAST_ROWS", "Subject", "check_inferrer"]

# Fewer rows of a class cannot be split into rows to learn from, in folds, and rows to judge on.
LEAST_ROWS = 10


@dataclass(frozen=True, eq=False)
class Subject:
    """A model and the rows that it is audited on.

    Attributes
    ----------
    model : classifier
        As the caller gave it; never changed.
    is_fitted : bool
        Whether it is judged as it is.
    X : array, frame or CSR matrix
        What the model reads.
    y, codes, classes : ndarray
        Labels, their codes, and the sorted labels.
    groups : ResolvedGroups or None
        Groups of the rows, if there are any.
    """

    model: Any
    is_fitted: bool
    X: Any
    y: NDArray
    codes: NDArray[np.int64]
    classes: NDArray
    groups: ResolvedGroups | None

    @classmethod
    def check(cls, model: Any, X: Any, y: Any, groups: Any) -> "Subject":
        """Raise where something cannot be audited, or return it in the form that is."""
        check_classifier("model", model)
        check_same_index(X=X, y=y, groups=groups)
        read = check_table(X)
        labels = column_or_1d(y)
        if n_rows_of(read) != len(labels):
            raise ValueError(
                f"X has {n_rows_of(read)} samples, but y has {len(labels)}: give one label per "
                "sample."
            )
        assert_all_finite(labels, input_name="y")
        classes, codes = encode_classes(labels)
        is_fitted = _is_fitted(model)
        _check_sizes(codes, classes)
        _check_known(model, is_fitted, classes)
        _check_values(model, read)
        found = resolve_groups(X, labels, groups)
        return cls(model, is_fitted, read, labels, codes, classes, found)


def check_inferrer(inferrer: Any) -> None:
    """Raise unless it is None or an instance of a group inferrer."""
    is_class = isinstance(inferrer, type)
    if inferrer is None or (hasattr(inferrer, "embed") and not is_class):
        return
    got = f"the class {inferrer.__name__}" if is_class else type(inferrer).__name__
    raise TypeError(
        f"inferrer must be a group inferrer, got {got}: pass an instance such as "
        "GradientGroupInferrer(k=2), or None."
    )


def check_table(X: Any) -> Any:
    """X, unless it is no table with rows and columns."""
    read: Any = np.asarray(X) if isinstance(X, (list, tuple)) else plain(X)
    shape = getattr(read, "shape", ())
    if len(shape) != 2 or 0 in shape:
        raise ValueError(
            f"X must be a table with rows and columns, got {type(X).__name__} of shape {shape}: "
            "pass a 2-D array, a DataFrame or a sparse matrix."
        )
    if sparse.issparse(read):
        if np.prod(shape, dtype=np.float64) > MAX_DENSE:
            raise ValueError(
                f"X is a sparse matrix of shape {shape}, too large for an audit: pick columns, or "
                "reduce them with sklearn.decomposition.TruncatedSVD."
            )
        return read.tocsr()
    return read


def _check_sizes(codes: NDArray, classes: NDArray) -> None:
    sizes = np.bincount(codes)
    few = int(sizes.argmin())
    if sizes[few] < LEAST_ROWS:
        raise ValueError(
            f"y has {sizes[few]} rows of class {classes.tolist()[few]!r}, too few to learn from "
            f"and to judge on: an audit needs {LEAST_ROWS} rows of each class."
        )


def _check_known(model: Any, is_fitted: bool, classes: NDArray) -> None:
    known = getattr(model, "classes_", None) if is_fitted else None
    if known is None:
        return
    labels = np.asarray(known).tolist()
    if unseen := [label for label in classes.tolist() if label not in labels]:
        raise ValueError(
            f"y has labels that the model did not see: {unseen}. Its classes are {labels}."
        )


def _check_values(model: Any, X: Any) -> None:
    """Raise for infinity, and for missing values where it is known that the model takes none."""
    if sparse.issparse(X):
        assert_all_finite(X.data, input_name="X")
        return
    columns = {name: as_numbers(column) for name, column in named_columns(X)}
    numbers = {name: values for name, values in columns.items() if values is not None}
    if infinite := [name for name, v in numbers.items() if np.isinf(v).any()]:
        raise ValueError(f"X has infinite values in {_quoted(infinite)}: replace them.")
    is_made_of_others = isinstance(model, Pipeline) or hasattr(model, "estimator")
    if is_made_of_others or get_tags(model).input_tags.allow_nan:
        return
    if empty := [name for name, v in numbers.items() if np.isnan(v).any()]:
        raise ValueError(
            f"X has missing values in {_quoted(empty)}, and {type(model).__name__} takes none: put "
            "an imputer before it, make_pipeline(SimpleImputer(), model), or take a model that "
            "reads them, such as HistGradientBoostingClassifier."
        )


def _quoted(names: list[str]) -> str:
    return ", ".join(map(repr, names[:5])) + (" and others" if len(names) > 5 else "")
