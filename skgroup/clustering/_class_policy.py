"""All that decides how a class is split."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from skgroup.clustering._choose_density import choose_density
from skgroup.clustering._choose_k import choose_k, silhouettes_by_k
from skgroup.clustering._class_models import (
    DENSITIES,
    PARTITIONS,
    capped_min_samples,
    fit_model,
    needed_rows,
)
from skgroup.clustering._class_stages import NoSplit, Stage, fit_stages
from skgroup.clustering._rows import sample_rows

SEARCH_ROWS = 2000
SEARCH_STARTS = 3
MAX_EXACT = 20_000


@dataclass(frozen=True, eq=False)
class Policy:
    """The clusterer with its settings, and what becomes of small clusters.

    The attributes are the parameters of :func:`~skgroup.clustering.cluster_class`. Of `k`, `eps`
    and `min_samples` those that the clusterer uses may be None until :meth:`settle`.
    """

    clusterer: Any
    k: Any
    eps: Any
    min_samples: Any
    min_cluster_share: float
    small_clusters: str
    max_exact: int = MAX_EXACT
    seed: int = 0
    starts: int = 10

    def settle(self, Z: NDArray[Any]) -> Self:
        """The policy with every setting that is None and used chosen by the silhouette.

        Where no radius and number of neighbours split the class, they stay None.
        """
        if self.clusterer in PARTITIONS and self.k is None:
            return replace(self, k=choose_k(self.silhouettes(Z)))
        if not self._asks_for_density():
            return self
        rows = sample_rows(len(Z), SEARCH_ROWS, self.seed)
        eps, min_samples = choose_density(
            Z[rows],
            self.clusterer,
            eps=self.eps,
            min_samples=self.min_samples,
            min_share=self.min_cluster_share,
            n_rows=len(Z),
        )
        return replace(self, eps=eps, min_samples=min_samples)

    def split(self, Z: NDArray[Any]) -> tuple[NDArray[np.intp], tuple[Stage, ...], str]:
        """Labels, stages, and why there is one group only ("" where there are more)."""
        needed = needed_rows(self.clusterer, self.k)
        try:
            labels, stages = fit_stages(
                Z,
                self._fit,
                needed=needed,
                min_share=self.min_cluster_share,
                small_clusters=self.small_clusters,
                repeat=self.clusterer not in DENSITIES,
            )
        except NoSplit as why:
            return np.zeros(len(Z), dtype=np.intp), (), str(why)
        return labels, tuple(stages), _why_one_group(labels, needed)

    def silhouettes(self, Z: NDArray[Any]) -> NDArray[np.float64]:
        """Score of each number of clusters that comes into question, on a sample of the rows."""
        Z, quick = (
            Z[sample_rows(len(Z), SEARCH_ROWS, self.seed)],
            replace(self, starts=SEARCH_STARTS),
        )
        return silhouettes_by_k(Z, lambda k: replace(quick, k=k).split(Z)[0])

    def min_samples_for(self, n_rows: int) -> int | None:
        """`min_samples` after the cap for a class of `n_rows`."""
        asked = self.min_samples
        return None if asked is None else capped_min_samples(asked, n_rows, n_rows)

    def _asks_for_density(self) -> bool:
        if self.clusterer == "dbscan":
            return self.eps is None or self.min_samples is None
        return self.clusterer == "hdbscan" and self.min_samples is None

    def _fit(self, Z: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        if self._asks_for_density():
            raise NoSplit("every eps and min_samples tried gives all its rows one label")
        return fit_model(
            Z,
            self.clusterer,
            k=self.k,
            eps=self.eps,
            min_samples=self.min_samples,
            max_exact=self.max_exact,
            seed=self.seed,
            starts=self.starts,
        )


def _why_one_group(labels: NDArray[np.intp], needed: int) -> str:
    if needed == 1 or labels.max() > 0:
        return ""
    n_outliers = int((labels < 0).sum())
    return "only one cluster was found" + (f", beside outliers: {n_outliers}" if n_outliers else "")
