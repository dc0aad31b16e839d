import numpy as np
import pytest
from sklearn.cluster import (
    DBSCAN,
    AgglomerativeClustering,
    KMeans,
    MeanShift,
    SpectralClustering,
)
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgroup.clustering import _class_models, fit_scaling
from skgroup.clustering._class_models import capped_min_samples, fit_model, needed_rows

NAMES = ["kmeans", "gmm", "dbscan", "hdbscan"]


def blobs(*sizes, spread=0.3, seed=0):
    """Round blobs 10 apart on a line, shuffled, and which blob each row is from."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return rng.normal(scale=spread, size=(len(truth), 2)) + 10.0 * truth[:, None], truth


def fit(Z, clusterer, *, k=2, eps=0.45, min_samples=10, max_exact=20_000, seed=0):
    return fit_model(
        Z, clusterer, k=k, eps=eps, min_samples=min_samples, max_exact=max_exact, seed=seed
    )


@pytest.mark.parametrize("clusterer", [*NAMES, AgglomerativeClustering(3), KMeans(3), MeanShift()])
def test_separated_blobs_are_found_and_predicted(clusterer):
    Z, truth = blobs(60, 50, 40)
    model, labels = fit(Z, clusterer, k=3)
    found = labels >= 0  # density clusterers may leave the fringe out
    assert found.mean() > 0.9
    assert adjusted_rand_score(truth[found], labels[found]) == 1
    assert (model.predict(Z) == labels).all()


@pytest.mark.parametrize("clusterer", [*NAMES, AgglomerativeClustering(2), KMeans(2, n_init=3)])
def test_above_the_limit_a_sample_is_clustered_and_the_rest_assigned(clusterer, monkeypatch):
    monkeypatch.setattr(_class_models, "MAX_PARTITION_ROWS", 300)
    Z, truth = blobs(400, 200)
    _, labels = fit(Z, clusterer, max_exact=300)
    found = labels >= 0
    assert found.mean() > 0.9
    assert adjusted_rand_score(truth[found], labels[found]) == 1


def test_sample_and_assign_agrees_with_all_rows():
    Z, _ = blobs(600, 300, 100, spread=1.2)
    _, exact = fit(Z, "dbscan", min_samples=40)
    _, sampled = fit(Z, "dbscan", min_samples=40, max_exact=500)
    assert adjusted_rand_score(exact, sampled) > 0.9


@pytest.mark.parametrize("clusterer", ["dbscan", "hdbscan"])
def test_a_sample_finds_the_clusters_of_unit_rows_that_all_rows_find(clusterer):
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(4, 30))
    truth = rng.choice(4, 3000, p=[0.6, 0.25, 0.1, 0.05])
    G = 3 * centres[truth] + rng.normal(size=(3000, 30))
    Z = fit_scaling(np.hstack([G, -G]), "centred_unit").transform(np.hstack([G, -G]))
    _, exact = fit(Z, clusterer, min_samples=40)
    _, sampled = fit(Z, clusterer, min_samples=40, max_exact=1100)
    assert len(np.unique(exact)) >= 3
    assert adjusted_rand_score(exact, sampled) > 0.98


def test_a_sample_leaves_the_same_rows_over_as_all_rows():
    # One cluster that thins out: half the core rows alone would reach half as many border rows.
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(3000, 10)) + 2 * np.eye(10)[0]
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    _, exact = fit(Z, "dbscan", eps=0.25, min_samples=40)
    _, sampled = fit(Z, "dbscan", eps=0.25, min_samples=40, max_exact=1500)
    assert (exact == -1).sum() == 100
    assert adjusted_rand_score(exact, sampled) > 0.94


def test_no_model_is_fitted_on_more_rows_than_allowed(monkeypatch):
    class Counting(KMeans):
        def fit_predict(self, X, y=None):
            sizes.append(len(X))
            return super().fit_predict(X)

    sizes = []
    fit(blobs(60, 60)[0], Counting(2, n_init=1), max_exact=50)
    assert sizes == [50]


@pytest.mark.parametrize(
    ("min_samples", "n_rows", "n_fitted", "expected"),
    [
        (60, 300, 300, 60),
        (60, 299, 299, 59),
        (60, 50, 50, 10),
        (60, 9, 9, 2),
        (60, 1, 1, 2),
        (1, 1000, 1000, 1),
        (60, 40_000, 20_000, 30),
        (60, 30_000, 20_000, 40),
        (61, 40_000, 20_000, 31),
        (60, 10**6, 20_000, 5),
        (3, 10**6, 20_000, 3),
    ],
)
def test_min_samples_is_capped_and_thinned(min_samples, n_rows, n_fitted, expected):
    assert capped_min_samples(min_samples, n_rows, n_fitted) == expected


@pytest.mark.parametrize(
    ("clusterer", "expected"),
    [
        ("kmeans", 4),
        ("gmm", 4),
        ("dbscan", 2),
        ("hdbscan", 2),
        (KMeans(5), 5),
        (GaussianMixture(3), 3),
        (DBSCAN(), 2),
        (AgglomerativeClustering(None, distance_threshold=1.0), 2),
    ],
)
def test_distinct_rows_needed(clusterer, expected):
    assert needed_rows(clusterer, 4) == expected


@pytest.mark.parametrize("factor", [1e-12, 1.0, 1e6])
def test_mixtures_do_not_depend_on_the_unit_of_the_gradients(factor):
    Z, truth = blobs(60, 60)
    _, labels = fit(Z * factor, "gmm")
    assert adjusted_rand_score(truth, labels) == 1


@pytest.mark.parametrize("n_columns", [1, 3, 50])
def test_mixtures_survive_degenerate_rows(n_columns):
    line = np.zeros((40, n_columns))
    line[:, 0] = np.repeat([0.0, 1.0], 20)
    model, labels = fit(line, "gmm")
    assert adjusted_rand_score(np.repeat([0, 1], 20), labels) == 1
    assert (model.predict(line) == labels).all()


def test_a_mixture_that_fails_gives_way_to_k_means(monkeypatch):
    class Failing(GaussianMixture):
        def fit(self, X, y=None):
            raise ValueError("ill-defined empirical covariance")

    monkeypatch.setattr(_class_models, "GaussianMixture", Failing)
    Z, truth = blobs(30, 30)
    model, labels = fit(Z, "gmm")
    assert adjusted_rand_score(truth, labels) == 1
    assert (model.predict(Z) == labels).all()


def test_a_mixture_of_rows_with_no_variance_in_floating_point():
    _, labels = fit(np.array([[1e-200], [0.0]]), "gmm")
    assert set(labels) <= {0, 1}


def test_the_clusterer_of_the_user_is_neither_fitted_nor_seeded():
    mine = make_pipeline(StandardScaler(), KMeans(2, n_init=1))
    model, labels = fit(blobs(30, 30)[0], mine, seed=5)
    assert not hasattr(mine[-1], "labels_")
    assert mine[-1].random_state is None
    assert model[-1].random_state == 5
    assert (model.predict(blobs(30, 30)[0]) == labels).all()


def test_a_seed_of_the_user_stays():
    model, _ = fit(blobs(30, 30)[0], KMeans(2, n_init=1, random_state=7), seed=5)
    assert model.random_state == 7


def test_a_clusterer_without_predict_assigns_by_the_nearest_row():
    Z, truth = blobs(30, 30)
    model, labels = fit(Z, SpectralClustering(2, affinity="rbf", gamma=0.1))
    assert adjusted_rand_score(truth, labels) == 1
    of_blob = [labels[truth == blob][0] for blob in (0, 1)]
    assert model.predict(np.array([[1.0, -1.0], [12.0, 8.0]])).tolist() == of_blob


def test_noise_of_a_clusterer_without_predict_stays_noise():
    Z = np.array([0.0, 0.1, 0.2, 5.0, 9.0, 9.1, 9.2])[:, None]
    model, labels = fit(Z, DBSCAN(eps=0.3, min_samples=2))
    assert labels.tolist() == [0, 0, 0, -1, 1, 1, 1]
    assert model.predict(Z).tolist() == labels.tolist()


@pytest.mark.parametrize("clusterer", NAMES)
@pytest.mark.parametrize("n_rows", [2, 3, 5])
def test_a_handful_of_rows(clusterer, n_rows):
    Z = np.arange(n_rows, dtype=float)[:, None] ** 2
    model, labels = fit(Z, clusterer)
    assert len(labels) == n_rows
    assert len(model.predict(Z + 0.1)) == n_rows


@pytest.mark.parametrize("clusterer", [*NAMES, KMeans(2, n_init=1, copy_x=False)])
def test_rows_are_not_changed(clusterer):
    Z, _ = blobs(30, 30)
    before = Z.copy()
    fit(Z, clusterer)
    Z.setflags(write=False)
    fit(Z, clusterer)
    assert np.array_equal(Z, before)


@pytest.mark.parametrize(("starts", "n_init"), [(10, 3), (3, 1), (1, 1)])
def test_mixtures_have_a_third_of_the_starts(starts, n_init):
    Z = np.random.default_rng(0).normal(size=(60, 2))
    settings = {"k": 3, "eps": 1.0, "min_samples": 1, "max_exact": 100, "seed": 5}
    model, labels = fit_model(Z, "gmm", **settings, starts=starts)
    assert model.n_init == n_init
    reg_covar = 1e-6 * Z.var(axis=0).mean()
    expected = GaussianMixture(3, n_init=n_init, reg_covar=reg_covar, random_state=5).fit(Z)
    np.testing.assert_array_equal(labels, expected.predict(Z))
