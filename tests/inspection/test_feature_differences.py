import numpy as np
import pytest
from scipy import sparse

from skgroup.inspection._feature_differences import (
    FeatureDifference,
    binary_columns,
    largest_differences,
    mean_differences,
)

FORMATS = [np.asarray, sparse.csr_matrix, sparse.csr_array]
each_format = pytest.mark.parametrize("as_format", FORMATS, ids=["dense", "matrix", "array"])


@each_format
def test_by_hand(as_format):
    # Means 2 and 5, sums of squares about them 2 and 2, pooled variance 4 / (3 + 2 - 2).
    X = as_format(np.array([[1.0], [2.0], [3.0], [4.0], [6.0]]))
    difference, mean, rest_mean = mean_differences(X, np.arange(3), np.array([3, 4]))
    assert difference == pytest.approx(-3 / np.sqrt(4 / 3))
    assert (mean, rest_mean) == (2, 5)


@each_format
def test_columns_without_variance(as_format):
    X = as_format(np.array([[0.1, 3.0, 0.0], [0.1, 3.0, 0.0], [0.1, 2.0, 0.0], [0.1, 2.0, 1.0]]))
    difference, *_ = mean_differences(X, np.array([0, 1]), np.array([2, 3]))
    assert difference[:2].tolist() == [0, np.inf]
    assert difference[2] == pytest.approx(-0.5 / np.sqrt(0.5 / 2))
    backwards, *_ = mean_differences(X, np.array([2, 3]), np.array([0, 1]))
    assert backwards[:2].tolist() == [0, -np.inf]


def test_a_constant_of_many_rows_is_no_difference():
    X = np.full((999, 1), 1e6 + 0.1)
    assert mean_differences(X, np.arange(17), np.arange(17, 999))[0] == 0


@each_format
def test_against_numpy(as_format):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 7)) * (rng.random((60, 7)) < 0.5)
    rows, rest = np.arange(0, 60, 3), np.setdiff1d(np.arange(60), np.arange(0, 60, 3))
    pooled = (19 * X[rows].var(axis=0, ddof=1) + 39 * X[rest].var(axis=0, ddof=1)) / 58
    expected = (X[rows].mean(axis=0) - X[rest].mean(axis=0)) / np.sqrt(pooled)
    np.testing.assert_allclose(mean_differences(as_format(X), rows, rest)[0], expected, atol=1e-12)


def test_single_precision_is_summed_in_double():
    X = (1e4 + np.random.default_rng(0).normal(size=(4000, 1))).astype(np.float32)
    rows, rest = np.arange(100), np.arange(100, 4000)
    expected = mean_differences(X.astype(np.float64), rows, rest)[0]
    np.testing.assert_array_equal(mean_differences(X, rows, rest)[0], expected)


@each_format
def test_columns_of_0_and_1(as_format):
    X = as_format(np.array([[0.0, 1.0, 0.5, 2.0], [1.0, 1.0, 0.0, 0.0]]))
    assert binary_columns(X).tolist() == [True, True, False, False]


def test_the_largest_come_first_and_ties_in_order():
    X = np.array([[0.0, 0, 0, 1], [2, 2, 1, 1], [1, 9, 1, 3], [3, 11, 2, 3]])
    binary = np.zeros(4, dtype=bool)
    names = np.array(["a", "b", "c", "d"], dtype=object)
    found = largest_differences(X, np.array([0, 1]), np.array([2, 3]), names, binary, 3)
    # Differences: -1 / sqrt(2), -9 / sqrt(2), -1 / sqrt(.5), minus infinity.
    assert [f.name for f in found] == ["d", "b", "c"]
    assert found[1].difference == pytest.approx(-9 / np.sqrt(2))
    assert (found[1].mean, found[1].rest_mean) == (1, 10)
    every = largest_differences(X, np.array([0, 1]), np.array([2, 3]), names, binary, 9)
    assert [f.name for f in every] == ["d", "b", "c", "a"]
    assert largest_differences(X, np.arange(4), np.array([], int), names, binary, 3) == ()


@pytest.mark.parametrize(
    ("difference", "binary", "text"),
    [
        (1.25, False, "higher age (+1.2 sd)"),
        (-0.8, False, "lower age (-0.8 sd)"),
        (0.4, True, "more often age = 1 (75 % against 25 %)"),
        (-0.4, True, "less often age = 1 (75 % against 25 %)"),
        (np.inf, False, "age = 0.75 (all others 0.25)"),
    ],
)
def test_in_words(difference, binary, text):
    assert str(FeatureDifference("age", difference, 0.75, 0.25, binary)) == text
