import numpy as np
import pytest
from scipy.stats import norm

from skgroup.inspection._gap import critical_bandwidth, gap_p_value, has_valley, line_p_value

# Two bumps of the same height merge where the bandwidth is half their distance.
TWO_POINTS = np.repeat([0.0, 1.0], 50)


@pytest.mark.parametrize(("bandwidth", "valley"), [(0.45, True), (0.55, False)])
def test_two_bumps_merge_at_half_their_distance(bandwidth, valley):
    assert has_valley(TWO_POINTS, bandwidth) is valley


def test_critical_bandwidth_of_two_points():
    assert critical_bandwidth(TWO_POINTS) == pytest.approx(0.5, rel=0.02)


def test_valleys_agree_with_a_density_summed_row_by_row():
    t = np.random.default_rng(0).normal(0.4, 0.5, 40)
    grid = np.linspace(0, 1, 141)
    for bandwidth in (0.02, 0.05, 0.1, 0.2, 0.4):
        steps = np.diff(norm.pdf((grid[:, None] - t) / bandwidth).sum(axis=1))
        falls_then_rises = ((steps[:-1] < 0) & (steps[1:] > 0)).any()
        assert has_valley(t, bandwidth) == falls_then_rises


def test_a_valley_outside_the_centroids_does_not_count():
    assert not has_valley(np.array([-2.0] * 30 + [-0.5] * 30), 0.2)
    assert not has_valley(np.array([0.5] * 30 + [3.0] * 30), 0.2)
    assert not has_valley(np.array([0.5] * 30 + [1e6] * 30), 0.2)


def one_cloud(seed):
    return np.random.default_rng(seed).standard_normal(300) / 1.6 + 0.5


def skewed_cloud(seed):
    return np.random.default_rng(seed).exponential(0.4, 300)


def two_clouds(seed):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(0, 0.15, 270), rng.normal(1, 0.15, 30)])


@pytest.mark.parametrize("draw", [one_cloud, skewed_cloud])
def test_no_gap_in_a_cloud_skewed_or_not(draw):
    found = [line_p_value(draw(s), 39, np.random.RandomState(s)) for s in range(20)]
    assert np.mean(np.array(found) <= 0.05) <= 0.1
    assert np.median(found) > 0.2


def test_a_gap_before_a_small_group():
    found = [line_p_value(two_clouds(s), 39, np.random.RandomState(s)) for s in range(10)]
    assert max(found) == 1 / 40


def test_pairs_of_neighbours_are_tested_and_corrected_for():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(300, 2)) * 0.1
    labels = np.repeat([0, 1, 2, -1], 75)
    Z[labels == 1] += [1, 0]
    Z[labels == 2] += [5, 0]
    Z[labels == -1] = [0.5, 0]  # outliers fill the gap, and are left out
    # Neighbours are 0 and 1, and 1 and 2: two tests.
    assert gap_p_value(Z, labels, 39, np.random.RandomState(0)) == 2 / 40
    Z[labels == 2] = Z[labels == 1]
    labels[labels == 0] = -1
    assert gap_p_value(Z, labels, 39, np.random.RandomState(0)) == 1  # in one place


def test_the_line_runs_through_the_centroids():
    rng = np.random.default_rng(0)
    Z, labels = rng.normal(size=(200, 3)), np.repeat([0, 1], 100)
    Z[labels == 1] += [4, 3, 0]
    axis = Z[labels == 1].mean(axis=0) - Z[labels == 0].mean(axis=0)
    t = (Z - Z[labels == 0].mean(axis=0)) @ axis / (axis @ axis)
    assert [t[labels == c].mean() for c in (0, 1)] == pytest.approx([0, 1])
    expected = line_p_value(t, 19, np.random.RandomState(3))
    assert gap_p_value(Z, labels, 19, np.random.RandomState(3)) == expected


def test_a_single_cluster_is_not_tested():
    assert np.isnan(gap_p_value(np.zeros((4, 1)), np.array([0, 0, -1, -1]), 9, np.random))
