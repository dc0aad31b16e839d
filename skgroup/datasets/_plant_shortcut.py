"""A shortcut column for data of one's own."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from skgroup._groups import check_same_index
from skgroup._sklearn import Interval, validate_params
from skgroup.datasets._draws import centres, draw_shortcut
from skgroup.datasets._subsets import random_stream


@validate_params(
    {
        "X": ["array-like", "sparse matrix"],
        "y": ["array-like"],
        "agreement": [Interval(Real, 0, 1, closed="both")],
        "strength": [Interval(Real, 0, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "name": [str, Integral],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def plant_shortcut(
    X: Any,
    y: ArrayLike,
    agreement: float = 0.95,
    *,
    strength: float = 3.0,
    noise: float = 1.0,
    name: str | int = "shortcut",
    random_state: Any = None,
) -> tuple[Any, NDArray[np.int64]]:
    """Append a column to `X` that agrees with the class in most rows.

    The column is ``strength * (2 * v - K + 1)`` plus normal noise, with K classes and v the
    shortcut value, an index into the sorted classes: the row's own class where the shortcut
    agrees, another one elsewhere. With two classes its centres are ``-strength`` and
    ``strength``.

    Parameters
    ----------
    X : array-like, sparse matrix or pandas DataFrame of shape (n_samples, n_features)
        The data. Missing values and the categorical columns of a DataFrame pass through.
    y : array-like of shape (n_samples,)
        Class labels of any kind, at least two classes.
    agreement : float in [0, 1], default=0.95
        Share of rows whose shortcut value is the class: ``round(agreement * n_c)`` of the ``n_c``
        rows of each class. The other rows share the other values evenly. 1 / K makes the
        shortcut uninformative, smaller values misleading.
    strength : float, default=3.0
        Half the distance between neighbouring centres of the column, at least 0.
    noise : float, default=1.0
        Standard deviation of the column's noise, at least 0. 0 gives away the shortcut value.
    name : str or int, default="shortcut"
        Name of the column when `X` is a DataFrame.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw. None is a new one at each call; numpy's global generator is left alone.

    Returns
    -------
    X : ndarray, sparse matrix or DataFrame of shape (n_samples, n_features + 1)
        A copy of `X` with the shortcut as its last column. Arrays of floats keep their dtype, a
        sparse matrix its format and a DataFrame its index.
    groups : ndarray of shape (n_samples,), int64
        ``K * class index + shortcut value``, in the order of the rows.

    Raises
    ------
    ValueError
        If `X` and `y` differ in length, `y` has one class or is continuous, or a DataFrame has a
        column `name` already.
    TypeError
        If `X` is an array of neither numbers nor objects.
    GroupsError
        If `X` and `y` are pandas objects with different indexes.

    See Also
    --------
    make_shortcut_classification : The same shortcut on Gaussian classes.

    Notes
    -----
    Split first, then plant each part with an agreement of its own: planted before the split, the
    shortcut agrees as often in the test rows as in the training rows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skgroup.datasets import plant_shortcut
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X_planted, groups = plant_shortcut(X, y, agreement=0.9, random_state=0)
    >>> X.shape, X_planted.shape
    ((569, 30), (569, 31))
    >>> np.bincount(groups)
    array([191,  21,  36, 321])
    """
    check_same_index(y=y, X=X)
    if not _is_frame(X):
        X = _as_matrix(X)
    check_consistent_length(X, y)
    check_classification_targets(y)
    classes, codes = np.unique(column_or_1d(y), return_inverse=True)
    n_classes = len(classes)
    if n_classes < 2:
        raise ValueError(
            f"y has a single class, {classes.tolist()[0]!r}: a shortcut needs at least two classes "
            "to stand for."
        )
    rng = random_stream(random_state)
    shortcut = draw_shortcut(codes, agreement, n_classes, rng)
    column = strength * centres(shortcut, n_classes) + noise * rng.standard_normal(len(codes))
    return _append(X, column, name), n_classes * codes + shortcut


def _is_frame(X: Any) -> bool:
    return hasattr(X, "iloc") and hasattr(X, "columns")


def _as_matrix(X: Any) -> Any:
    matrix = check_array(X, accept_sparse=True, dtype=None, ensure_all_finite=False)
    if matrix.dtype.kind not in "biufO":
        raise TypeError(
            f"X has dtype {matrix.dtype}, which cannot hold the shortcut's numbers: pass an array "
            "of numbers or of dtype object, or a DataFrame."
        )
    return matrix


def _append(X: Any, column: NDArray[np.float64], name: str | int) -> Any:
    if _is_frame(X):
        if name in X.columns:
            raise ValueError(f"X has a column {name!r} already: choose another `name`.")
        planted = X.copy()
        planted[name] = column
        return planted
    if X.dtype.kind == "f":
        column = column.astype(X.dtype)
    if sparse.issparse(X):
        return sparse.hstack([X, column[:, None]], format=X.format)
    return np.column_stack([X, column])
