"""Clones of an inferrer, fitted on other rows or with other seeds."""

import warnings
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from skgroup._inputs import take_rows
from skgroup._seeded_clone import seeded_clone
from skgroup.exceptions import UnusableSplitWarning

__all__ = ["class_ari", "refit", "refit_groups", "subsample_rows"]


def refit_groups(
    inferrer: Any, X: Any, y: NDArray, rows: NDArray[np.intp] | None, seed: int
) -> NDArray[np.int64]:
    """Groups of all rows by a clone that was fitted on some of them, or on all (None)."""
    own_X, own_y = (X, y) if rows is None else (take_rows(X, rows), y[rows])
    return np.asarray(refit(inferrer, own_X, own_y, seed).predict(X, y))


def refit(inferrer: Any, X: Any, y: NDArray, seed: int) -> Any:
    """A clone with another seed, fitted in silence."""
    model = seeded_clone(inferrer, seed)
    names = model.get_params()
    if "random_state" in names:
        model.set_params(random_state=seed)
    model.set_params(**{name: 0 for name in names if name.split("__")[-1] == "verbose"})
    with warnings.catch_warnings():
        # The number of groups is reported, whichever process they were counted in.
        warnings.simplefilter("ignore", UnusableSplitWarning)
        return model.fit(X, y)


def subsample_rows(codes: NDArray, share: float, rng: RandomState) -> NDArray[np.intp]:
    """Sorted rows: that share of each class, drawn without replacement, at least one."""
    parts = []
    for c in range(codes.max() + 1):
        own = rng.permutation(np.flatnonzero(codes == c))
        parts.append(own[: max(1, round(share * len(own)))])
    return np.sort(np.concatenate(parts))


def class_ari(one: NDArray, other: NDArray, codes: NDArray) -> NDArray[np.float64]:
    """Adjusted Rand index of two labellings inside each class."""
    members = [codes == c for c in range(codes.max() + 1)]
    return np.array([adjusted_rand_score(one[rows], other[rows]) for rows in members])
