"""Rows that are clustered together: those of each class, or all of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.random import RandomState
from numpy.typing import NDArray

from skgroup.clustering import ClassClustering, cluster_class
from skgroup.clustering._choose_k import choose_k
from skgroup.clustering._class_models import PARTITIONS
from skgroup.clustering._cluster_class import score_k
from skgroup.inference._embedding import Embedding

__all__ = ["Part", "Parts"]


@dataclass(frozen=True, eq=False)
class Part:
    """One space, and the clusters in it."""

    embedding: Embedding
    clustering: ClassClustering

    @classmethod
    def fit(
        cls, embedding: Embedding, snapshots: list[NDArray], cluster: dict, seed: int
    ) -> "Part":
        """Cluster the rows of this part: one array per snapshot."""
        Z = embedding.transform(snapshots)
        return cls(embedding, cluster_class(Z, **cluster, random_state=seed))

    def assign(self, snapshots: list[NDArray]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Embedding and cluster of rows."""
        Z = self.embedding.transform(snapshots)
        return Z, self.clustering.predict(Z)


@dataclass(frozen=True, eq=False)
class Parts:
    """One part per class, or a single one for all rows."""

    parts: list[Part]

    @classmethod
    def fit(
        cls,
        snapshots: list[NDArray],
        codes: NDArray,
        n_parts: int,
        embed: dict[str, Any],
        cluster: dict[str, Any],
        *,
        rng: RandomState,
        n_jobs: int | None = None,
    ) -> tuple["Parts", NDArray[np.int64]]:
        """Fit each part; return them and the cluster of every row.

        `embed` and `cluster` are the arguments of `Embedding.fit` and of `cluster_class`. Where
        `k` is None, all parts get the same.
        """
        members = _members(codes, n_parts)
        seeds = rng.randint(np.iinfo(np.int32).max, size=n_parts).tolist()
        run = Parallel(n_jobs=n_jobs)
        rows_of = [[matrix[rows] for matrix in snapshots] for rows in members]
        found = run(
            delayed(_embed)(own, embed, cluster, seed)
            for own, seed in zip(rows_of, seeds, strict=True)
        )
        if asks_for_k(cluster):
            weights = [len(rows) for rows in members]
            scores = np.average([scores for _, scores in found], axis=0, weights=weights)
            cluster = cluster | {"k": choose_k(scores)}
        parts = run(
            delayed(Part.fit)(embedding, own, cluster, seed)
            for (embedding, _), own, seed in zip(found, rows_of, seeds, strict=True)
        )
        clusters = np.empty(len(codes), dtype=np.int64)
        for rows, part in zip(members, parts, strict=True):
            clusters[rows] = part.clustering.labels_
        return cls(parts), clusters

    def assign(
        self, snapshots: list[NDArray], codes: NDArray
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Embedding and cluster of each row; spaces with fewer dimensions get zeros."""
        clusters = np.empty(len(codes), dtype=np.int64)
        spaces = []
        for rows, part in zip(_members(codes, len(self.parts)), self.parts, strict=True):
            if len(rows):
                Z, clusters[rows] = part.assign([matrix[rows] for matrix in snapshots])
                spaces.append((rows, Z))
        embedded = np.zeros((len(codes), max(Z.shape[1] for _, Z in spaces)))
        for rows, Z in spaces:
            embedded[rows, : Z.shape[1]] = Z
        return embedded, clusters


def asks_for_k(cluster: dict[str, Any]) -> bool:
    """Whether the number of clusters is to be found for a clusterer that must be told."""
    return cluster["k"] is None and cluster["clusterer"] in PARTITIONS


def _embed(
    snapshots: list[NDArray], embed: dict, cluster: dict, seed: int
) -> tuple[Embedding, NDArray[np.float64] | None]:
    """The space of a part and, where k is asked for, the scores of each number of clusters."""
    embedding = Embedding.fit(snapshots, **embed, random_state=seed)
    if not asks_for_k(cluster):
        return embedding, None
    return embedding, score_k(embedding.transform(snapshots), **cluster, random_state=seed)


def _members(codes: NDArray, n_parts: int) -> list[NDArray[np.intp]]:
    """The rows of each part: a single one holds all, otherwise there is one per class."""
    if n_parts == 1:
        return [np.arange(len(codes))]
    return [np.flatnonzero(codes == c) for c in range(n_parts)]
