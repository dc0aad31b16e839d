"""The clusters of an inferrer, class by class, against those that it finds where there are none."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.random import RandomState
from numpy.typing import NDArray

from skgroup.inspection._gap import gap_p_value
from skgroup.inspection._null_separation import (
    as_numbers,
    draw_clouds,
    like,
    p_value,
    separation,
)
from skgroup.inspection._refit import refit

__all__ = ["ClusterTest", "assess_clusters"]


@dataclass(frozen=True)
class ClusterTest:
    """Silhouette of the clusters of one class, and the p-values of two nulls."""

    silhouette: float = float("nan")
    p_value: float = float("nan")
    gap_p_value: float = float("nan")


def assess_clusters(
    inferrer: Any, X: Any, y: NDArray, *, n_null: int, rng: RandomState, n_jobs: int | None
) -> dict[Any, ClusterTest]:
    """Test the clusters of each class; the result has no class that is one group."""
    seeds = rng.randint(np.iinfo(np.int32).max, size=n_null).tolist()
    numbers = as_numbers(X)
    null = Parallel(n_jobs=n_jobs)(
        delayed(_separations_of_clouds)(inferrer, X, numbers, y, seed)
        for seed in (seeds if numbers is not None else [])
    )
    found = {}
    for label, (Z, groups) in _embedded(inferrer, X, y).items():
        value = separation(Z, groups)
        if value > -1:
            of_null = [draw[label] for draw in null]
            gap = gap_p_value(Z, groups, n_null, rng)
            found[label] = ClusterTest(value, p_value(value, of_null), gap)
    return found


def _embedded(inferrer: Any, X: Any, y: NDArray) -> dict[Any, tuple[NDArray, NDArray]]:
    """The embedded rows and the groups of each class."""
    Z, groups = inferrer.embed(X, y), inferrer.predict(X, y)
    return {label: (Z[y == label], groups[y == label]) for label in inferrer.classes_.tolist()}


def _separations_of_clouds(
    inferrer: Any, X: Any, numbers: NDArray, y: NDArray, seed: int
) -> dict[Any, float]:
    """Of the groups that a refit finds where each class is one cloud."""
    drawn = like(X, draw_clouds(numbers, y, RandomState(seed)))
    model = refit(inferrer, drawn, y, seed)
    return {label: separation(*own) for label, own in _embedded(model, drawn, y).items()}
