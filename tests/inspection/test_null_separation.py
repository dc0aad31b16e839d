import numpy as np
from scipy.stats import kstest
from sklearn.cluster import KMeans

from skgroup.clustering import class_silhouette, cluster_class
from skgroup.inspection._null_separation import (
    draw_null,
    p_value,
    separation,
    separation_of_null,
)

SETTINGS = {"clusterer": KMeans(2, n_init=1), "k": 2}


def p_of(Z, seed=0, n_draws=19):
    null = [separation_of_null(Z, SETTINGS, 100 * seed + i) for i in range(n_draws)]
    return p_value(separation(Z, SETTINGS, seed), np.array(null))


def test_by_hand():
    assert p_value(0.5, np.array([0.4, 0.5, 0.6])) == 3 / 4
    assert p_value(0.7, np.array([0.4, 0.5, 0.6])) == 1 / 4


def test_separation_is_the_silhouette_of_the_clusters():
    Z = np.random.default_rng(0).normal(size=(80, 3))
    labels = cluster_class(Z, "kmeans", k=3, random_state=5).labels_
    assert separation(Z, {"k": 3}, 5) == class_silhouette(Z, labels)
    assert separation(np.zeros((4, 1)), {"k": 2}, 0) == -1


def test_draws_have_the_mean_and_covariance_of_the_data():
    rng = np.random.default_rng(0)
    Z = rng.exponential(size=(4000, 2)) @ [[2.0, 1.0, 0.0], [0.0, 0.5, 3.0]] + [5, -1, 2]
    drawn = draw_null(Z, 0)
    assert drawn.shape == Z.shape
    np.testing.assert_allclose(drawn.mean(axis=0), Z.mean(axis=0), atol=0.15)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(Z.T), rtol=0.1, atol=0.15)
    skew = ((drawn - drawn.mean(axis=0)) ** 3).mean(axis=0) / drawn.std(axis=0) ** 3
    assert (abs(skew) < 0.15).all()
    assert np.linalg.matrix_rank(drawn - drawn.mean(axis=0), tol=1e-6) == 2


def test_directions_stay_directions():
    Z = np.random.default_rng(0).normal(loc=[1, 0, 0], size=(200, 3))
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    np.testing.assert_allclose(np.linalg.norm(draw_null(Z, 0), axis=1), 1)
    nearly = Z * np.random.default_rng(1).uniform(0.9, 1.0, (200, 1))
    norms = [np.sort(np.linalg.norm(rows, axis=1)) for rows in (nearly, draw_null(nearly, 0))]
    np.testing.assert_allclose(norms[1], norms[0])


def p_of_clouds(d):
    scale = np.linspace(1, 2, d)
    draws = (np.random.default_rng(s).normal(size=(60, d)) * scale for s in range(30))
    return np.array([p_of(Z, s) for s, Z in enumerate(draws)])


def test_one_cloud_gives_uniform_p_values():
    # Steps of 1 / 20, which lie up to 1 / 20 above the uniform distribution.
    found = p_of_clouds(2) - 1 / 40
    assert kstest(found, "uniform").pvalue > 0.05
    assert 0.35 < found.mean() < 0.65


def test_few_rows_a_dimension_make_it_conservative():
    found = p_of_clouds(10)
    assert kstest(found, "uniform", alternative="greater").pvalue > 0.05  # none too small
    assert found.mean() > 0.5


def test_two_blobs_give_the_smallest():
    for seed in range(3):
        Z = np.random.default_rng(seed).normal(size=(60, 2))
        Z[:10] += [8, 0]
        assert p_of(Z, seed) == 1 / 20


def test_a_sphere_without_clusters_is_no_cluster():
    found = []
    for seed in range(10):
        Z = np.random.default_rng(seed).normal(size=(150, 3))
        found.append(p_of(Z / np.linalg.norm(Z, axis=1, keepdims=True), seed))
    assert np.median(found) > 0.2


def test_same_seed_same_draw():
    Z = np.random.default_rng(0).normal(size=(30, 2))
    assert (draw_null(Z, 1) == draw_null(Z, 1)).all()
    assert (draw_null(Z, 1) != draw_null(Z, 2)).any()
