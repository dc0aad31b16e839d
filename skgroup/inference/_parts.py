"""Rows that are clustered together: those of each class, or all of them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.random import RandomState
from numpy.typing import NDArray

from skgroup.clustering import ClassClustering, cluster_class
from skgroup.clustering._class_models import PARTITIONS
from skgroup.clustering._k_rules import KRule
from skgroup.clustering._overcluster import KeepRules, OverClustering, overcluster
from skgroup.inference._embedding import Embedding

__all__ = ["Part", "Parts"]


Labelled = tuple[list[NDArray], NDArray]


@dataclass(frozen=True, eq=False)
class Part:
    """One space, and the clusters in it."""

    embedding: Embedding
    clustering: ClassClustering | OverClustering

    @property
    def settings(self) -> dict[str, Any]:
        """What the clusterer was given or found."""
        names = ("k", "eps", "min_samples")
        return {name: getattr(self.clustering, f"{name}_", None) for name in names}

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

    @property
    def n_clusters(self) -> int:
        """Clusters of the part that has most."""
        return int(max(part.clustering.labels_.max() for part in self.parts)) + 1

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
        `k` is None, a `KRule` in `cluster` as `k_rule` finds it; by default all parts get the same.
        """
        rule = cluster.get("k_rule", KRule())
        cluster = {name: value for name, value in cluster.items() if name != "k_rule"}
        members = _members(codes, n_parts)
        seeds = rng.randint(np.iinfo(np.int32).max, size=n_parts).tolist()
        run = Parallel(n_jobs=n_jobs)
        rows_of = [[matrix[rows] for matrix in snapshots] for rows in members]
        found = run(
            delayed(_embed)(own, embed, cluster, rule, seed)
            for own, seed in zip(rows_of, seeds, strict=True)
        )
        settings = [cluster] * n_parts
        if asks_for_k(cluster):
            sizes = [len(rows) for rows in members]
            settings = [cluster | {"k": k} for k in rule.choose([s for _, s in found], sizes)]
        parts = run(
            delayed(Part.fit)(embedding, own, setting, seed)
            for (embedding, _), own, setting, seed in zip(
                found, rows_of, settings, seeds, strict=True
            )
        )
        clusters = np.empty(len(codes), dtype=np.int64)
        for rows, part in zip(members, parts, strict=True):
            clusters[rows] = part.clustering.labels_
        return cls(parts), clusters

    def split_further(
        self,
        rows: Labelled,
        losses: NDArray,
        validation: Labelled | None,
        *,
        clusterer: str,
        factor: int,
        rules: KeepRules,
        rng: RandomState,
        n_jobs: int | None = None,
    ) -> tuple["Parts", NDArray[np.int64]]:
        """Over-cluster each part, whose rows are those of the fit; return what `fit` returns.

        `rows` and `validation` are snapshots and the classes of their rows.
        """
        n_parts = len(self.parts)
        seeds = rng.randint(np.iinfo(np.int32).max, size=n_parts).tolist()
        members, spaces = self._spaces(*rows)
        others: list = [None] * n_parts
        if validation is not None:
            others = self._spaces(*validation)[1]
        found = Parallel(n_jobs=n_jobs)(
            delayed(overcluster)(
                spaces[i], self.parts[i].clustering, clusterer, factor=factor,
                losses=losses[members[i]], rules=rules, validation=others[i],
                random_state=seeds[i],
            )
            for i in range(n_parts)
        )  # fmt: skip
        clusters = np.empty(len(losses), dtype=np.int64)
        for own, clustering in zip(members, found, strict=True):
            clusters[own] = clustering.labels_
        pairs = zip(self.parts, found, strict=True)
        return Parts([replace(part, clustering=new) for part, new in pairs]), clusters

    def _spaces(
        self, snapshots: list[NDArray], codes: NDArray
    ) -> tuple[list[NDArray[np.intp]], list[NDArray[np.float64]]]:
        """Members of each part, and their embedding."""
        members = _members(codes, len(self.parts))
        return members, [
            part.embedding.transform([matrix[rows] for matrix in snapshots])
            if len(rows)
            else np.empty((0, 1))
            for rows, part in zip(members, self.parts, strict=True)
        ]

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
    snapshots: list[NDArray], embed: dict, cluster: dict, rule: KRule, seed: int
) -> tuple[Embedding, NDArray[np.float64] | None]:
    """The space of a part and, where k is asked for, the scores of each number of clusters."""
    embedding = Embedding.fit(snapshots, **embed, random_state=seed)
    if not asks_for_k(cluster):
        return embedding, None
    return embedding, rule.scores(embedding.transform(snapshots), cluster, seed)


def _members(codes: NDArray, n_parts: int) -> list[NDArray[np.intp]]:
    """The rows of each part: a single one holds all, otherwise there is one per class."""
    if n_parts == 1:
        return [np.arange(len(codes))]
    return [np.flatnonzero(codes == c) for c in range(n_parts)]
