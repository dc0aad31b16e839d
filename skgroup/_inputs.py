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
from sklearn.utils.sparsefuncs import mean_variance_axis
from sklearn.utils.validation import validate_data
from torch import Tensor
from torch.utils.data import Dataset

__all__ = ["check_X", "check_X_y", "encode_classes", "feature_statistics", "n_features_of"]


def is_torch_input(X: Any) -> bool:
    """Whether `X` is something that only a torch module can read."""
    return isinstance(X, (Tensor, Mapping, Dataset))


def check_X(estimator: Any, X: Any, *, own_module: bool, reset: bool = False, **kwargs: Any) -> Any:
    """Validate the samples.

    Arrays and DataFrames become float32 or float64 arrays, CSR matrices stay sparse. With the
    user's own module, X may also have more dimensions, or be a tensor, a dict of arrays or a
    torch Dataset.
    """
    if not is_torch_input(X):
        return validate_data(
            estimator, X, reset=reset, accept_sparse="csr", dtype=[np.float64, np.float32],
            allow_nd=own_module, **kwargs,
        )  # fmt: skip
    if not own_module:
        raise TypeError(
            f"X is a {type(X).__name__}, which the default network cannot read: pass a 2-D array, "
            "a DataFrame or a CSR matrix, or your own network as `module=`."
        )
    tensors = X.values() if isinstance(X, Mapping) else [X] * isinstance(X, Tensor)
    for values in tensors:
        if not isinstance(values, Tensor) or values.is_floating_point():
            finite = torch.isfinite(torch.as_tensor(values)).all()
            if not finite:
                raise ValueError("X contains NaN or infinity: impute or remove those rows.")
    return X


def check_X_y(estimator: Any, X: Any, y: Any, *, own_module: bool) -> tuple[Any, NDArray, NDArray]:
    """Validate samples and classes; return X, the class codes and the sorted classes."""
    if y is None and isinstance(X, Dataset):
        y = np.array([int(X[i][1]) for i in range(len(X))])  # type: ignore[arg-type]
    if is_torch_input(X):
        X = check_X(estimator, X, own_module=own_module, reset=True)
        y = column_or_1d(np.asarray(y), warn=True)
        n = len(next(iter(X.values()))) if isinstance(X, Mapping) else len(X)
        if n != len(y):
            raise ValueError(f"X has {n} samples, but y has {len(y)}: give one label per sample.")
        assert_all_finite(y, input_name="y")
    else:
        X, y = validate_data(
            estimator, X, y, accept_sparse="csr", dtype=[np.float64, np.float32],
            allow_nd=own_module,
        )  # fmt: skip
    classes, codes = encode_classes(y)
    return X, codes, classes


def encode_classes(y: NDArray) -> tuple[NDArray, NDArray]:
    """Sorted classes and the code of each label; at least two classes are needed."""
    check_classification_targets(y)
    if y.dtype.kind == "O" and any(label is None for label in y):
        raise ValueError("y contains None: remove or label those rows.")
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y has one class only ({classes[0]!r}): at least two classes are needed. Check how "
            "the rows were selected."
        )
    return classes, codes.astype(np.int64)


def n_features_of(X: Any) -> int:
    """Columns of X, or size of the last axis; 0 where that has no meaning."""
    shape = getattr(X, "shape", ())
    return int(shape[1]) if len(shape) > 1 else 0


def feature_statistics(X: Any) -> tuple[NDArray, NDArray]:
    """Mean and standard deviation per column, in double precision and bounded memory."""
    if sparse.issparse(X):
        mean, variance = mean_variance_axis(X.astype(np.float64), axis=0)
        return mean, np.sqrt(variance)
    scaler = StandardScaler()
    for rows in gen_batches(len(X), 100_000):
        scaler.partial_fit(X[rows].astype(np.float64))
    return scaler.mean_, scaler.scale_
