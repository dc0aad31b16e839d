import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN

from skgroup.clustering import _blocked_dbscan, fit_scaling
from skgroup.clustering._blocked_dbscan import BlockedDBSCAN
from skgroup.clustering._closeness import Closeness


def gradients_with_groups(seed, n_rows=300, n_columns=8):
    """A few directions with spread, and scattered rows."""
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(4, n_columns))
    G = directions[rng.choice(4, n_rows, p=[0.5, 0.3, 0.15, 0.05])]
    G += rng.normal(scale=0.45, size=G.shape)
    G[: n_rows // 10] = rng.normal(size=(n_rows // 10, n_columns))
    return G


def cosine_distances(G):
    """The matrix of the paper: centred cosine distance, rows without a direction at 1."""
    G = G - G.mean(axis=0)
    norms = np.linalg.norm(G, axis=1)
    G = G / np.where(norms > 1e-12, norms, np.inf)[:, None]
    D = np.clip(1 - G @ G.T, 0, 2)
    np.fill_diagonal(D, 0)
    return D


@pytest.fixture(params=[7, 256], ids=["many blocks", "few blocks"])
def blocks(request, monkeypatch):
    monkeypatch.setattr(_blocked_dbscan, "BLOCK_ROWS", request.param)
    monkeypatch.setattr(_blocked_dbscan, "BLOCK_OTHERS", request.param - 5)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("eps", [0.1, 0.2, 0.45, 1.0])
@pytest.mark.parametrize("min_samples", [1, 5, 20])
@pytest.mark.usefixtures("blocks")
def test_labels_are_those_of_dbscan_on_the_distance_matrix(seed, eps, min_samples):
    G = gradients_with_groups(seed)
    reference = DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed")
    reference.fit(cosine_distances(G))
    model = BlockedDBSCAN(eps, min_samples).fit(fit_scaling(G, "centred_unit").transform(G))
    assert np.array_equal(model.labels_, reference.labels_)
    assert np.array_equal(model.core_sample_indices_, reference.core_sample_indices_)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.usefixtures("blocks")
def test_labels_are_those_of_euclidean_dbscan_on_any_rows(seed):
    Z = np.random.default_rng(seed).normal(size=(200, 2))
    Z[::2] += 2.5
    Z[:20] = 0  # a legitimate place here
    reference = DBSCAN(eps=(2 * 0.05) ** 0.5, min_samples=6).fit(Z)
    assert len(np.unique(reference.labels_)) > 2
    assert np.array_equal(BlockedDBSCAN(0.05, 6).fit_predict(Z), reference.labels_)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 2.0), st.integers(1, 12))
def test_equality_holds_for_any_radius(seed, eps, min_samples):
    G = gradients_with_groups(seed, 60, 3)
    Z = fit_scaling(G, "unit").transform(G)
    reference = DBSCAN(eps=(2 * eps) ** 0.5, min_samples=min_samples).fit(Z)
    assert np.array_equal(BlockedDBSCAN(eps, min_samples).fit_predict(Z), reference.labels_)


def test_a_border_row_goes_to_the_first_cluster_and_when_predicted_to_the_nearer():
    # Radius 1: the row at 0 is within reach of both clusters and is no core row itself.
    Z = np.array([-1.3, -1.2, -1.1, -1.0, 0.0, 0.9, 1.01, 1.1, 1.2])[:, None]
    model = BlockedDBSCAN(0.5, 4).fit(Z)
    assert model.core_sample_indices_.tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
    assert model.labels_.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1]
    assert model.predict(Z).tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1]


def test_new_rows_within_the_radius_of_a_core_row():
    Z = np.array([0.0, 0.1, 0.2, 5.0])[:, None]
    model = BlockedDBSCAN(0.5, 2).fit(Z)
    new = np.array([-1.0, -1.01, 1.2, 1.21, 5.0])[:, None]
    assert model.predict(new).tolist() == [0, -1, 0, -1, -1]


def test_a_chain_is_one_cluster_whatever_the_blocks(monkeypatch):
    monkeypatch.setattr(_blocked_dbscan, "BLOCK_ROWS", 3)
    monkeypatch.setattr(_blocked_dbscan, "BLOCK_LINKS", 2)
    position = np.random.default_rng(0).permutation(50)
    Z = np.array([*position, *(position + 100)], float)[:, None]
    labels = BlockedDBSCAN(0.5, 2).fit_predict(Z)
    assert labels.tolist() == [0] * 50 + [1] * 50


def test_above_two_all_unit_rows_are_one_cluster():
    G = gradients_with_groups(0, 30)
    Z = fit_scaling(G, "centred_unit").transform(G)
    assert (BlockedDBSCAN(2.01, 30).fit_predict(Z) == 0).all()
    assert (BlockedDBSCAN(2.01, 31).fit_predict(Z) == -1).all()


