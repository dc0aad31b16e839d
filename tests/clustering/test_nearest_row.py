import numpy as np
import pytest

from skgroup.clustering import _nearest_row
from skgroup.clustering._nearest_row import NearestRow, fit_nearest_row


@pytest.fixture(params=[0, 256], ids=["by products", "by distances"], autouse=True)
def both_ways(request, monkeypatch):
    monkeypatch.setattr(_nearest_row, "FEW_ROWS", request.param)


def test_the_nearest_row_decides():
    rule = NearestRow(np.array([[0.0], [10.0], [20.0]]), np.array([2, 0, 1]))
    assert rule.predict(np.array([[-5.0], [4.9], [5.1], [99.0]])).tolist() == [2, 2, 0, 1]


def test_without_noise_new_rows_join_at_any_distance():
    rule = fit_nearest_row(np.array([[0.0], [1.0]]), np.array([0, 1]))
    assert rule.reach is None
    assert rule.predict(np.array([[-1e9], [1e9]])).tolist() == [0, 1]


def test_with_noise_a_cluster_reaches_as_far_as_its_loneliest_row():
    # Nearest neighbours inside cluster 0 are 1, 1 and 2 away; in cluster 1, 5 and 5.
    Z = np.array([0.0, 1.0, 3.0, 50.0, 100.0, 105.0])[:, None]
    labels = np.array([0, 0, 0, -1, 1, 1])
    rule = fit_nearest_row(Z, labels)
    new = np.array([-1.9, -2.1, 4.9, 5.1, 50.1, 95.1, 94.9, 109.9, 110.1])[:, None]
    assert rule.predict(new).tolist() == [0, -1, 0, -1, -1, 1, -1, 1, -1]
    assert rule.predict(Z).tolist() == labels.tolist()


def test_rows_of_the_fit_keep_their_labels_when_all_of_a_cluster_are_equal():
    Z = np.repeat([[0.1, 0.2, 0.3], [7.1, 0.2, 0.3], [3.3, 9.1, 2.2]], [5, 1, 5], axis=0)
    labels = np.repeat([0, -1, 1], [5, 1, 5])
    assert fit_nearest_row(Z, labels).predict(Z).tolist() == labels.tolist()


def test_a_cluster_of_one_reaches_itself_only():
    Z = np.array([[0.0], [5.0], [9.0]])
    rule = fit_nearest_row(Z, np.array([0, -1, 1]))
    assert rule.predict(np.array([[0.0], [0.1], [9.0]])).tolist() == [0, -1, 1]


def test_all_noise_stays_noise():
    Z = np.array([[0.0], [5.0]])
    assert fit_nearest_row(Z, np.array([-1, -1])).predict(Z).tolist() == [-1, -1]
