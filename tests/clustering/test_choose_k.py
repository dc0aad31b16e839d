import numpy as np
import pytest

from skgroup.clustering import _choose_k
from skgroup.clustering._choose_k import CANDIDATES, choose_k


def test_the_largest_silhouette_wins():
    Z = np.repeat([0.0, 10.0, 20.0], 4)[:, None] + np.tile([0.0, 0.1, 0.2, 0.3], 3)[:, None]
    three = np.repeat([0, 1, 2], 4)
    partitions = {2: three // 2, 3: three, 4: np.where(Z[:, 0] < 0.15, 3, three)}
    assert choose_k(Z, lambda k: partitions.get(k, np.zeros(12, int))) == 3


def test_ties_go_to_the_smaller_number():
    Z = np.arange(6.0)[:, None]
    assert choose_k(Z, lambda k: np.array([0, 0, 0, 1, 1, 1])) == 2
    assert choose_k(Z, lambda k: np.zeros(6, int)) == 2


def test_two_to_eight_are_tried_once_each():
    tried = []
    choose_k(np.arange(6.0)[:, None], lambda k: tried.append(k) or np.zeros(6, int))
    assert tried == list(CANDIDATES) == [2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(("best", "chosen"), [(0.64, 2), (0.66, 7)])
def test_the_smallest_number_near_the_best_wins(monkeypatch, best, chosen):
    scores = {2: 0.6, 3: 0.3, 7: best}
    monkeypatch.setattr(_choose_k, "class_silhouette", lambda Z, k, **_: scores.get(k, 0.1))
    assert choose_k(np.zeros((1, 1)), lambda k: k) == chosen
