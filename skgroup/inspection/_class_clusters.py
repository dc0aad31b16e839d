"""The clusters of an inferrer, class by class, in the form that they are tested in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.random import RandomState
from numpy.typing import NDArray

from skgroup.clustering import class_silhouette, cluster_class
from skgroup.clustering._class_models import DENSITIES, capped_min_samples
from skgroup.clustering._rows import sample_rows
from skgroup.inference._cluster_base import ClusterGroupInferrer
from skgroup.inspection._gap import gap_p_value
from skgroup.inspection._null_separation import NULL_ROWS, p_value, separation_of_null

__all__ = ["ClusterTest", "assess_clusters"]

NAMES = ("clusterer", "k", "eps", "min_samples", "min_cluster_share", "small_clusters")


@dataclass(frozen=True)
class ClusterTest:
    """Silhouette of the clusters of one class, and the p-values of two nulls."""

    silhouette: float = float("nan")
    p_value: float = float("nan")
    gap_p_value: float = float("nan")


def assess_clusters(
    inferrer: Any, X: Any, y: Any, *, n_null: int, rng: RandomState, n_jobs: int | None
) -> dict[Any, ClusterTest]:
    """Test the clusters of each class; the result has no class that could not be tested.

    Where all rows were clustered at once there is one test, which stands for every class.
    """
    if not n_null or not isinstance(inferrer, ClusterGroupInferrer):
        return {}
    parts = inferrer._parts.parts
    Z, y = inferrer.embed(X, y), np.asarray(y)
    classes = inferrer.classes_.tolist()
    members = [np.arange(len(Z))] if len(parts) == 1 else [np.flatnonzero(y == c) for c in classes]
    settings, found = inferrer._settings()[1], {}
    for part, rows, label in zip(parts, members, classes, strict=False):
        seeds = rng.randint(np.iinfo(np.int32).max, size=n_null + 2).tolist()
        if len(rows) and part.clustering.labels_.max() > 0:
            found[label] = _test(Z[rows], part.clustering, settings, seeds, n_jobs)
    return dict.fromkeys(classes, found[classes[0]]) if len(parts) == 1 and found else found


def _test(
    Z: NDArray, clustering: Any, settings: Mapping[str, Any], seeds: list[int], n_jobs: int | None
) -> ClusterTest:
    """Cluster (a sample of) the class again, and draws of the null in the same way."""
    n, rng = len(Z), RandomState(seeds[0])
    Z = Z[sample_rows(n, NULL_ROWS, rng)]
    fixed = _fixed(clustering, settings, n, len(Z))
    labels = cluster_class(Z, **fixed, random_state=seeds[1]).labels_
    silhouette = class_silhouette(Z, labels, max_rows=len(Z))
    null = Parallel(n_jobs=n_jobs)(delayed(separation_of_null)(Z, fixed, s) for s in seeds[2:])
    gap = gap_p_value(Z, labels, len(null), rng)
    return ClusterTest(silhouette, p_value(silhouette, np.array(null)), gap)


def _fixed(clustering: Any, settings: Mapping[str, Any], n: int, n_sample: int) -> dict[str, Any]:
    """The settings with what was chosen in the fit, for a sample of the class."""
    fitted = getattr(clustering, "base", clustering)  # before clusters were split further
    fixed = {name: settings[name] for name in NAMES}
    fixed["k"] = int(clustering.labels_.max()) + 1
    if settings["clusterer"] in DENSITIES:
        fixed["eps"] = settings["eps"] if fitted.eps_ is None else fitted.eps_
        fixed["min_samples"] = capped_min_samples(fitted.min_samples_, n, n_sample)
    return fixed
