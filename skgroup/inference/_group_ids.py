"""From (class, cluster) to consecutive group ids, and what is known of each group."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["GroupIds", "group_table"]


@dataclass(frozen=True)
class GroupIds:
    """A table of shape (n_classes, n_clusters + 1): the group id, -1 where there is none.

    The last column stands for outliers, so that cluster -1 finds it by ordinary indexing.
    """

    table: NDArray[np.int64]

    @classmethod
    def fit(cls, codes: NDArray, clusters: NDArray, min_share: float, *, merge: bool) -> "GroupIds":
        """Number the pairs that occur; pairs below `min_share` of their class get no id.

        With `merge` they get the id of the largest pair of their class instead.
        """
        size = np.zeros((codes.max() + 1, clusters.max() + 2), dtype=np.int64)
        inside = clusters >= 0
        np.add.at(size, (codes[inside], clusters[inside]), 1)
        share = size / np.maximum(np.bincount(codes), 1)[:, None]
        largest = size.argmax(axis=1)
        kept = (size > 0) & (share >= min_share)
        kept[np.arange(len(size)), largest] = size.max(axis=1) > 0
        table = np.full(size.shape, -1, dtype=np.int64)
        table[kept] = np.arange(np.count_nonzero(kept))
        if merge:
            home = table[np.arange(len(size)), largest]
            table = np.where((size > 0) & ~kept, home[:, None], table)
        return cls(table)

    @property
    def n_groups(self) -> int:
        return int(self.table.max()) + 1

    def lookup(self, codes: NDArray, clusters: NDArray) -> NDArray[np.int64]:
        """Group id of each row."""
        return self.table[codes, clusters]


def group_table(
    groups: NDArray, codes: NDArray, classes: NDArray, ids: GroupIds, probabilities: NDArray
) -> dict[str, NDArray]:
    """Columns that describe each group; the outliers of each class have a row of their own."""
    n_rows = np.arange(len(codes))
    loss = -np.log(np.maximum(probabilities[n_rows, codes], np.finfo(np.float64).tiny))
    wrong = probabilities.argmax(axis=1) != codes
    rows: list[tuple[Any, ...]] = []
    for c, label in enumerate(classes):
        for group in np.unique(groups[codes == c]):
            mask = (codes == c) & (groups == group)
            cluster = -1 if group < 0 else np.flatnonzero(ids.table[c] == group)[0]
            rows.append((group, label, cluster, mask.sum(), loss[mask].mean(), wrong[mask].mean()))
    rows.sort(key=lambda row: (row[0] < 0, row[0]))
    names = ("group", "class", "cluster", "size", "mean_loss", "error_rate")
    return {name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
