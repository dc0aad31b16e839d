"""One clustering model on the rows of a class: by name, or any scikit-learn clusterer."""

import warnings
from math import ceil
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from skgroup.clustering._blocked_dbscan import BlockedDBSCAN
from skgroup.clustering._hdbscan_labels import hdbscan_labels
from skgroup.clustering._nearest_row import NearestRow, fit_nearest_row
from skgroup.clustering._rows import sample_rows

PARTITIONS = ("kmeans", "gmm")
DENSITIES = ("dbscan", "hdbscan")
MAX_PARTITION_ROWS = 200_000
MIN_SAMPLES_OF_A_SAMPLE = 5


def fit_model(
    Z: NDArray[Any],
    clusterer: Any,
    *,
    k: int,
    eps: float,
    min_samples: int,
    max_exact: int,
    seed: int,
    starts: int = 10,
) -> tuple[Any, NDArray[Any]]:
    """Fit a model and label the rows; those not in its sample are labelled by its rule.

    Parameters
    ----------
    Z : ndarray of shape (n_rows, n_columns)
        Rows of one class, at least `k` of them distinct.
    clusterer : {"kmeans", "gmm", "dbscan", "hdbscan"} or a scikit-learn clusterer
        A clusterer is cloned, and seeded where its random_state is None.
    k : int
        Clusters of "kmeans" and "gmm", ignored by the others.
    eps, min_samples : float, int
        Of "dbscan" and "hdbscan", `min_samples` before its cap.
    max_exact : int
        Rows fitted at most, except for "kmeans" and "gmm" (`MAX_PARTITION_ROWS`).
    seed : int
        Seed of the sample and of the model.
    starts : int, default=10
        Starts of "kmeans"; "gmm" has a third as many, each from clusters of k-means.

    Returns
    -------
    model : object with a ``predict`` method
    labels : ndarray of shape (n_rows,)
        As the model gives them; below 0 for noise.
    """
    rows = sample_rows(len(Z), max_fitted_rows(clusterer, max_exact), seed)
    model: Any
    sample = Z[rows]  # a copy, so that no model can change the rows of the caller
    if clusterer == "kmeans":
        model, labels = _fit_kmeans(sample, k, seed, starts)
    elif clusterer == "gmm":
        model, labels = _fit_gmm(sample, k, seed, max(1, starts // 3))
    elif clusterer == "dbscan":
        model = BlockedDBSCAN(eps, capped_min_samples(min_samples, len(Z), len(rows)))
        model, labels = _fit_dbscan(model, Z, rows, seed)
    elif clusterer == "hdbscan":
        model, labels = _fit_hdbscan(sample, capped_min_samples(min_samples, len(Z), len(rows)))
    else:
        model, labels = _fit_instance(sample, clusterer, seed)
    if len(rows) == len(Z):
        return model, labels
    all_labels = model.predict(Z)
    all_labels[rows] = labels
    return model, all_labels


def max_fitted_rows(clusterer: Any, max_exact: int) -> int:
    """How many rows a model is fitted on at most."""
    return MAX_PARTITION_ROWS if clusterer in PARTITIONS else max_exact


def capped_min_samples(min_samples: int, n_rows: int, n_fitted: int) -> int:
    """`min_samples` for a class of `n_rows` of which `n_fitted` are clustered.

    A fifth of the class at most (2 at least), so that small classes are not all noise. In a
    sample every neighbourhood is thinner by the same share, and so is the number asked for, but
    not below 5, where chance would decide.
    """
    capped = min(min_samples, max(2, n_rows // 5))
    return max(min(capped, MIN_SAMPLES_OF_A_SAMPLE), ceil(capped * n_fitted / n_rows))


def needed_rows(clusterer: Any, k: int) -> int:
    """How many distinct rows a model needs to make a split."""
    if isinstance(clusterer, str):
        return k if clusterer in PARTITIONS else 2
    wanted = getattr(clusterer, "n_clusters", getattr(clusterer, "n_components", None))
    return int(wanted) if isinstance(wanted, Integral) else 2


def _fit_kmeans(
    Z: NDArray[Any], k: int, seed: int, starts: int = 10
) -> tuple[NearestRow, NDArray[Any]]:
    with warnings.catch_warnings():
        # Rows that differ by rounding only can give fewer clusters; the labels tell.
        warnings.simplefilter("ignore", ConvergenceWarning)
        centres = KMeans(k, n_init=starts, random_state=seed).fit(Z).cluster_centers_
    model = NearestRow(centres, np.arange(k))
    return model, model.predict(Z)


def _fit_gmm(Z: NDArray[Any], k: int, seed: int, starts: int) -> tuple[Any, NDArray[Any]]:
    # Relative to the data: gradients can be so small that 1e-6 would be all of their variance.
    reg_covar = 1e-6 * Z.var(axis=0).mean()
    model = GaussianMixture(k, n_init=starts, reg_covar=reg_covar, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            return model, model.fit(Z).predict(Z)
        except ValueError:  # a covariance that is not positive definite all the same
            return _fit_kmeans(Z, k, seed)


def _fit_dbscan(
    model: BlockedDBSCAN, Z: NDArray[Any], rows: NDArray[np.intp], seed: int
) -> tuple[BlockedDBSCAN, NDArray[Any]]:
    """Cluster the sample; with as many of the other rows as it has, it reaches farther."""
    if len(rows) == len(Z):
        return model, model.fit_predict(Z)
    others = np.delete(np.arange(len(Z)), rows)
    model.fit(Z[rows], more=Z[others[sample_rows(len(others), len(rows), seed)]])
    return model, model.predict(Z[rows])


def _fit_hdbscan(Z: NDArray[Any], min_samples: int) -> tuple[NearestRow, NDArray[Any]]:
    labels = hdbscan_labels(Z, min_samples)
    return fit_nearest_row(Z, labels), labels


def _fit_instance(Z: NDArray[Any], clusterer: Any, seed: int) -> tuple[Any, NDArray[Any]]:
    model = clone(clusterer)
    params = model.get_params()
    unseeded = [
        name for name, value in params.items() if name.endswith("random_state") and value is None
    ]
    model.set_params(**dict.fromkeys(unseeded, seed))
    labels = np.asarray(model.fit_predict(Z))
    return (model, labels) if hasattr(model, "predict") else (fit_nearest_row(Z, labels), labels)
