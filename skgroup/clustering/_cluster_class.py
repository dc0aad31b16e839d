"""Groups inside one class: a model, small clusters set aside, and a rule for new rows."""

from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from skgroup._sklearn import HasMethods, Interval, StrOptions, validate_params
from skgroup.clustering._choose_k import choose_k, silhouettes_by_k
from skgroup.clustering._class_models import (
    DENSITIES,
    PARTITIONS,
    fit_model,
    max_fitted_rows,
    needed_rows,
)
from skgroup.clustering._class_stages import NoSplit, Stage, fit_stages
from skgroup.clustering._rows import FLOATS, check_rows, sample_rows

K_ROWS = 2000
K_STARTS = 3
MAX_EXACT = 20_000


@dataclass(frozen=True, eq=False)
class ClassClustering:
    """The groups of one class, made by :func:`cluster_class`.

    Attributes
    ----------
    labels_ : ndarray of shape (n_rows,)
        Group of every row, from 0 without gaps; -1 for outliers.
    k_ : int or None
        Number of clusters asked for, by the caller or by the silhouette; None for clusterers
        that find it themselves.
    usable_ : bool
        False where the class is one group although a split was asked for.
    reason_ : str
        Why it is; empty where `usable_`. Fits after "the class is one group: ".
    n_fitted_ : int
        Rows that the first model was fitted on. Fewer than the rows of the class above
        `max_exact`, where the others were assigned by the fitted rule.
    stages_ : tuple
        The fitted models, one a round. A row that any of them makes an outlier is one; the last
        decides on the others. Empty where no model could split the class.
    dtype_ : numpy dtype
        Float type that rows are converted to.

    Examples
    --------
    >>> from skgroup.clustering import cluster_class
    >>> groups = cluster_class([[0.0], [0.0], [0.0]], "kmeans", k=2)
    >>> groups.labels_, groups.usable_, groups.reason_
    (array([0, 0, 0]), False, 'it has 1 distinct row, fewer than the 2 needed')
    """

    labels_: NDArray[np.intp]
    k_: int | None
    usable_: bool
    reason_: str
    n_fitted_: int
    stages_: tuple[Stage, ...]
    dtype_: Any

    def predict(self, Z: ArrayLike) -> NDArray[np.intp]:
        """Assign rows to the groups by the fitted rule.

        Parameters
        ----------
        Z : array-like of shape (n_rows, n_columns)
            New rows, or those of the fit. On the latter the result equals `labels_` for
            "kmeans", "gmm" and "hdbscan"; for "dbscan" a border row between two groups goes to
            the nearer one.

        Returns
        -------
        labels : ndarray of shape (n_rows,)
            0 and above, or -1 for outliers.
        """
        Z = check_rows(Z, [self.dtype_])
        labels, rows = np.zeros(len(Z), dtype=np.intp), np.arange(len(Z))
        for stage in self.stages_:
            if len(rows):
                labels[rows] = stage.rename(stage.model.predict(Z[rows]))
                rows = rows[labels[rows] >= 0]
        return labels


