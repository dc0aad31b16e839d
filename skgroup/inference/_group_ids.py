"""From (class, cluster) to consecutive group ids, and what is known of each group."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["GroupIds", "group_table", "losses_and_errors", "own_losses"]


@dataclass(frozen=True, eq=False)
class GroupIds:
    """Which group a row of some class and cluster belongs to.

    Attributes
    ----------
    table : ndarray of shape (n_classes, n_clusters + 1)
        The group id, -1 where there is none. The last column stands for outliers, so that
        cluster -1 finds it by ordinary indexing.
    pairs : ndarray of shape (n_groups, 2)
        Class and cluster of each group; cluster -1 where a class has nothing but outliers.
    """

    table: NDArray[np.int64]
    pairs: NDArray[np.int64]

    @classmethod
    def fit(
        cls,
        codes: NDArray,
        clusters: NDArray,
        min_share: float,
        *,
        merge: bool,
        n_clusters: int | None = None,
    ) -> "GroupIds":
        """Number the pairs that occur; pairs below `min_share` of their class get no id.

        With `merge` they get the id of the largest pair of their class instead, as do pairs that
        do not occur. `n_clusters` is how many there can be, where these rows may not have all of
        them. No class is left without a group: outliers are one when there is no other.
        """
        n_clusters = clusters.max() + 1 if n_clusters is None else n_clusters
        size = np.zeros((codes.max() + 1, n_clusters + 1), dtype=np.int64)
        np.add.at(size, (codes, clusters), 1)
        homeless = size[:, :-1].sum(axis=1) == 0
        size[~homeless, -1] = 0
        least = min_share * np.bincount(codes)[:, None] - 1e-9  # .07 * 100 is more than 7
        kept = (size > 0) & (size >= least)
        every_class, largest = np.arange(len(size)), size.argmax(axis=1)
        kept[every_class, largest] = True
        table = np.full(size.shape, -1, dtype=np.int64)
        table[kept] = np.arange(np.count_nonzero(kept))
        joins = ~kept & (homeless[:, None] | merge)
        joins[~homeless, -1] = False
        home = table[every_class, largest]
        pairs = np.argwhere(kept)
        pairs[pairs[:, 1] == size.shape[1] - 1, 1] = -1
        return cls(np.where(joins, home[:, None], table), pairs)

    @property
    def n_groups(self) -> int:
        return len(self.pairs)

    @property
    def only_outliers(self) -> NDArray[np.int64]:
        """Classes that have nothing but outliers."""
        return self.pairs[self.pairs[:, 1] < 0, 0]

    def lookup(self, codes: NDArray, clusters: NDArray) -> NDArray[np.int64]:
        """Group id of each row."""
        return self.table[codes, clusters]


def group_table(
    groups: NDArray, codes: NDArray, classes: NDArray, ids: GroupIds, known: NDArray
) -> dict[str, NDArray]:
    """Columns that describe each group; the outliers of each class have a row of their own.

    `known` is what :func:`losses_and_errors` gives.
    """
    outliers = np.column_stack([np.arange(len(classes)), np.full(len(classes), -1)])
    pairs = np.concatenate([ids.pairs, outliers])
    row = np.where(groups < 0, ids.n_groups + codes, groups)
    present, size = np.unique(row, return_counts=True)
    return {
        "group": np.where(present < ids.n_groups, present, -1),
        "class": classes[pairs[present, 0]],
        "cluster": pairs[present, 1],
        "size": size,
        "mean_loss": np.bincount(row, known[:, 0])[present] / size,
        "error_rate": np.bincount(row, known[:, 1])[present] / size,
    }


def losses_and_errors(probabilities: NDArray, codes: NDArray) -> NDArray[np.float64]:
    """Two columns: the loss of each row, and whether another class is predicted."""
    wrong = probabilities.argmax(axis=1) != codes
    return np.column_stack([own_losses(probabilities, codes), wrong])


def own_losses(probabilities: NDArray, codes: NDArray) -> NDArray[np.float64]:
    """Cross-entropy of each row, finite also where the label has probability 0."""
    p_own = probabilities[np.arange(len(codes)), codes]
    return -np.log(np.maximum(p_own, np.finfo(np.float64).tiny))
