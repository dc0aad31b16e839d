import numpy as np

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


def test_two_to_five_are_tried_once_each():
    tried = []
    choose_k(np.arange(6.0)[:, None], lambda k: tried.append(k) or np.zeros(6, int))
    assert tried == list(CANDIDATES) == [2, 3, 4, 5]
