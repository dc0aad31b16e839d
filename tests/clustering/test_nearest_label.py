import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

from skgroup.clustering import _nearest_label
from skgroup.clustering._closeness import Closeness
from skgroup.clustering._nearest_label import nearest_labels


@pytest.fixture(params=[7, 4096], ids=["many blocks", "one block"], autouse=True)
def blocks(request, monkeypatch):
    monkeypatch.setattr(_nearest_label, "BLOCK_ROWS", request.param)
    monkeypatch.setattr(_nearest_label, "BLOCK_OTHERS", request.param + 2)


@pytest.mark.parametrize("n_labels", [1, 2, 60])
def test_labels_are_those_of_the_nearest_row(n_labels):
    rng = np.random.default_rng(n_labels)
    rows, Z = rng.normal(size=(120, 3)), rng.normal(size=(80, 3))
    labels = rng.integers(-1, n_labels, size=120)
    distances = pairwise_distances(Z, rows)
    nearest = distances.argmin(axis=1)
    found = nearest_labels(Z, Closeness.of(rows, unit_rows=False), labels)
    assert np.array_equal(found, labels[nearest])
    reach = rng.uniform(0, 0.2, size=n_labels)
    found = nearest_labels(Z, Closeness.of(rows, unit_rows=False), labels, reach)
    within = distances.min(axis=1) ** 2 / 2 <= reach[labels[nearest]]
    assert 0 < within.sum() < len(Z)
    assert np.array_equal(found, np.where(within & (labels[nearest] >= 0), labels[nearest], -1))


def test_rounding_decides_nothing():
    # Two rows whose distance is less than products in single precision can tell.
    rows = np.array([[1.0, 0.0], [1.0, 1e-4], [-1.0, 0.0]])
    closeness = Closeness.of(rows, unit_rows=False)
    assert closeness.dtype == np.float32
    labels = np.array([4, 2, 3])
    assert nearest_labels(rows, closeness, labels).tolist() == [4, 2, 3]
    # And a row just within, and one just beyond the reach of a label.
    new = np.array([[0.0, 0.0], [-1e-9, 0.0], [1e-9, 0.0]])
    reach = np.array([0, 0, 0, 0.5, 0.5])
    assert nearest_labels(new, closeness, labels, reach).tolist() == [3, 3, 4]
