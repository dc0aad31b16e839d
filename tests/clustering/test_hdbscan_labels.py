import numpy as np
import pytest
from hdbscan import HDBSCAN
from sklearn.metrics import adjusted_rand_score

from skgroup.clustering import _hdbscan_labels, fit_scaling
from skgroup.clustering._hdbscan_labels import hdbscan_labels


@pytest.fixture(autouse=True)
def always_our_tree(monkeypatch):
    monkeypatch.setattr(_hdbscan_labels, "FEW_ROWS", 1)


def blobs(seed, n_rows=500, n_columns=3):
    rng = np.random.default_rng(seed)
    centres = rng.normal(scale=4, size=(4, n_columns))
    return centres[rng.integers(4, size=n_rows)] + rng.normal(size=(n_rows, n_columns))


@pytest.mark.parametrize("min_samples", [5, 10, 25])
@pytest.mark.parametrize("seed", range(3))
def test_labels_are_those_of_the_exact_algorithm_of_the_package(seed, min_samples):
    Z = blobs(seed)
    expected = HDBSCAN(min_samples, algorithm="generic").fit_predict(Z)
    found = hdbscan_labels(Z, min_samples)
    # Edges of the same length leave a choice: the package's labels change by as much when rows are
    # given in another order.
    assert (expected != -1).any()
    assert np.mean((found < 0) == (expected < 0)) > 0.99
    assert adjusted_rand_score(expected, found) > 0.99


def test_unit_rows_of_single_precision_with_doubled_columns():
    Z = blobs(1, n_columns=6).astype(np.float32)
    Z = fit_scaling(np.hstack([Z, -Z]), "unit").transform(np.hstack([Z, -Z]))
    expected = HDBSCAN(20, algorithm="generic").fit_predict(Z.astype(np.float64))
    assert adjusted_rand_score(expected, hdbscan_labels(Z, 20)) > 0.99


def test_equal_rows():
    Z = np.repeat([[0.0, 0.0], [5.0, 0.0], [0.0, 7.0]], [40, 30, 20], axis=0)
    labels = hdbscan_labels(Z, 5)
    assert labels.min() == 0
    assert adjusted_rand_score(np.repeat([0, 1, 2], [40, 30, 20]), labels) == 1


@pytest.mark.parametrize("n_rows", [2, 3, 5])
def test_a_handful_of_rows(n_rows):
    Z = np.arange(n_rows, dtype=float)[:, None] ** 2
    assert hdbscan_labels(Z, 2).shape == (n_rows,)
    assert set(hdbscan_labels(Z, 10).tolist()) == {-1}


def test_distances_are_taken_as_they_are():
    Z = blobs(0, 100)
    distances = np.linalg.norm(Z[:, None] - Z, axis=2)
    expected = HDBSCAN(5, metric="precomputed").fit_predict(distances)
    assert np.array_equal(hdbscan_labels(distances, 5, metric="precomputed"), expected)
