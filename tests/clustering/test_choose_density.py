import numpy as np
import pytest
from hdbscan import HDBSCAN
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform
from sklearn.cluster import DBSCAN
from sklearn.metrics import silhouette_score

from skgroup.clustering import fit_scaling
from skgroup.clustering._blocked_dbscan import BlockedDBSCAN
from skgroup.clustering._choose_density import (
    EPS,
    MIN_SAMPLES,
    choose_density,
    dbscan_grid,
    half_squares,
    numbers_to_try,
    radii_to_try,
)
from skgroup.clustering._class_models import capped_min_samples


def gradients(seed, n_rows=150, n_columns=4, spread=0.45):
    """Three directions with spread, and scattered rows."""
    rng = np.random.default_rng(seed)
    G = rng.normal(size=(3, n_columns))[rng.choice(3, n_rows, p=[0.6, 0.3, 0.1])]
    G += rng.normal(scale=spread, size=G.shape)
    G[: n_rows // 10] = rng.normal(size=(n_rows // 10, n_columns))
    return G


def scaled(scale, **options):
    G = gradients(**options)
    return fit_scaling(G, scale).transform(G)


def choose(Z, clusterer="dbscan", *, eps=None, min_samples=None, min_share=0.0, n_rows=None):
    return choose_density(
        np.asarray(Z, dtype=float), clusterer, eps=eps, min_samples=min_samples,
        min_share=min_share, n_rows=n_rows or len(Z),
    )  # fmt: skip


def first_best(Z, partitions):
    """The setting of the best silhouette, found the slow way."""
    scores = {
        setting: silhouette_score(Z, labels) if len(np.unique(labels)) > 1 else -1
        for setting, labels in partitions.items()
    }
    best = max(scores.values())
    return next(setting for setting, score in scores.items() if score > best - 1e-9)


def test_the_grid():
    expected = [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7]
    assert list(EPS) == expected
    assert list(MIN_SAMPLES) == [5, 10, 20, 30, 40, 50, 60, 100]


@pytest.mark.parametrize("scale", ["centred_unit", "none"])
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0.05, 0.8))
def test_the_grid_has_the_labels_of_dbscan(scale, seed, spread):
    Z = scaled(scale, seed=seed, n_rows=80, spread=spread)
    Z[[3, 9]], Z[40:43] = 0, Z[40]
    half = half_squares(Z, squareform(pdist(Z)))
    radii, counts = (0.05, 0.2, 0.9), (1, 4, 15)
    found = dbscan_grid(half, radii, list(counts))
    for eps in radii:
        for m in counts:
            labels = next(found)
            same = DBSCAN(eps=eps, min_samples=m, metric="precomputed").fit_predict(half)
            assert np.array_equal(labels, same)
            assert np.array_equal(labels, BlockedDBSCAN(eps, m).fit_predict(Z))


def test_rows_without_a_direction_are_at_distance_one():
    Z = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    half = half_squares(Z, squareform(pdist(Z)))
    np.testing.assert_allclose(half, 1 - np.eye(4))
    Z[0] = [3.0, 4.0]  # now the zero rows are places like any other
    assert half_squares(Z, squareform(pdist(Z)))[0, 1] == 12.5


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("scale", ["centred_unit", "none"])
def test_dbscan_goes_by_the_silhouette_with_noise_as_a_cluster(scale, seed):
    Z = scaled(scale, seed=seed)
    partitions = {
        (eps, m): DBSCAN(eps=(2 * eps) ** 0.5, min_samples=m).fit_predict(Z)
        for eps in radii_to_try(Z)
        for m in (5, 10, 20, 30)
    }
    assert any((labels == -1).any() for labels in partitions.values())
    assert choose(Z) == first_best(Z, partitions)


@pytest.mark.parametrize("seed", range(3))
def test_hdbscan_goes_by_the_silhouette_with_noise_as_a_cluster(seed):
    Z = scaled("none", seed=seed)
    partitions = {
        (None, m): HDBSCAN(min_cluster_size=m, core_dist_n_jobs=1).fit_predict(Z)
        for m in (5, 10, 20, 30)
    }
    assert choose(Z, "hdbscan") == first_best(Z, partitions)


def test_what_is_given_stays():
    Z = scaled("centred_unit", seed=1)
    labels = {
        (eps, m): DBSCAN(eps=(2 * eps) ** 0.5, min_samples=m).fit_predict(Z)
        for eps in EPS
        for m in (5, 10, 12, 20, 30)
    }
    of_m = {setting: found for setting, found in labels.items() if setting[1] == 12}
    assert choose(Z, min_samples=12) == first_best(Z, of_m)
    of_eps = {s: found for s, found in labels.items() if s[0] == 0.25 and s[1] != 12}
    assert choose(Z, eps=0.25) == first_best(Z, of_eps)