def test_zero_rows_have_distance_one_to_all_unit_rows():
    Z = np.array([[1.0, 0.0]] * 3 + [[0.0, 0.0]] * 3)
    # By plain Euclidean distance the zero rows would be at 0.5, and 0 to each other.
    assert BlockedDBSCAN(0.9, 3).fit_predict(Z).tolist() == [0, 0, 0, -1, -1, -1]
    assert BlockedDBSCAN(0.9, 1).fit_predict(Z).tolist() == [0, 0, 0, 1, 2, 3]
    model = BlockedDBSCAN(1.0, 3).fit(Z)
    assert model.labels_.tolist() == [0] * 6
    assert model.predict([[0.0, 0.0], [0.0, -1.0], [-1.0, 0.0]]).tolist() == [0, 0, 0]
    assert BlockedDBSCAN(0.9, 3).fit(Z).predict([[0.0, 0.0]]).tolist() == [-1]


def test_without_core_rows_all_is_noise():
    model = BlockedDBSCAN(0.01, 2).fit(np.eye(4))
    assert model.labels_.tolist() == [-1] * 4
    assert model.predict(np.eye(4)).tolist() == [-1] * 4


def test_float32_read_only_and_pickled():
    G = gradients_with_groups(3).astype(np.float32)
    Z = fit_scaling(G, "unit").transform(G)
    Z.setflags(write=False)
    model = pickle.loads(pickle.dumps(BlockedDBSCAN(0.2, 10).fit(Z)))
    assert np.array_equal(model.labels_, BlockedDBSCAN(0.2, 10).fit_predict(Z.astype(float)))
    is_core = np.isin(np.arange(len(Z)), model.core_sample_indices_)
    assert np.array_equal(model.predict(Z)[is_core], model.labels_[is_core])
    assert np.array_equal(model.predict(Z) == -1, model.labels_ == -1)


@pytest.mark.parametrize("spread", [0.05, 3.0], ids=["one ball", "scattered"])
def test_never_more_than_a_block_of_distances(spread, monkeypatch):
    monkeypatch.setattr(_blocked_dbscan, "BLOCK_ROWS", 100)
    rng = np.random.default_rng(0)
    G = rng.normal([1, 0, 0, 0, 0], spread, (3000, 5))
    Z = fit_scaling(G, "unit").transform(G)
    tracemalloc.start()
    labels = BlockedDBSCAN(0.1, 20).fit_predict(Z)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(labels, DBSCAN(eps=0.2**0.5, min_samples=20).fit_predict(Z))
    assert peak < len(Z) ** 2 / 2  # not even a bit for each pair of rows


def test_rows_are_not_compared_once_they_have_neighbours_enough(monkeypatch):
    pairs = []
    near = Closeness.near

    def counted(self, index, Z, picked, queries, radius):
        pairs.append(len(index) * len(picked))
        return near(self, index, Z, picked, queries, radius)

    monkeypatch.setattr(Closeness, "near", counted)
    G = np.random.default_rng(0).normal(1, 0.05, (4000, 5))
    Z = fit_scaling(G, "unit").transform(G)
    assert (BlockedDBSCAN(0.5, 10).fit_predict(Z) == 0).all()
    assert sum(pairs) < 4000**2 / 8


def test_hundreds_of_clusters_and_rows_far_from_the_origin():
    rng = np.random.default_rng(0)
    Z = rng.normal(scale=0.02, size=(3000, 2)) + rng.integers(30, size=(3000, 2)) + 1e4
    reference = DBSCAN(eps=0.1, min_samples=3).fit_predict(Z)
    model = BlockedDBSCAN(0.1**2 / 2, 3).fit(Z)
    assert len(np.unique(reference)) > 300
    assert np.array_equal(model.labels_, reference)
    assert np.array_equal(model.predict(Z), reference)


def test_more_rows_reach_farther_and_change_nothing_else():
    # Radius 1 on a line. Of the three rows more, 1.2 has three neighbours with itself, 1.9 has
    # two, and no cluster takes in 5.
    Z, more = [[0.0], [0.5], [1.0]], [[1.2], [1.9], [5.0]]
    alone = BlockedDBSCAN(eps=0.5, min_samples=3).fit(Z)
    longer = BlockedDBSCAN(eps=0.5, min_samples=3).fit(Z, more=more)
    new = [[1.9], [2.1], [2.3], [5.0]]
    assert alone.predict(new).tolist() == [0, -1, -1, -1]
    assert longer.predict(new).tolist() == [0, 0, -1, -1]
    assert longer.labels_.tolist() == alone.labels_.tolist() == [0, 0, 0]
    assert longer.core_sample_indices_.tolist() == [0, 1, 2]


def test_more_rows_join_the_nearer_of_two_clusters_and_no_cluster_joins_another():
    Z = [[0.0], [0.1], [0.2], [1.9], [2.0], [2.1]]
    model = BlockedDBSCAN(eps=0.5, min_samples=3).fit(Z, more=[[1.0], [1.2], [9.0]])
    assert model.labels_.tolist() == [0, 0, 0, 1, 1, 1]
    assert model.predict([[1.0], [1.2], [1.05], [9.0]]).tolist() == [0, 1, 0, -1]
