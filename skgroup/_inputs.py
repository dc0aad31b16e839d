"""Checks of X and y that every estimator shares."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import StandardScaler
from sklearn.utils import assert_all_finite, column_or_1d, gen_batches
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, Subset

from skgroup._frame_columns import check_columns, naming_columns
from skgroup._sklearn import _safe_indexing

__all__ = [
    "check_X",
    "check_X_y",
    "encode_classes",
    "feature_statistics",
    "forget_fit",
    "known_codes",
    "labels_of",
    "n_features_of",
    "n_rows_of",
    "take_rows",
]

_BLOCK_VALUES = 2**22  # 32 MB in double precision


def forget_fit(estimator: Any) -> None:
    """Delete what a fit has left: one that ends early must leave no mixture of two."""
    for fitted in [name for name in vars(estimator) if name.endswith("_")]:
        delattr(estimator, fitted)


def is_torch_input(X: Any) -> bool:
    """Whether `X` is something that only a torch module can read."""
    if sparse.issparse(X):  # SciPy's DOK matrices are mappings
        return False
    return isinstance(X, (Tensor, Mapping, Dataset))


def check_X(estimator: Any, X: Any, *, own_module: bool, reset: bool = False, **kwargs: Any) -> Any:
    """Validate the samples.

    Arrays and DataFrames become float32 or float64 arrays, CSR matrices stay sparse. With the
    user's own module, X may also have more dimensions, or be a tensor, a dict of arrays or a
    torch Dataset.
    """
    if not is_torch_input(X):
        _check_form(X, own_module)
        with naming_columns(X):
            X = validate_data(
                estimator, X, reset=reset, accept_sparse="csr", dtype=[np.float64, np.float32],
                allow_nd=own_module, **kwargs,
            )  # fmt: skip
        _check_range(X)
        return X
    if not own_module:
        raise TypeError(
            f"X is a {type(X).__name__}, which the default network cannot read: pass a 2-D array, "
            "a DataFrame or a CSR matrix, or your own network as `module=`."
        )
    if isinstance(X, IterableDataset) or (isinstance(X, Mapping) and not X):
        raise TypeError(
            "X has no rows that can be picked by number: pass a map-style Dataset (with __len__ "
            "and __getitem__), a tensor, or a dict with at least one array."
        )
    inputs = X if isinstance(X, Mapping) else {"X": X} if isinstance(X, Tensor) else {}
    for name, values in inputs.items():
        _check_finite(values, str(name))
    return X


def _check_finite(values: Any, name: str) -> None:
    if not isinstance(values, Tensor):
        assert_all_finite(
            values if sparse.issparse(values) else np.asarray(values), input_name=name
        )
    elif not torch.isfinite(values).all():
        raise ValueError(f"Input {name} contains NaN or infinity: impute or remove those rows.")


def _check_form(X: Any, own_module: bool) -> None:
    check_columns(X)
    if not own_module and getattr(X, "ndim", 2) > 2:
        raise ValueError(
            f"Found array with dim {X.ndim}, but the default network reads 2-D arrays: flatten X "
            "with `X.reshape(len(X), -1)`, or pass your own network as `module=`."
        )


def _check_range(X: Any) -> None:
    values, limit = X.data if sparse.issparse(X) else X, np.finfo(np.float32).max
    if X.dtype != np.float32 and values.size and max(values.max(), -values.min()) > limit:
        raise ValueError(
            f"X contains values beyond {limit:.1e}, too large for the float32 arithmetic of the "
            "network: rescale its columns."
        )


def check_X_y(estimator: Any, X: Any, y: Any, *, own_module: bool) -> tuple[Any, NDArray, NDArray]:
    """Validate samples and classes; return X, the class codes and the sorted classes."""
    if is_torch_input(X):
        X = check_X(estimator, X, own_module=own_module, reset=True)
        y = column_or_1d(labels_of(X) if y is None else np.asarray(y), warn=True)
        n = n_rows_of(X)
        if n != len(y):
            raise ValueError(f"X has {n} samples, but y has {len(y)}: give one label per sample.")
        assert_all_finite(y, input_name="y")
    else:
        _check_form(X, own_module)
        with naming_columns(X):
            X, y = validate_data(
                estimator, X, y, accept_sparse="csr", dtype=[np.float64, np.float32],
                allow_nd=own_module,
            )  # fmt: skip
        _check_range(X)
    classes, codes = encode_classes(y)
    return X, codes, classes


def labels_of(X: Any) -> NDArray:
    """The labels of a torch Dataset of (input, label) pairs."""
    try:
        return np.array([int(X[i][1]) for i in range(len(X))])
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise ValueError(
            f"y is None, and X (a {type(X).__name__}) does not give (input, integer label) pairs: "
            "pass the labels as y."
        ) from error


def encode_classes(y: NDArray) -> tuple[NDArray, NDArray]:
    """Sorted classes and the code of each label; at least two classes are needed."""
    if y.dtype.kind == "O" and any(label is None for label in y):
        raise ValueError("y contains None: remove or label those rows.")
    if y.dtype.kind == "O" and len(kinds := {type(label).__name__ for label in y}) > 1:
        raise ValueError(
            f"y has labels of type {', '.join(sorted(kinds))}: use labels of one type, for example "
            "by `y.astype(str)`."
        )
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y has one class only ({classes.tolist()[0]!r}): at least two classes are needed. "
            "Check how the rows were selected."
        )
    return classes, codes.astype(np.int64)


def known_codes(y: Any, classes: NDArray, n_samples: int) -> NDArray[np.int64]:
    """The code of each label of new rows, which must be one of the classes of `fit`."""
    y = column_or_1d(y)
    if len(y) != n_samples:
        raise ValueError(
            f"X has {n_samples} samples, but y has {len(y)}: give one label per sample."
        )
    code_of = {label: code for code, label in enumerate(classes.tolist())}
    sortable = y.dtype.kind != "O"
    labels, which = np.unique(y, return_inverse=True) if sortable else (y, slice(None))
    if unseen := {repr(label) for label in labels.tolist() if label not in code_of}:
        raise ValueError(
            f"y has labels that fit did not see: {', '.join(sorted(unseen)[:5])}. The classes are "
            f"{list(code_of)}."
        )
    return np.array([code_of[label] for label in labels.tolist()])[which]


def n_features_of(X: Any) -> int:
    """Columns of X, or size of the second axis (channels, say); 0 where X has no shape."""
    if isinstance(X, Dataset):
        first = X[0][0] if isinstance(X[0], (tuple, list)) else X[0]
        return int(first.shape[0]) if len(getattr(first, "shape", ())) else 0
    shape: tuple = getattr(X, "shape", ())
    return int(shape[1]) if len(shape) > 1 else 0


def n_rows_of(X: Any) -> int:
    """Samples in X."""
    if isinstance(X, Mapping) and not sparse.issparse(X):
        X = next(iter(X.values()))
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def take_rows(X: Any, rows: NDArray[np.intp] | slice) -> Any:
    """Some rows of whatever holds samples."""
    if isinstance(X, Dataset):
        return Subset(X, range(n_rows_of(X))[rows] if isinstance(rows, slice) else rows.tolist())
    if isinstance(X, Tensor):
        return X[rows] if isinstance(rows, slice) else X[torch.from_numpy(rows).to(X.device)]
    if isinstance(X, Mapping) and not sparse.issparse(X):
        return {name: take_rows(values, rows) for name, values in X.items()}
    return _safe_indexing(X.tocsr() if sparse.issparse(X) else X, rows)


def feature_statistics(
    X: Any, rows: NDArray | None = None, weight: NDArray | None = None
) -> tuple[NDArray, NDArray]:
    """Mean and standard deviation per column, in double precision and bounded memory.

    A column that is constant has deviation 1. `rows` picks the samples that count, in ascending
    order; `weight` belongs to them.
    """
    if rows is not None and len(rows) == X.shape[0]:
        rows = None  # all of them, in order
    if sparse.issparse(X):
        return _sparse_statistics(sparse.csr_array(X if rows is None else X[rows]), weight)
    scaler, n = StandardScaler(), len(X if rows is None else rows)
    for part in gen_batches(n, max(1, _BLOCK_VALUES // X.shape[1])):
        values = X[part if rows is None else rows[part]].astype(np.float64)
        scaler.partial_fit(values, sample_weight=None if weight is None else weight[part])
    return scaler.mean_, scaler.scale_


def _sparse_statistics(X: Any, weight: NDArray | None) -> tuple[NDArray, NDArray]:
    """The same from entries that are not 0, in two passes.

    scikit-learn's weighted variance may fall below 0 where a column is constant.
    """
    n = X.shape[0]
    weight = np.full(n, 1 / n) if weight is None else weight / weight.sum()
    X = X.astype(np.float64)
    X.sum_duplicates()
    mean = X.T @ weight
    squares = sparse.csr_array(((X.data - mean[X.indices]) ** 2, X.indices, X.indptr), X.shape)
    present = sparse.csr_array((np.ones_like(X.data), X.indices, X.indptr), X.shape)
    full = np.bincount(X.indices, minlength=X.shape[1]) == n
    absent = np.where(full, 0.0, 1 - present.T @ weight)
    variance = squares.T @ weight + absent * mean**2
    rounding = (n * np.finfo(np.float64).eps * mean) ** 2
    return mean, np.where(variance > rounding, np.sqrt(variance), 1.0)
