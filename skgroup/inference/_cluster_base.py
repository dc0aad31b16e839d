"""What the inferrers share that cluster a representation of the rows."""

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup._inputs import take_rows
from skgroup.clustering._class_models import DENSITIES, PARTITIONS
from skgroup.inference._base import BaseGroupInferrer
from skgroup.inference._group_ids import GroupIds
from skgroup.inference._parts import Parts
from skgroup.inference._row_blocks import sample_classes

__all__ = ["ClusterGroupInferrer"]

# What is clustered has at most so many bytes, in double precision; further rows are assigned.
REPRESENTED_BYTES = 2**29


class ClusterGroupInferrer(BaseGroupInferrer):
    """Clusters a representation of the rows, inside each class or all at once.

    A subclass says how rows are represented (`_fit_reference`, `_represent`), what the model
    behind it predicts (`_probabilities`) and how to cluster (`_settings`). Its parameters
    `scope`, `clusterer`, `min_cluster_share`, `small_clusters`, `n_jobs` and, if there are any,
    `k` and `validation` are read here.
    """

    @abstractmethod
    def _represent(self, X: Any, y: NDArray) -> list[NDArray]:
        """Arrays of shape (n_samples, n_columns), one per snapshot."""

    @abstractmethod
    def _settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arguments of `Embedding.fit` and of `cluster_class`."""

    def _partition(self, X: Any, codes: NDArray, random_state: Any) -> NDArray[np.int64]:
        rows = sample_classes(codes, self._max_rows(X, codes), random_state)
        if rows is None:
            return self._cluster(self._represent(X, codes), codes, random_state)
        some, own = take_rows(X, rows), codes[rows]
        self._cluster(self._represent(some, own), own, random_state)
        return self._clusters(X, codes)

    def _max_rows(self, X: Any, codes: NDArray) -> int:
        """Rows whose representation fits into a fixed amount of memory."""
        probe = slice(0, min(8, len(codes)))
        width = sum(s.shape[1] for s in self._represent(take_rows(X, probe), codes[probe]))
        return REPRESENTED_BYTES // (8 * width)

    def _partition_both(
        self, X: Any, codes: NDArray, X_val: Any, codes_val: NDArray, random_state: Any
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if not self._clusters_jointly():
            return super()._partition_both(X, codes, X_val, codes_val, random_state)
        pairs = zip(self._represent(X, codes), self._represent(X_val, codes_val), strict=True)
        rows = [np.concatenate(pair) for pair in pairs]
        clusters = self._cluster(rows, np.concatenate([codes, codes_val]), random_state)
        return clusters[: len(codes)], clusters[len(codes) :]

    def _clusters_jointly(self) -> bool:
        """Whether validation rows are clustered with the training rows."""
        mode = getattr(self, "validation", "auto")
        if mode != "auto":
            return mode == "joint"
        return self._is_density()

    def _is_density(self) -> bool:
        return isinstance(self.clusterer, str) and self.clusterer in DENSITIES

    def _cluster(self, snapshots: list[NDArray], codes: NDArray, rng: Any) -> NDArray[np.int64]:
        n_parts = len(self.classes_) if self.scope == "class" else 1
        self._parts, clusters = Parts.fit(
            snapshots, codes, n_parts, *self._settings(), rng=rng, n_jobs=self.n_jobs
        )
        parts = self._parts.parts * (len(self.classes_) // n_parts)
        self.settings_ = {
            label: part.settings for label, part in zip(self.classes_.tolist(), parts, strict=True)
        }
        return clusters

    def _number(self, codes: NDArray, clusters: NDArray) -> GroupIds:
        # Inside a class, small clusters were dealt with when it was clustered.
        share = 0.0 if self.scope == "class" else self.min_cluster_share
        return GroupIds.fit(
            codes, clusters, share, merge=self.small_clusters == "merge",
            n_clusters=self._parts.n_clusters,
        )  # fmt: skip

    def _check_sizes(self, sizes: NDArray) -> None:
        k, by_class = getattr(self, "k", None), self.scope == "class"
        if k is None or self.clusterer not in PARTITIONS:
            return
        if by_class and k > sizes.max():
            raise ValueError(
                f"k={k} is larger than every class (the largest has {sizes.max()} samples): "
                "choose a smaller k."
            )
        if k > sizes.sum():
            raise ValueError(f"k={k} is larger than the {sizes.sum()} samples: choose a smaller k.")

    def _unsplit(self) -> list[tuple[str, str]]:
        of_class = [f"class {label!r}" for label in self.classes_.tolist()]
        parts = self._parts.parts
        reasons = [
            (name, part.clustering.reason_)
            for name, part in zip(["the data"] if len(parts) == 1 else of_class, parts, strict=True)
            if not part.clustering.usable_
        ]
        return reasons + [
            (of_class[c], "all its rows are outliers") for c in self._ids.only_outliers
        ]

    def _assign(self, X: Any, codes: NDArray) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        return self._parts.assign(self._represent(X, codes), codes)
