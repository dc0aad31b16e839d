"""Clusters split further: a part becomes a cluster where it is compact, hard and not small."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics.pairwise import euclidean_distances

from skgroup.clustering._class_clustering import ClassClustering
from skgroup.clustering._class_models import MAX_PARTITION_ROWS, fit_model
from skgroup.clustering._class_silhouette import distance_silhouettes
from skgroup.clustering._class_stages import count_distinct
from skgroup.clustering._rows import check_rows, sample_rows

# Silhouettes need all distances: above this many rows they are those of a sample.
SILHOUETTE_ROWS = 5000


@dataclass(frozen=True)
class KeepRules:
    """When a part of a cluster is kept as a cluster. It has to meet all of these.

    - The mean silhouette of its rows among all parts is above 0, and above that of the same rows
      among the clusters.
    - Its mean loss is not below that of its cluster.
    - It has at least `min_size` rows and `min_share` of the rows of the class.
    - It has at least `min_size` validation rows, where there are any.
    """

    min_share: float = 0.005
    min_size: int = 25

    def kept(
        self,
        clusters: NDArray,
        parts: NDArray,
        losses: NDArray,
        before: NDArray,
        after: NDArray,
        n_validation: NDArray | None = None,
    ) -> NDArray[np.bool_]:
        """Which parts are kept.

        Parameters
        ----------
        clusters, parts : ndarray of shape (n_rows,)
            Cluster and part of each row of a class. Parts are numbered over all clusters; -1
            for rows of a cluster that was not split.
        losses : ndarray of shape (n_rows,)
            Loss of each row.
        before, after : ndarray of shape (n_rows,)
            Silhouette of each row among the clusters and among the parts, NaN where not known.
        n_validation : ndarray, optional
            Validation rows of each part.

        Returns
        -------
        kept : ndarray of shape (n_parts,)
        """
        kept = np.zeros(int(parts.max()) + 1, dtype=bool)
        # .07 * 100 is more than 7
        least = max(self.min_share * len(clusters) - 1e-9, self.min_size, 1)
        for part in range(len(kept)):
            rows = parts == part
            if rows.sum() < least:
                continue
            known = rows & ~np.isnan(after)
            compact = known.any() and after[known].mean() > max(before[known].mean(), 0)
            own = clusters == clusters[rows.argmax()]
            # Means of equal losses differ by rounding.
            hard = losses[rows].mean() >= losses[own].mean() * (1 - 1e-9)
            seen = n_validation is None or n_validation[part] >= self.min_size
            kept[part] = compact and hard and seen
        return kept


@dataclass(frozen=True, eq=False)
class OverClustering:
    """The clusters of one class after some were split, made by :func:`overcluster`.

    It stands where a :class:`~skgroup.clustering.ClassClustering` does.

    Attributes
    ----------
    base : ClassClustering
        The clusters before.
    models : dict
        What splits each cluster into parts; clusters without one stay whole.
    table : ndarray of shape (n_clusters, factor + 1)
        Label of each part of each cluster; in the last column that of the cluster itself.
    labels_ : ndarray of shape (n_rows,)
        Label of every row, from 0 without gaps; -1 for outliers.
    """

    base: ClassClustering
    models: dict[int, Any]
    table: NDArray[np.intp]
    labels_: NDArray[np.intp]

    @property
    def k_(self) -> int | None:
        return self.base.k_

    @property
    def usable_(self) -> bool:
        return self.base.usable_ or bool(self.labels_.max() > 0)

    @property
    def reason_(self) -> str:
        return "" if self.usable_ else self.base.reason_

    def predict(self, Z: ArrayLike) -> NDArray[np.intp]:
        """Assign rows to a cluster, then to a part of it; both as fitted."""
        Z = check_rows(Z)
        clusters = self.base.predict(Z)
        parts = split_rows(self.models, Z, clusters, self.table.shape[1] - 1)
        return np.where(clusters < 0, -1, self.table[clusters, parts])


def overcluster(
    Z: NDArray[Any],
    base: ClassClustering,
    clusterer: str,
    *,
    factor: int,
    losses: NDArray,
    rules: KeepRules,
    validation: NDArray[Any] | None = None,
    random_state: int = 0,
) -> OverClustering:
    """Split every cluster into parts and keep those that the rules keep.

    Rows of the other parts stay in their cluster. A cluster with fewer distinct rows than
    `factor` is left alone, and one whose parts are all kept is no more.

    Parameters
    ----------
    Z : ndarray of shape (n_rows, n_columns)
        Rows of one class, those that `base` was fitted on.
    base : ClassClustering
        Their clusters.
    clusterer : {"kmeans", "gmm"}
        What splits them.
    factor : int
        Parts of a cluster.
    losses : ndarray of shape (n_rows,)
        Losses of the reference.
    rules : KeepRules
        When a part is kept.
    validation : ndarray of shape (n_validation_rows, n_columns), optional
        Validation rows of the class.
    random_state : int
        Seed of all draws.
    """
    clusters, n_clusters = base.labels_, int(base.labels_.max()) + 1
    seeds = np.random.RandomState(random_state).randint(np.iinfo(np.int32).max, size=n_clusters + 1)
    models = _fit_models(Z, clusters, clusterer, factor, seeds[:-1].tolist())
    local = split_rows(models, Z, clusters, factor)
    parts = np.where(local < factor, clusters * factor + local, -1)
    seen = None if validation is None else np.zeros(n_clusters * factor, dtype=np.intp)
    if validation is not None and len(validation):
        own = base.predict(validation)
        new = split_rows(models, validation, own, factor)
        seen = np.bincount((own * factor + new)[new < factor], minlength=n_clusters * factor)
    silhouettes = _silhouettes(Z, clusters, parts, int(seeds[-1]))
    found = rules.kept(clusters, parts, losses, *silhouettes, seen)
    kept = np.zeros(n_clusters * factor, dtype=bool)
    kept[: len(found)] = found
    table = _number(kept.reshape(n_clusters, factor), clusters, local)
    return OverClustering(base, models, table, np.where(clusters < 0, -1, table[clusters, local]))


def _fit_models(
    Z: NDArray[Any], clusters: NDArray, clusterer: str, factor: int, seeds: list[int]
) -> dict[int, Any]:
    """What splits each cluster that has rows enough."""
    models = {}
    for c, seed in enumerate(seeds):
        own = Z[clusters == c]
        if count_distinct(own, factor) == factor:
            models[c] = fit_model(
                own, clusterer, k=factor, eps=1.0, min_samples=1, max_exact=MAX_PARTITION_ROWS,
                seed=seed, starts=3,
            )[0]  # fmt: skip
    return models


def split_rows(
    models: dict[int, Any], Z: NDArray[Any], clusters: NDArray, factor: int
) -> NDArray[np.intp]:
    """Part of each row within its cluster; `factor` where the cluster, or outlier, is whole."""
    parts = np.full(len(Z), factor, dtype=np.intp)
    for c, model in models.items():
        rows = clusters == c
        if rows.any():
            parts[rows] = model.predict(Z[rows])
    return parts


def _silhouettes(
    Z: NDArray[Any], clusters: NDArray, parts: NDArray, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Silhouettes among clusters and among parts, where a whole cluster counts as a part."""
    rows = sample_rows(len(Z), SILHOUETTE_ROWS, seed)
    refined = np.where(parts < 0, clusters, clusters.max() + 1 + parts)
    distances = euclidean_distances(Z[rows].astype(np.float64))
    found = np.full((2, len(Z)), np.nan)
    for values, labels in zip(found, (clusters, refined), strict=True):
        values[rows] = distance_silhouettes(distances, labels[rows])
    return found[0], found[1]


def _number(kept: NDArray[np.bool_], clusters: NDArray, parts: NDArray) -> NDArray[np.intp]:
    """Labels of what is left of each cluster, and of its parts, in the order of the clusters."""
    n_clusters, factor = kept.shape
    table, next_label = np.empty((n_clusters, factor + 1), dtype=np.intp), 0
    for c, flags in enumerate(kept):
        own = parts[clusters == c]
        is_kept = np.append(flags, False)
        remains = not is_kept[own].all()
        names = next_label + remains + np.arange(flags.sum())
        # Nothing was seen of a part that is empty: new rows in it join the largest one.
        sizes = np.bincount(own, minlength=factor + 1)[is_kept.nonzero()]
        table[c] = next_label if remains else names[sizes.argmax()]
        table[c, is_kept.nonzero()] = names
        next_label = names[-1] + 1 if len(names) else next_label + 1
    return table
