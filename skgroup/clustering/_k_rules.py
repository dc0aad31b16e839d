"""Rules for the number of clusters: what a partition scores, and which one is taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import euclidean_distances

from skgroup.clustering._choose_k import CANDIDATES, choose_k
from skgroup.clustering._class_policy import SEARCH_ROWS, SEARCH_STARTS, Policy
from skgroup.clustering._class_silhouette import distance_silhouette, distance_silhouettes
from skgroup.clustering._rows import sample_rows

K_RULES = ("cluster_silhouette", "silhouette", "silhouette_per_class")


@dataclass(frozen=True)
class KRule:
    """How many clusters the classes get.

    Attributes
    ----------
    name : {"silhouette", "silhouette_per_class", "cluster_silhouette"}
        "silhouette": the mean silhouette of all rows, averaged over classes by their size;
        all classes get the number that :func:`choose_k` takes. "silhouette_per_class": the same
        for each class alone. "cluster_silhouette": for each class alone the best mean over
        clusters of the mean silhouette of each, and of equal ones the larger number.
    k_max : int
        Largest number tried; the smallest is 2.
    """

    name: str = "silhouette"
    k_max: int = CANDIDATES[-1]

    def scores(
        self, Z: NDArray[Any], cluster: dict[str, Any], random_state: int
    ) -> NDArray[np.float64]:
        """Score of 2 to `k_max` clusters of one class, on at most 2,000 of its rows.

        `cluster` has the settings of a :class:`Policy`.
        """
        Z = Z[sample_rows(len(Z), SEARCH_ROWS, random_state)]
        distances = euclidean_distances(Z.astype(np.float64))
        score = mean_of_clusters if self.name == "cluster_silhouette" else distance_silhouette
        settings = cluster | {"seed": random_state, "starts": SEARCH_STARTS}
        policies = (Policy(**settings | {"k": k}) for k in range(2, self.k_max + 1))
        return np.array([score(distances, policy.split(Z)[0]) for policy in policies])

    def choose(self, scores: Sequence[NDArray], sizes: Sequence[int]) -> list[int]:
        """The number for each class, given the scores and the rows of each."""
        if self.name == "silhouette":
            return [choose_k(np.average(scores, axis=0, weights=sizes))] * len(sizes)
        if self.name == "silhouette_per_class":
            return [choose_k(own) for own in scores]
        return [self.k_max - int(np.argmax(own[::-1])) for own in scores]


def mean_of_clusters(distances: NDArray[np.float64], labels: NDArray[Any]) -> float:
    """Mean over clusters of the mean silhouette of each: small ones count as much as large ones.

    -1.0 where all rows have one label, and 0.0 where every row has its own, as in
    :func:`class_silhouette`.
    """
    names, codes = np.unique(labels, return_inverse=True)
    if len(names) == 1:
        return -1.0
    sums = np.bincount(codes, distance_silhouettes(distances, codes))
    return float((sums / np.bincount(codes)).mean())
