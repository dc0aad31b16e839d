"""Whether the reference of an inferrer learns anything of the labels."""

from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.random import RandomState
from numpy.typing import NDArray

from skgroup.inspection._null_separation import p_value
from skgroup.inspection._refit import refit

__all__ = ["label_p_value", "mean_loss"]


def label_p_value(
    inferrer: Any, X: Any, y: NDArray, *, n_null: int, rng: RandomState, n_jobs: int | None
) -> float:
    """Share of permutations of y that a refit has as small a loss on, the true y counted as one."""
    seeds = rng.randint(np.iinfo(np.int32).max, size=n_null).tolist()
    null = Parallel(n_jobs=n_jobs)(
        delayed(_loss_of_permuted)(inferrer, X, y, seed) for seed in seeds
    )
    return p_value(-mean_loss(inferrer), [-loss for loss in null])


def mean_loss(inferrer: Any) -> float:
    """Mean loss of the reference on the rows that it was fitted on."""
    table = inferrer.group_table_
    return float(np.average(table["mean_loss"], weights=table["size"]))


def _loss_of_permuted(inferrer: Any, X: Any, y: NDArray, seed: int) -> float:
    return mean_loss(refit(inferrer, X, RandomState(seed).permutation(y), seed))