@validate_params(
    {
        "Z": ["array-like"],
        "clusterer": [StrOptions({*PARTITIONS, *DENSITIES}), HasMethods("fit_predict")],
        "k": [Interval(Integral, 1, None, closed="left"), None],
        "eps": [Interval(Real, 0, None, closed="neither")],
        "min_samples": [Interval(Integral, 1, None, closed="left")],
        "min_cluster_share": [Interval(Real, 0, 1, closed="left")],
        "small_clusters": [StrOptions({"outlier", "merge"})],
        "max_exact": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def cluster_class(
    Z: ArrayLike,
    clusterer: Any = "kmeans",
    *,
    k: int | None = 2,
    eps: float = 0.45,
    min_samples: int = 60,
    min_cluster_share: float = 0.01,
    small_clusters: str = "outlier",
    max_exact: int = MAX_EXACT,
    random_state: int | RandomState | None = None,
) -> ClassClustering:
    """Find groups among the rows of one class.

    ==================  ====================================================================
    "kmeans"            k-means, best of ten starts.
    "gmm"               Gaussian mixture, best of three starts; covariances are regularised
                        relative to the variance of the rows. k-means where the mixture fails.
    "dbscan"            The labels of scikit-learn's DBSCAN, in bounded memory. New rows take the
                        label of the nearest core row within the radius, else -1. Among rows of
                        norm 1, zero rows have distance 1 to all others.
    "hdbscan"           HDBSCAN of the hdbscan package, ``min_cluster_size=min_samples``. New
                        rows take the label of the nearest row of the class, or -1 where that
                        is farther than any row of its cluster is from the next one.
    a clusterer         A clone, seeded by `random_state` where its own is None. New rows go by
                        its ``predict``, and without one to the nearest row of the class.
    ==================  ====================================================================

    Small clusters are set aside as outliers and the rest is clustered again, until none is small
    or the rest has too few distinct rows to split. Where the clusterer reports noise there is no
    second round: what it left is its answer.

    A class is one group, with a reason in `reason_`, where it has too few distinct rows, or the
    clusterer finds one cluster, only noise, or only small clusters. Noise beside a single
    cluster stays outliers.

    Parameters
    ----------
    Z : array-like of shape (n_rows, n_columns)
        Rows of one class, scaled and reduced. Never changed.
    clusterer : {"kmeans", "gmm", "dbscan", "hdbscan"} or a scikit-learn clusterer, \
            default="kmeans"
        The model.
    k : int or None, default=2
        Clusters of "kmeans" and "gmm", at least 1. None: the number from 2 to 8 with the
        best silhouette on at most 2,000 rows, or a smaller one next to it that is nearly as good.
    eps : float, default=0.45
        Radius of "dbscan", a cosine distance for rows of norm 1, half a squared Euclidean
        distance for others; above 0.
    min_samples : int, default=60
        Neighbours, itself included, that make a core row of "dbscan", and the smallest cluster
        of "hdbscan". At most a fifth of the class, though not below 2.
    min_cluster_share : float, default=0.01
        Share of the class below which a cluster is small, at least 0 and less than 1.
    small_clusters : {"outlier", "merge"}, default="outlier"
        What becomes of small clusters: set aside, or joined to the large cluster with the
        nearest centroid.
    max_exact : int, default=20000
        Above this number of rows a random sample of that many is clustered, `min_samples`
        scaled by the same share, and the others are assigned by the fitted rule. The time of
        "dbscan" and "hdbscan" grows with its square. "kmeans" and "gmm" use up to 200,000 rows
        whatever it is.
    random_state : int, RandomState instance or None, default=None
        Seed of all draws.

    Returns
    -------
    clustering : ClassClustering
        With `labels_` and ``predict``.

    Raises
    ------
    ValueError
        If a parameter is out of range or `Z` is not a finite 2-D array.

    References
    ----------
    Zeng, Greenewald, Lee, Solomon, Yurochkin (2022). Outlier-Robust Group Inference via
    Gradient Space Clustering. arXiv 2210.06759. (DBSCAN on centred unit gradients.)

    Examples
    --------
    >>> import numpy as np
    >>> from skgroup.clustering import cluster_class
    >>> Z = np.concatenate([np.linspace(0, 1, 60), np.linspace(9, 10, 60), [500.0]])[:, None]
    >>> groups = cluster_class(Z, "kmeans", k=2, random_state=0)
    >>> np.unique(groups.labels_, return_counts=True)
    (array([-1,  0,  1]), array([ 1, 60, 60]))
    >>> groups.predict([[0.2], [0.8], [400.0]]) == groups.labels_[[0, 59, 120]]
    array([ True,  True,  True])
    """
    Z = _check(Z, clusterer)
    seed = int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    policy = _Policy(
        clusterer, eps, min_samples, min_cluster_share, small_clusters, max_exact, seed
    )
    takes_k = clusterer in PARTITIONS
    if k is None:
        k = choose_k(policy.silhouettes(Z)) if takes_k else 2
    labels, stages, reason = policy.split(Z, k)
    n_fitted = min(len(Z), max_fitted_rows(clusterer, max_exact))
    k_ = k if takes_k else None
    return ClassClustering(labels, k_, reason == "", reason, n_fitted, stages, Z.dtype)


def score_k(
    Z: NDArray[Any], clusterer: str, *, k: None, random_state: int, **options: Any
) -> NDArray[np.float64]:
    """Silhouettes of one class for 2 to 8 clusters of "kmeans" or "gmm".

    Takes what :func:`cluster_class` takes; averaged over classes, they choose one k for all.
    """
    return _Policy(clusterer, **options, seed=random_state).silhouettes(_check(Z, clusterer))


def _check(Z: ArrayLike, clusterer: Any) -> NDArray[Any]:
    # Mixtures lose precision in float32, and a clusterer may fit in one type only.
    return check_rows(Z, FLOATS if clusterer in ("kmeans", *DENSITIES) else [np.float64])


@dataclass(frozen=True, eq=False)
class _Policy:
    """All that decides how a class is split, but the number of clusters."""

    clusterer: Any
    eps: float
    min_samples: int
    min_cluster_share: float
    small_clusters: str
    max_exact: int = MAX_EXACT
    seed: int = 0
    starts: int = 10

    def split(self, Z: NDArray[Any], k: int) -> tuple[NDArray[np.intp], tuple[Stage, ...], str]:
        """Labels, stages, and why there is one group only ("" where there are more)."""
        fit = partial(
            fit_model,
            clusterer=self.clusterer,
            k=k,
            eps=self.eps,
            min_samples=self.min_samples,
            max_exact=self.max_exact,
            seed=self.seed,
            starts=self.starts,
        )
        needed = needed_rows(self.clusterer, k)
        try:
            labels, stages = fit_stages(
                Z,
                fit,
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
        Z, quick = Z[sample_rows(len(Z), K_ROWS, self.seed)], replace(self, starts=K_STARTS)
        return silhouettes_by_k(Z, lambda k: quick.split(Z, k)[0])


def _why_one_group(labels: NDArray[np.intp], needed: int) -> str:
    if needed == 1 or labels.max() > 0:
        return ""
    n_outliers = int((labels < 0).sum())
    return "only one cluster was found" + (f", beside outliers: {n_outliers}" if n_outliers else "")
