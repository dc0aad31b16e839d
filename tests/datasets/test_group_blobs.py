import numpy as np
import pytest
from scipy.stats import chi2

from skgroup.datasets import make_group_blobs

CENTRES = {
    0: [(0, 1), (0, 2), (0, 3), (0, 5)],
    1: [(1, 4)],
    2: [(0, 4)],
    3: [(1, 1), (1, 2), (1, 3), (1, 5)],
}


def test_without_variance_the_rows_are_the_published_centres():
    X, y, groups = make_group_blobs(7, variance=0, random_state=0)
    for group, centres in CENTRES.items():
        points, counts = np.unique(X[groups == group], axis=0, return_counts=True)
        assert [tuple(p) for p in points] == centres
        assert (counts == 7).all()
        assert (y[groups == group] == group // 2).all()


def test_group_is_two_times_class_plus_first_coordinate():
    X, y, groups = make_group_blobs(5, variance=0, random_state=0)
    np.testing.assert_array_equal(groups, 2 * y + X[:, 0])
    assert (X[:, 0] == y).mean() == 0.8


def test_defaults_are_ten_clusters_of_a_hundred():
    X, y, groups = make_group_blobs(random_state=0)
    assert (X.shape, X.dtype, y.dtype, groups.dtype) == ((1000, 2), float, "int64", "int64")
    assert np.bincount(y).tolist() == [500, 500]
    assert np.bincount(groups).tolist() == [400, 100, 100, 400]


@pytest.mark.parametrize("variance", [0.01, 0.1, 4.0])
def test_spread_is_the_variance_in_both_directions(variance):
    X, _, _ = make_group_blobs(1000, variance=variance, random_state=0)
    centres, _, _ = make_group_blobs(1000, variance=0, random_state=0)
    sums = ((X - centres) ** 2).sum(axis=0) / variance  # chi-square with 10,000 degrees
    assert (chi2.ppf(1e-6, 10_000) < sums).all()
    assert (sums < chi2.ppf(1 - 1e-6, 10_000)).all()


@pytest.mark.parametrize(("flip", "n_flipped"), [(0.0, 0), (0.05, 30), (0.333, 200), (1.0, 600)])
def test_flipped_rows_are_outliers_and_the_rest_is_unchanged(flip, n_flipped):
    X, y, groups = make_group_blobs(60, flip=flip, random_state=3)
    clean_X, clean_y, clean_groups = make_group_blobs(60, random_state=3)
    outlier = groups == -1
    assert np.count_nonzero(outlier) == n_flipped
    np.testing.assert_array_equal(X, clean_X)
    np.testing.assert_array_equal(y[outlier], 1 - clean_y[outlier])
    np.testing.assert_array_equal(y[~outlier], clean_y[~outlier])
    np.testing.assert_array_equal(groups[~outlier], clean_groups[~outlier])


def test_rows_are_shuffled():
    _, y, _ = make_group_blobs(random_state=0)
    runs = np.count_nonzero(np.diff(y)) + 1
    assert abs(runs - 501) < 6 * np.sqrt(250)  # a random order of 500 and 500


def test_subsets_of_one_seed_share_no_row():
    train, _, _ = make_group_blobs(random_state=0)
    test, _, _ = make_group_blobs(subset="test", random_state=0)
    offsets = [np.unique(np.round(X % 1, 12)) for X in (train, test)]
    assert len(np.intersect1d(*offsets)) == 0


@pytest.mark.usefixtures("untouched_global_state")
def test_same_seed_same_data_and_no_global_state():
    first = make_group_blobs(flip=0.1, random_state=1)
    for a, b in zip(first, make_group_blobs(flip=0.1, random_state=1), strict=True):
        np.testing.assert_array_equal(a, b)
    make_group_blobs()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_per_cluster": 0}, r"'n_per_cluster' .* range \[1, inf\)\. Got 0"),
        ({"variance": -0.1}, r"'variance' .* range \[0.0, inf\)\. Got -0.1"),
        ({"flip": 1.5}, r"'flip' .* range \[0.0, 1.0\]\. Got 1.5"),
        ({"subset": "val"}, r"'subset' .* a str among .*'validation'.*Got 'val'"),
    ],
)
def test_errors(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_group_blobs(**parameters)
