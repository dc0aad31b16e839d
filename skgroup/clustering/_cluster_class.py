"""Groups inside one class: a model, small clusters set aside, and a rule for new rows."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from skgroup._sklearn import HasMethods, Interval, StrOptions, validate_params
from skgroup.clustering._class_clustering import ClassClustering
from skgroup.clustering._class_models import (
    DENSITIES,
    PARTITIONS,
    max_fitted_rows,
)
from skgroup.clustering._class_policy import MAX_EXACT, Policy
from skgroup.clustering._rows import FLOATS, check_rows


@validate_params(
    {
        "Z": ["array-like"],
        "clusterer": [StrOptions({*PARTITIONS, *DENSITIES}), HasMethods("fit_predict")],
        "k": [Interval(Integral, 1, None, closed="left"), None],
        "eps": [Interval(Real, 0, None, closed="neither"), None],
        "min_samples": [Interval(Integral, 1, None, closed="left"), None],
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
    eps: float | None = 0.45,
    min_samples: int | None = 60,
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

    A setting of None is chosen for the class by the silhouette on at most 2,000 of its rows. For
    `eps` and `min_samples` noise counts as one more cluster there, and small clusters as noise.
    Settings that give all rows one label are not considered; where there are no others, the class
    is one group.

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
    eps : float or None, default=0.45
        Radius of "dbscan", a cosine distance for rows of norm 1, half a squared Euclidean
        distance for others; above 0. None: the best of .1 to .7 by .05, for rows of other norms
        times the median squared distance of a row from their mean. (Where all rows lie on a
        sphere around their mean, both mean the same.)
    min_samples : int or None, default=60
        Neighbours, itself included, that make a core row of "dbscan", and the smallest cluster
        of "hdbscan". At most a fifth of the class, though not below 2. None: the best of 5, 10,
        20, 30, 40, 50, 60 and 100; in a class of more than 2,000 rows not below 5 for every
        2,000 of them, which is what its sample can tell apart.
    min_cluster_share : float, default=0.01
        Share of the class below which a cluster is small, at least 0 and less than 1.
    small_clusters : {"outlier", "merge"}, default="outlier"
        What becomes of small clusters: set aside, or joined to the large cluster with the
        nearest centroid. With "merge" so is noise, row by row, that of new rows too.
    max_exact : int, default=20000
        Above this number of rows a random sample of that many is clustered, `min_samples`
        scaled by the same share, and the others are assigned by the fitted rule. In the rule of
        "dbscan" as many of the others can be core rows. The time of "dbscan" and "hdbscan"
        grows with its square. "kmeans" and "gmm" use up to 200,000 rows
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
    policy = Policy(
        clusterer, k, eps, min_samples, min_cluster_share, small_clusters, max_exact, seed
    ).settle(Z)
    labels, stages, reason = policy.split(Z)
    return ClassClustering(
        labels_=labels,
        k_=policy.k if clusterer in PARTITIONS else None,
        eps_=policy.eps if clusterer == "dbscan" else None,
        min_samples_=policy.min_samples_for(len(Z)) if clusterer in DENSITIES else None,
        usable_=reason == "",
        reason_=reason,
        n_fitted_=min(len(Z), max_fitted_rows(clusterer, max_exact)),
        stages_=stages,
        dtype_=Z.dtype,
    )


def _check(Z: ArrayLike, clusterer: Any) -> NDArray[Any]:
    # Mixtures lose precision in float32, and a clusterer may fit in one type only.
    return check_rows(Z, FLOATS if clusterer in ("kmeans", *DENSITIES) else [np.float64])
