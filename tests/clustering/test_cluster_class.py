import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score

from skgroup.clustering import _class_models, class_silhouette, cluster_class, fit_scaling
from skgroup.clustering._choose_k import choose_k

NAMES = ["kmeans", "gmm", "dbscan", "hdbscan"]


def blobs(*sizes, spread=0.3, seed=0):
    """Round blobs 10 apart on a line, shuffled, and which blob each row is from."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return rng.normal(scale=spread, size=(len(truth), 2)) + 10.0 * truth[:, None], truth


def with_tiny_clusters():
    """Two blobs of 150 rows, and far from them 2 rows and 1 row, under 1 % of the class."""
    Z, truth = blobs(150, 150)
    Z[[7, 8]], Z[9] = [500.0, 500.0], [-900.0, 0.0]
    truth[[7, 8, 9]] = -1
    return Z, truth


@pytest.mark.parametrize("clusterer", [*NAMES, KMeans(2, n_init=1), AgglomerativeClustering(2)])
def test_separated_blobs_are_recovered(clusterer):
    Z, truth = blobs(100, 60)
    groups = cluster_class(Z, clusterer, min_samples=5, random_state=0)
    found = groups.labels_ >= 0
    assert found.mean() > 0.9
    assert adjusted_rand_score(truth[found], groups.labels_[found]) == 1
    assert (groups.usable_, groups.reason_) == (True, "")
    assert (groups.predict(Z) == groups.labels_).all()


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm", KMeans(2, n_init=1)])
def test_tiny_clusters_are_outliers_and_the_rest_is_clustered_again(clusterer):
    Z, truth = with_tiny_clusters()
    groups = cluster_class(Z, clusterer, k=2, random_state=0)
    assert adjusted_rand_score(truth, groups.labels_) == 1
    assert np.array_equal(groups.labels_ == -1, truth == -1)
    assert (groups.predict(Z) == groups.labels_).all()


def test_new_rows_go_through_the_same_rounds():
    Z, _ = with_tiny_clusters()
    groups = cluster_class(Z, random_state=0)
    new = [[490.0, 490.0], [-800.0, 0.0], Z[3] + 0.1]
    assert groups.predict(new).tolist() == [-1, -1, groups.labels_[3]]


@pytest.mark.parametrize("clusterer", ["dbscan", "hdbscan"])
def test_tiny_clusters_of_density_clusterers_are_outliers(clusterer):
    Z, truth = blobs(150, 150, 5, spread=0.1)
    options = {"min_samples": 3, "min_cluster_share": 0.03, "random_state": 0}
    groups = cluster_class(Z, clusterer, **options)
    assert (groups.labels_[truth == 2] == -1).all()
    assert groups.labels_.max() >= 1
    kept = cluster_class(Z, clusterer, **options | {"min_cluster_share": 0.0})
    assert (kept.labels_[truth == 2] >= 0).all()


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm", AgglomerativeClustering(3)])
def test_small_clusters_can_join_the_nearest_centroid(clusterer):
    Z, truth = blobs(100, 100, 4)  # the third blob is next to the second
    groups = cluster_class(
        Z, clusterer, k=3, min_cluster_share=0.05, small_clusters="merge", random_state=0
    )
    assert adjusted_rand_score(np.minimum(truth, 1), groups.labels_) == 1
    assert set(groups.labels_) == {0, 1}
    assert (groups.predict(Z) == groups.labels_).all()


def test_dbscan_on_scaled_gradients_is_dbscan_on_the_matrix_of_the_paper():
    rng = np.random.default_rng(0)
    G = rng.normal(size=(3, 6))[rng.integers(3, size=250)] + rng.normal(scale=0.3, size=(250, 6))
    centred = G - G.mean(axis=0)
    norms = np.linalg.norm(centred, axis=1)
    D = np.clip(1 - centred @ centred.T / np.outer(norms, norms), 0, 2)
    expected = DBSCAN(eps=0.06, min_samples=20, metric="precomputed").fit_predict(D)
    Z = fit_scaling(G, "centred_unit").transform(G)
    groups = cluster_class(Z, "dbscan", eps=0.06, min_samples=20, min_cluster_share=0)
    assert expected.max() == 2
    assert (expected == -1).any()
    assert np.array_equal(groups.labels_, expected)


def test_above_two_dbscan_finds_one_group():
    Z = fit_scaling(blobs(40, 40)[0], "centred_unit").transform(blobs(40, 40)[0])
    groups = cluster_class(Z, "dbscan", eps=2.01)
    assert (groups.labels_ == 0).all()
    assert (groups.usable_, groups.reason_) == (False, "only one cluster was found")


@pytest.mark.parametrize("clusterer", ["dbscan", DBSCAN(eps=0.01)])
def test_all_noise_is_one_group(clusterer):
    Z = np.arange(30.0)[:, None]
    groups = cluster_class(Z, clusterer, eps=0.01)
    assert (groups.labels_ == 0).all()
    assert (groups.usable_, groups.reason_) == (False, "all its rows are noise")
    assert groups.predict([[1e9]]).tolist() == [0]


def test_noise_beside_one_cluster_stays_outliers():
    Z = np.array([0.0] * 20 + [9.0])[:, None]
    groups = cluster_class(Z, "dbscan", eps=0.1, min_samples=5)
    assert groups.labels_.tolist() == [0] * 20 + [-1]
    assert (groups.usable_, groups.reason_) == (
        False,
        "only one cluster was found, beside outliers: 1",
    )


@pytest.mark.parametrize("clusterer", [*NAMES, KMeans(2, n_init=1)])
@pytest.mark.parametrize("n_rows", [1, 2, 50])
@pytest.mark.parametrize("setting", [60, None])
def test_equal_rows_are_one_group(clusterer, n_rows, setting):
    groups = cluster_class(np.full((n_rows, 3), 0.7), clusterer, min_samples=setting)
    assert (groups.labels_ == 0).all()
    assert groups.reason_ == "it has 1 distinct row, fewer than the 2 needed"
    assert not groups.usable_


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm"])
def test_two_rows_can_be_two_groups(clusterer):
    groups = cluster_class([[0.0], [1.0]], clusterer)
    assert sorted(groups.labels_) == [0, 1]
    assert groups.usable_


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm", KMeans(4)])
def test_fewer_distinct_rows_than_clusters(clusterer):
    groups = cluster_class(np.repeat([[0.0], [1.0], [2.0]], 20, axis=0), clusterer, k=4)
    assert (groups.labels_ == 0).all()
    assert groups.reason_ == "it has 3 distinct rows, fewer than the 4 needed"


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm"])
def test_many_duplicates_give_no_warning(clusterer):
    Z = np.repeat([[0.0, 1.0], [3.0, 1.0], [9.0, 1.0]], [50, 30, 20], axis=0)
    groups = cluster_class(Z, clusterer, k=3, random_state=0)
    assert adjusted_rand_score(Z[:, 0], groups.labels_) == 1


def test_duplicates_up_to_rounding_give_no_warning():
    Z = np.full((40, 2), 1 / 3)
    Z[:20, 0] = np.nextafter(1 / 3, 1)
    Z[::3, 1] = np.nextafter(1 / 3, 0)
    groups = cluster_class(Z, "kmeans", k=4, random_state=0)
    assert groups.labels_.min() == 0


def test_one_group_that_was_asked_for_is_usable():
    groups = cluster_class(blobs(20)[0], k=1)
    assert (groups.labels_ == 0).all()
    assert (groups.usable_, groups.reason_) == (True, "")


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm"])
@pytest.mark.parametrize("n_blobs", [2, 3, 5])
def test_k_none_counts_the_blobs(clusterer, n_blobs):
    Z, truth = blobs(*[40] * n_blobs)
    groups = cluster_class(Z, clusterer, k=None, random_state=0)
    assert groups.k_ == n_blobs
    assert adjusted_rand_score(truth, groups.labels_) == 1


def test_k_none_is_not_misled_by_far_rows():
    Z, truth = blobs(150, 150, 150)
    Z[5] = [1e4, -1e4]
    truth[5] = -1
    groups = cluster_class(Z, k=None, random_state=0)
    assert groups.k_ == 3
    assert adjusted_rand_score(truth, groups.labels_) == 1


@pytest.mark.parametrize("seed", range(3))
def test_k_none_goes_by_the_silhouettes_of_its_own_partitions(seed):
    Z = np.random.default_rng(seed).normal(size=(150, 2))
    scores = np.array([
        class_silhouette(Z, cluster_class(Z, k=k, random_state=0).labels_) for k in range(2, 9)
    ])  # fmt: skip
    assert cluster_class(Z, k=None, random_state=0).k_ == choose_k(scores)


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_k_none_on_a_handful_of_rows(n_rows):
    groups = cluster_class(np.arange(float(n_rows))[:, None], k=None)
    assert groups.usable_ == (n_rows > 1)
    assert groups.labels_.max() == min(n_rows, 2) - 1


@pytest.mark.parametrize("clusterer", ["dbscan", "hdbscan", AgglomerativeClustering(2)])
def test_sample_and_assign(clusterer):
    Z, truth = blobs(400, 200)
    groups = cluster_class(Z, clusterer, min_samples=20, max_exact=250, random_state=0)
    assert groups.n_fitted_ == 250
    found = groups.labels_ >= 0
    assert found.mean() > 0.9
    assert adjusted_rand_score(truth[found], groups.labels_[found]) == 1
    assert cluster_class(Z, clusterer, max_exact=600).n_fitted_ == 600


def test_partitions_are_sampled_far_later(monkeypatch):
    monkeypatch.setattr(_class_models, "MAX_PARTITION_ROWS", 500)
    Z, truth = blobs(400, 200)
    groups = cluster_class(Z, max_exact=2, random_state=0)
    assert groups.n_fitted_ == 500
    assert adjusted_rand_score(truth, groups.labels_) == 1
    assert (groups.predict(Z) == groups.labels_).all()


def test_heavy_tails_end_with_no_small_cluster():
    Z = np.random.default_rng(0).standard_cauchy(size=(500, 2))
    groups = cluster_class(Z, random_state=0)
    sizes = np.bincount(groups.labels_ + 1)
    assert (sizes[1:] >= 5).all()
    assert 0 < sizes[0] < 250
    assert (groups.predict(Z) == groups.labels_).all()


@pytest.mark.parametrize("clusterer", NAMES)
@given(Z=arrays(float, st.tuples(st.integers(1, 25), st.integers(1, 3)), elements=st.floats(-9, 9)))
def test_labels_are_consecutive_and_predict_gives_no_other(clusterer, Z):
    groups = cluster_class(Z, clusterer, min_samples=3, min_cluster_share=0.1, random_state=0)
    ids = np.unique(groups.labels_[groups.labels_ >= 0])
    assert ids.tolist() == list(range(len(ids)))
    assert len(ids) >= 1
    assert groups.usable_ == (len(ids) > 1) == (groups.reason_ == "")
    assert set(groups.predict(Z + 0.1)) <= {-1, *ids}
    if clusterer in ("kmeans", "gmm"):
        assert (groups.predict(Z) == groups.labels_).all()


@pytest.mark.parametrize("clusterer", [*NAMES, KMeans(3, n_init=1)])
def test_the_same_seed_gives_the_same_labels_and_pickling_keeps_them(clusterer):
    Z, _ = blobs(100, 100, spread=4.0)
    options = {"k": None, "eps": None, "min_samples": None, "max_exact": 150}
    first = cluster_class(Z, clusterer, **options, random_state=1)
    again = cluster_class(Z, clusterer, **options, random_state=1)
    assert np.array_equal(first.labels_, again.labels_)
    assert np.array_equal(pickle.loads(pickle.dumps(first)).predict(Z), again.predict(Z))


@pytest.mark.parametrize("clusterer", [*NAMES, KMeans(2, n_init=1, copy_x=False)])
def test_rows_are_not_changed_and_may_be_read_only(clusterer):
    Z, _ = with_tiny_clusters()
    before = Z.copy()
    Z.setflags(write=False)
    cluster_class(Z, clusterer, min_samples=5).predict(Z)
    assert np.array_equal(Z, before)


@pytest.mark.parametrize("clusterer", [*NAMES, KMeans(2, n_init=1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_of_another_float_type_can_be_predicted(clusterer, dtype):
    Z, _ = blobs(60, 60)
    other = np.float32 if dtype == np.float64 else np.float64
    groups = cluster_class(Z.astype(dtype), clusterer, min_samples=5, random_state=0)
    assert (groups.predict(Z.astype(other)) == groups.labels_).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clusterer": "ward"}, r"'clusterer'.*'gmm'"),
        ({"clusterer": object()}, r"'clusterer'.*fit_predict"),
        ({"k": 0}, "'k'"),
        ({"eps": 0.0}, "'eps'"),
        ({"min_samples": 0}, "'min_samples'"),
        ({"min_cluster_share": 1.0}, "'min_cluster_share'"),
        ({"small_clusters": "keep"}, r"'small_clusters'.*'merge'"),
        ({"max_exact": 1}, "'max_exact'"),
        ({"Z": [[np.nan], [1.0]]}, "NaN"),
    ],
)
def test_wrong_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        cluster_class(**{"Z": [[0.0], [1.0]]} | options)
