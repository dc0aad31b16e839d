import numpy as np
import pytest

from skgroup.clustering._choose_k import CANDIDATES, choose_k, silhouettes_by_k


def test_silhouettes_of_two_to_eight_clusters():
    Z = np.repeat([0.0, 10.0, 20.0], 4)[:, None] + np.tile([0.0, 0.1, 0.2, 0.3], 3)[:, None]
    three, tried = np.repeat([0, 1, 2], 4), []
    partitions = {2: three // 2, 3: three}

    def labels_for(k):
        tried.append(k)
        return partitions.get(k, np.zeros(12, int))

    scores = silhouettes_by_k(Z, labels_for)
    assert tried == list(CANDIDATES) == [2, 3, 4, 5, 6, 7, 8]
    assert scores[1] == scores.max() > 0.9
    assert 0 < scores[0] < 0.9
    assert scores[2:].tolist() == [-1.0] * 5  # one cluster only
    assert choose_k(scores) == 3


def test_ties_go_to_the_smaller_number():
    assert choose_k(np.zeros(7)) == choose_k(np.full(7, 0.8)) == choose_k(np.full(7, -1.0)) == 2


@pytest.mark.parametrize(("best", "chosen"), [(0.7, 2), (0.71, 3)])
def test_the_smallest_number_that_leads_up_to_the_best_wins(best, chosen):
    assert choose_k([0.6, 0.61, 0.65, best, 0.1, 0.1, 0.1]) == chosen


def test_the_way_down_jumps_over_no_gap():
    assert choose_k([0.28, 0.22, 0.24, 0.27, 0.30, 0.32, 0.35]) == 6


def test_near_is_below_a_negative_best():
    assert choose_k([-0.116, -0.114, -0.1, -0.2, -0.2, -0.2, -0.2]) == 3


def test_near_is_a_share_of_the_best():
    assert choose_k(0.1 * np.array([0.6, 0.61, 0.65, 0.71, 0.1, 0.1, 0.1])) == 3
