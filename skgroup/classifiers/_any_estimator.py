"""Any scikit-learn classifier in the place of the network, where only weights or rows matter."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn import config_context
from sklearn.base import is_classifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.validation import has_fit_parameter, validate_data

from skgroup._grouped_array import GroupedArray
from skgroup._inputs import encode_classes, n_rows_of
from skgroup._seeded_clone import seeded_clone
from skgroup._sklearn import HasMethods, _safe_indexing
from skgroup.classifiers._shared import SHARED_CONSTRAINTS

__all__ = [
    "ESTIMATOR",
    "changed_parameters",
    "check_classifier",
    "check_input",
    "fit_rows",
    "fit_weighted",
    "pick_rows",
    "plain",
    "refuse_network_parameters",
    "resample",
]

# The constraint of a parameter that takes a scikit-learn classifier.
ESTIMATOR = [HasMethods(["fit", "predict"]), None]
# Parameters of the network that mean something for any estimator.
COMMON = {"random_state", "verbose"}


def check_classifier(name: str, estimator: Any) -> None:
    """Raise unless `estimator` is an instance of a classifier."""
    is_class = isinstance(estimator, type)
    if is_class or not hasattr(estimator, "__sklearn_tags__") or not is_classifier(estimator):
        got = f"the class {estimator.__name__}" if is_class else type(estimator).__name__
        raise TypeError(
            f"{name} must be a scikit-learn classifier, got {got}: pass an instance such as "
            "LogisticRegression()."
        )


def refuse_network_parameters(classifier: Any, network_only: tuple[str, ...] = ()) -> None:
    """Raise unless `estimator` is a classifier and the parameters of the network are untouched.

    `network_only` are those of the method itself that an estimator cannot follow.
    """
    check_classifier("estimator", classifier.estimator)
    changed = changed_parameters(classifier, [*(SHARED_CONSTRAINTS.keys() - COMMON), *network_only])
    if changed:
        raise ValueError(
            f"{', '.join(changed)} would be ignored: with estimator= no network is trained. Set "
            "the estimator's own parameters, or leave estimator out."
        )


def changed_parameters(classifier: Any, names: Iterable[str]) -> list[str]:
    """Those of `names` that do not have their default value."""
    defaults = type(classifier)().get_params(deep=False)
    given = sorted(name for name in names if getattr(classifier, name) is not defaults[name])
    return [name for name in given if not _equal(getattr(classifier, name), defaults[name])]


def _equal(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except ValueError:  # arrays
        return False


def plain(X: Any) -> Any:
    """X without carried groups, a view as read-only as it was; what only converts is converted."""
    is_converted = not hasattr(X, "shape") and not hasattr(X, "__len__")
    return np.asarray(X) if is_converted or isinstance(X, GroupedArray) else X


def check_input(classifier: Any, X: Any, y: Any) -> tuple[Any, NDArray, NDArray]:
    """Leave X to the estimator, but for its shape and names; return it, class codes and classes."""
    X = plain(X)
    validate_data(classifier, X, y, skip_check_array=True)
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y")
    n = n_rows_of(X)
    if not n:
        raise ValueError("X has 0 samples: there is nothing to train on.")
    if n != len(y):
        raise ValueError(f"X has {n} samples, but y has {len(y)}: give one label per sample.")
    classes, codes = encode_classes(y)
    return X, codes, classes


def pick_rows(X: Any, rows: NDArray) -> Any:
    """Some rows, or X itself where they are all of its rows in order."""
    if len(rows) == n_rows_of(X) and (rows == np.arange(len(rows))).all():
        return X
    return _safe_indexing(X.tocsr() if sparse.issparse(X) else X, rows)


def fit_rows(estimator: Any, X: Any, y: NDArray, rows: NDArray, seed: int) -> Any:
    """Fit a clone on some rows, repeated as often as they are named."""
    return seeded_clone(estimator, seed).fit(pick_rows(X, rows), y[rows])


def fit_weighted(
    estimator: Any, X: Any, y: NDArray, rows: NDArray, weight: NDArray | None, seed: int
) -> Any:
    """Fit a clone on `rows` with weights, or on resampled rows where it knows no weights."""
    if weight is None:
        return fit_rows(estimator, X, y, rows, seed)
    name = _weight_name(estimator)
    if name is None:
        return fit_rows(estimator, X, y, rows[resample(y[rows], weight, seed)], seed)
    # Without routing a pipeline takes the weights of its last step by name.
    with config_context(enable_metadata_routing=False):
        model = seeded_clone(estimator, seed)
        return model.fit(pick_rows(X, rows), y[rows], **{name: weight})


def _weight_name(estimator: Any) -> str | None:
    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        inner = _weight_name(last)
        return inner and f"{step}__{inner}"
    if isinstance(estimator, (GridSearchCV, RandomizedSearchCV)):
        return _weight_name(estimator.estimator)  # they hand on what `fit` is given
    return "sample_weight" if has_fit_parameter(estimator, "sample_weight") else None


def resample(y: NDArray, weight: NDArray, seed: int) -> NDArray[np.int64]:
    """Positions drawn in proportion to weights, as many as there are, in ascending order.

    Systematic draws: a row, and a class, appears within one of as often as its weight says. A
    class that would not appear at all adds its heaviest row, so that every class is known.
    """
    order = np.argsort(y, kind="stable")
    edges = np.cumsum(weight[order], dtype=np.float64)
    steps = np.arange(len(y)) + np.random.default_rng(seed).random()
    place = np.searchsorted(edges, steps * (edges[-1] / len(y)), side="right")
    drawn = order[np.minimum(place, len(y) - 1)]
    lost = [np.flatnonzero(y == label) for label in np.setdiff1d(y, y[drawn])]
    heaviest = [rows[weight[rows].argmax()] for rows in lost]
    return np.sort(np.concatenate([drawn, np.array(heaviest, dtype=np.int64)]))