def test_ties_go_to_the_first_of_the_grid():
    # Two points of the circle, at distance 2: the same two clusters whatever the setting.
    Z = np.repeat([[1.0, 0.0], [-1.0, 0.0]], 100, axis=0)
    assert choose(Z) == (0.1, 5)
    assert choose(Z, min_samples=20) == (0.1, 20)
    assert choose(Z, eps=0.3) == (0.3, 5)
    assert choose(Z, "hdbscan") == (None, 5)


# All distances of the second are 1, beyond the largest radius.
@pytest.mark.parametrize("Z", [np.ones((50, 2)), np.eye(40), np.zeros((1, 3))])
def test_one_label_for_all_is_no_split(Z):
    assert choose(Z) == (None, None)
    assert choose(Z, eps=0.2) == (0.2, None)
    assert choose(Z, min_samples=7) == (None, 7)
    assert choose(Z, "hdbscan") == (None, None)


def test_small_clusters_count_as_noise():
    angles = np.radians(np.repeat([0, 90, 180], [60, 60, 6]))
    Z = np.column_stack([np.cos(angles), np.sin(angles)])
    assert choose(Z) == (0.1, 5)  # three clusters, all distances within them 0
    # The cluster of 6 is noise with any setting: again a tie.
    assert choose(Z, min_share=0.1) == (0.1, 5)
    assert choose(Z, min_share=0.6) == (None, None)


def test_throwing_rows_away_has_its_price():
    # Two loose blobs, and in each a dense core that a small radius would keep alone.
    rng = np.random.default_rng(0)
    core, loose = rng.normal(scale=0.02, size=(20, 2)), rng.normal(scale=0.5, size=(60, 2))
    blob = np.concatenate([core, loose])
    Z = np.concatenate([blob, blob + 4])
    tight = DBSCAN(eps=0.1, min_samples=10).fit_predict(Z)
    assert (tight == -1).mean() > 0.5
    assert tight.max() == 1
    eps, m = choose(Z)
    found = DBSCAN(eps=(2 * eps) ** 0.5, min_samples=m).fit_predict(Z)
    assert found.tolist() == [0] * 80 + [1] * 80


@pytest.mark.parametrize(
    ("n_rows", "n_sampled", "expected"),
    [
        (1000, 1000, (5, 10, 20, 30, 40, 50, 60, 100)),
        (300, 300, (5, 10, 20, 30, 40, 50, 60)),
        (299, 299, (5, 10, 20, 30, 40, 50, 59)),
        (50, 50, (5, 10)),
        (20, 20, (4,)),
        (2, 2, (2,)),
        (4000, 2000, (10, 20, 30, 40, 50, 60, 100)),
        (20_000, 2000, (50, 60, 100)),
        (10**6, 2000, (2500,)),
    ],
)
def test_numbers_are_capped_and_none_is_tried_twice(n_rows, n_sampled, expected):
    assert numbers_to_try(n_rows, n_sampled) == expected
    thinned = [capped_min_samples(m, n_rows, n_sampled) for m in expected]
    assert len(set(thinned)) == len(expected)
    assert min(thinned) == min(5, min(expected))


def test_a_sample_looks_for_neighbours_in_proportion():
    # In half of the rows, 20 neighbours of the class are 10.
    Z = scaled("centred_unit", seed=2, n_rows=200)
    partitions = {
        (eps, 2 * m): DBSCAN(eps=(2 * eps) ** 0.5, min_samples=m).fit_predict(Z)
        for eps in EPS
        for m in (5, 10, 15, 20, 25, 30, 40)
    }
    assert choose(Z, n_rows=400) == first_best(Z, partitions)


def test_radii_of_unit_rows_are_cosine_distances():
    assert radii_to_try(scaled("centred_unit", seed=0)) == EPS
    assert radii_to_try(scaled("unit", seed=0)) == EPS


def test_other_radii_are_those_of_a_sphere_around_the_mean():
    sphere = np.concatenate([np.eye(3), -np.eye(3)])
    np.testing.assert_allclose(radii_to_try(7 * sphere + 5), 49 * np.array(EPS))
    # Squared distances to the mean 2 are 4, 1, 0, 1 and 4.
    line = np.arange(5.0)[:, None]
    np.testing.assert_allclose(radii_to_try(line), EPS)
    # More than half of the rows at the mean: the mean of 8, 8 and three zeros.
    edges = np.array([-(8**0.5), 0, 0, 0, 8**0.5])[:, None]
    np.testing.assert_allclose(radii_to_try(edges), 3.2 * np.array(EPS))


@pytest.mark.parametrize("factor", [2.0**-20, 2.0**12])
def test_the_unit_of_the_gradients_does_not_matter(factor):
    Z = scaled("none", seed=3)
    eps, m = choose(Z)
    assert choose(factor * Z) == (pytest.approx(factor**2 * eps), m)


def test_rows_are_not_changed_and_may_be_in_single_precision():
    Z = scaled("centred_unit", seed=0)
    before = Z.copy()
    Z.setflags(write=False)
    chosen = choose(Z)
    assert np.array_equal(Z, before)
    found = choose_density(
        Z.astype(np.float32), "dbscan", eps=None, min_samples=None, min_share=0, n_rows=len(Z)
    )
    assert found == chosen
