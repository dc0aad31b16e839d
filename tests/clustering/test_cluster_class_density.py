"""Settings of density clusterers that are found, and what becomes of their noise."""

import numpy as np
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from skgroup.clustering import cluster_class, fit_scaling

NAMES = ["kmeans", "gmm", "dbscan", "hdbscan"]


def blobs(*sizes, spread=0.3, seed=0):
    """Round blobs 10 apart on a line, shuffled, and which blob each row is from."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return rng.normal(scale=spread, size=(len(truth), 2)) + 10.0 * truth[:, None], truth


def test_settings_that_a_clusterer_does_not_take_are_none():
    Z, _ = blobs(40, 30)
    chosen = [
        (groups.k_, groups.eps_, groups.min_samples_)
        for groups in (
            cluster_class(Z, clusterer, k=3, eps=0.3, min_samples=60, random_state=0)
            for clusterer in [*NAMES, AgglomerativeClustering(2)]
        )
    ]
    capped = 14
    assert chosen == [
        (3, None, None), (3, None, None), (None, 0.3, capped), (None, None, capped),
        (None, None, None),
    ]  # fmt: skip


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm", AgglomerativeClustering(2)])
def test_settings_that_a_clusterer_does_not_take_are_not_searched(clusterer):
    Z, truth = blobs(40, 30)
    groups = cluster_class(Z, clusterer, eps=None, min_samples=None, random_state=0)
    assert (groups.eps_, groups.min_samples_) == (None, None)
    assert adjusted_rand_score(truth, groups.labels_) == 1


@pytest.mark.parametrize("clusterer", ["dbscan", "hdbscan"])
@pytest.mark.parametrize("sizes", [(60, 40), (30, 20, 10), (1500, 900, 300)])
def test_density_clusterers_find_their_settings(clusterer, sizes):
    Z, truth = blobs(*sizes)
    groups = cluster_class(Z, clusterer, eps=None, min_samples=None, random_state=0)
    assert adjusted_rand_score(truth, groups.labels_) == 1
    assert groups.usable_
    given = {"eps": groups.eps_ or 0.45, "min_samples": groups.min_samples_}
    again = cluster_class(Z, clusterer, **given, random_state=0)
    assert np.array_equal(again.labels_, groups.labels_)
    assert (again.eps_, again.min_samples_) == (groups.eps_, groups.min_samples_)


def test_a_search_on_a_sample_finds_settings_for_all_rows():
    rows, truth = blobs(4000, 2000)
    rows -= [3.0, 8.0]
    Z = fit_scaling(rows, "unit").transform(rows)
    groups = cluster_class(Z, "dbscan", eps=None, min_samples=None, random_state=0)
    assert groups.min_samples_ >= 15  # 5 of every 2,000 rows
    assert adjusted_rand_score(truth, groups.labels_) > 0.99
    assert groups.n_fitted_ == 6000


@pytest.mark.parametrize("clusterer", ["dbscan", "hdbscan"])
def test_a_class_without_any_split_says_so(clusterer):
    Z = np.repeat(np.eye(3), [1, 1, 1], axis=0)
    groups = cluster_class(Z, clusterer, eps=None, min_samples=None)
    assert groups.labels_.tolist() == [0, 0, 0]
    assert groups.reason_ == "every eps and min_samples tried gives all its rows one label"
    assert (groups.eps_, groups.min_samples_, groups.usable_) == (None, None, False)
    assert groups.predict(Z + 5).tolist() == [0, 0, 0]


@pytest.mark.parametrize("clusterer", ["dbscan", "hdbscan"])
def test_merging_leaves_no_noise(clusterer):
    Z, truth = blobs(150, 150)
    Z[[3, 4, 5]] = [[3.0, -40.0], [-30.0, 3.0], [30.0, 8.0]]  # centroids at (0, 0) and (10, 10)
    options = {"min_samples": 10, "random_state": 0}
    apart = cluster_class(Z, clusterer, **options)
    assert (apart.labels_[[3, 4, 5]] == -1).all()
    merged = cluster_class(Z, clusterer, **options, small_clusters="merge")
    of_blob = [np.bincount(merged.labels_[truth == blob]).argmax() for blob in (0, 1)]
    assert merged.labels_[[3, 4, 5]].tolist() == [of_blob[0], of_blob[0], of_blob[1]]
    kept = apart.labels_ >= 0
    assert np.array_equal(merged.labels_[kept], apart.labels_[kept])
    assert np.array_equal(merged.predict(Z), merged.labels_)
    assert merged.predict([[3.0, -50.0], [99.0, 99.0]]).tolist() == of_blob


def test_merged_noise_is_not_in_the_score_that_finds_the_settings():
    Z, _ = blobs(60, 40)
    Z[[1, 2, 3]] = [[100.0, 0.0], [-100.0, 0.0], [0.0, 200.0]]
    apart, merged = (
        cluster_class(Z, "dbscan", eps=None, min_samples=None, small_clusters=mode)
        for mode in ("outlier", "merge")
    )
    assert np.flatnonzero(apart.labels_ == -1).tolist() == [1, 2, 3]
    assert (merged.labels_ >= 0).all()
    assert (apart.eps_, apart.min_samples_) == (merged.eps_, merged.min_samples_)
