"""What speaks against chance as the maker of groups."""

from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from skgroup._inputs import take_rows
from skgroup._tell import tell
from skgroup.clustering._rows import sample_rows
from skgroup.inference._base import BaseGroupInferrer
from skgroup.inference._cluster_base import ClusterGroupInferrer
from skgroup.inspection._class_clusters import ClusterTest, assess_clusters
from skgroup.inspection._label_test import label_p_value
from skgroup.inspection._refit import refit

__all__ = ["figures_of_chance"]

# Silhouettes need all distances: of larger classes this many rows are tested.
NULL_ROWS = 1000


def figures_of_chance(
    inferrer: Any, X: Any, y: NDArray, *, n_null: int, rng: RandomState, n_jobs: int | None,
    verbose: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """The figures of a `Stability` that are silhouettes and p-values.

    A search is represented by the candidate that it chose.
    """
    classes, p_label = np.unique(y).tolist(), float("nan")
    tests: dict[Any, ClusterTest] = {}
    inferrer = getattr(inferrer, "best_inferrer_", inferrer)
    if n_null and isinstance(inferrer, BaseGroupInferrer):
        seed = int(rng.randint(np.iinfo(np.int32).max))
        if len(rows := _sample(y, rng)) < len(y):
            X, y = take_rows(X, rows), y[rows]
            inferrer = refit(inferrer, X, y, seed)
        options: dict[str, Any] = {"n_null": n_null, "rng": rng, "n_jobs": n_jobs}
        tell(verbose, "stability", f"refits it to {n_null} permutations of the labels")
        p_label = label_p_value(inferrer, X, y, **options)
        if isinstance(inferrer, ClusterGroupInferrer):
            tell(verbose, "stability", f"refits it to {n_null} draws of one cloud a class")
            tests = assess_clusters(inferrer, X, y, **options)
    found = [tests.get(label, ClusterTest()) for label in classes]
    return {
        "label_p_value": p_label,
        "silhouettes": np.array([test.silhouette for test in found]),
        "p_values": np.array([test.p_value for test in found]),
        "gap_p_values": np.array([test.gap_p_value for test in found]),
    }


def _sample(y: NDArray, rng: RandomState) -> NDArray[np.intp]:
    members = [np.flatnonzero(y == label) for label in np.unique(y)]
    kept = [own[sample_rows(len(own), NULL_ROWS, rng)] for own in members]
    return np.sort(np.concatenate(kept))
