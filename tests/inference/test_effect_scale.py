import numpy as np
import pytest
from scipy import sparse

from skgroup._inputs import feature_statistics
from skgroup.inference._effect_scale import LEAST_WITHIN, scale_by_effect

# Means 1 and 5, or 1 and 2; deviations inside the classes 1: effect sizes 2 and 1 / 2.
TWO = np.array([[0.0, 0.0], [2.0, 2.0], [4.0, 1.0], [6.0, 3.0]])
HALVES = np.array([0, 0, 1, 1])


def divisors(X, y, **options):
    return scale_by_effect(X, y, *feature_statistics(X), **options)


def test_two_classes_by_hand():
    # The mean square of 2 and 1 / 2 is 17 / 8.
    expected = np.sqrt(np.sqrt(17 / 8) / np.array([2, 0.5]))
    np.testing.assert_allclose(divisors(TWO, HALVES), expected, rtol=1e-12)


def test_classes_of_unequal_size_by_hand():
    # Mean 8 / 3; class means 1 and 6 with weights 2 / 3 and 1 / 3; deviation inside them 1.
    first = np.array([0.0, 2, 0, 2, 5, 7])
    # Mean 4 / 3; class means 0 and 4 with the same weights; deviation inside them 2.
    second = np.array([-2.0, 2, -2, 2, 2, 6])
    found = divisors(np.column_stack([first, second]), np.array([0, 0, 0, 0, 1, 1]))
    effect = np.array([np.sqrt(50 / 9), np.sqrt(32 / 9) / 2])
    effect /= np.sqrt((effect**2).mean())
    np.testing.assert_allclose(found, [1, 2] / np.sqrt(effect), rtol=1e-12)


def test_three_classes_by_hand():
    # Class means -2, 0 and 2: their deviation is sqrt(8 / 3), inside them it is 1.
    column = np.array([-3.0, -1, -1, 1, 1, 3])
    other = np.array([0.0, 4, 4, 8, 0, 4])  # 2, 6 and 2: sqrt(32 / 9), inside them 2
    found = divisors(np.column_stack([column, other]), np.repeat([0, 1, 2], 2))
    effect = np.array([np.sqrt(8 / 3), np.sqrt(32 / 9) / 2])
    effect /= np.sqrt((effect**2).mean())
    np.testing.assert_allclose(found, [1, 2] / np.sqrt(effect), rtol=1e-12)


def test_in_their_own_units_columns_are_only_weighted(draw):
    X, y = draw(3)
    with_units, without = divisors(X, y, standardize=False), divisors(X, y)
    within = np.sqrt(sum((y == c).mean() * X[y == c].var(axis=0) for c in range(3)))
    np.testing.assert_allclose(without, within * with_units, rtol=1e-10)
    effect = with_units**-2
    assert np.mean(effect**2) == pytest.approx(1)


def test_units_and_shifts_leave_the_inputs_as_they_were(draw):
    X, y = draw(3)
    moved = X * [3.0, -0.01, 200.0] + [5.0, -2.0, 100.0]
    expected = divisors(X, y) * [3.0, 0.01, 200.0]
    np.testing.assert_allclose(divisors(moved, y), expected, rtol=1e-9)


def test_names_of_classes_and_the_order_of_rows_do_not_matter(draw):
    X, y = draw(3)
    order = np.random.default_rng(0).permutation(len(y))
    found = divisors(X[order], (2 - y)[order])
    np.testing.assert_allclose(found, divisors(X, y), rtol=1e-12)


@pytest.mark.parametrize("standardize", [True, False])
def test_csr_rows(draw, standardize):
    X, y = draw(3)
    X[X < 0.05] = 0
    found = divisors(sparse.csr_matrix(X), y, standardize=standardize)
    np.testing.assert_allclose(found, divisors(X, y, standardize=standardize), rtol=1e-10)


def test_columns_that_tell_nothing_of_the_class_are_left_out():
    constant, even = np.full(4, 7.3), np.array([0.0, 2.0, 0.0, 2.0])
    found = divisors(np.column_stack([TWO, constant, even]), HALVES)
    assert np.isinf(found).tolist() == [False, False, True, True]
    # They count in the mean square over columns, which is now that of four.
    np.testing.assert_allclose(found[:2], divisors(TWO, HALVES) / 2**0.25, rtol=1e-12)


def test_rounding_is_no_effect():
    even = np.tile([0.1, 0.2, 0.3], 20) + 1000  # the same values in both classes
    X = np.column_stack([np.repeat([0.0, 1.0], 30) + np.tile([0, 1], 30), even])
    assert np.isinf(divisors(X, np.repeat([0, 1], 30))).tolist() == [False, True]


def test_without_any_effect_all_columns_count_alike():
    X = np.array([[0.0, 5.0], [2.0, 1.0], [0.0, 5.0], [2.0, 1.0]])
    np.testing.assert_allclose(divisors(X, HALVES), [1, 2], rtol=1e-12)
    np.testing.assert_array_equal(divisors(X, HALVES, standardize=False), [1, 1])


def test_a_column_that_is_the_label_is_capped():
    label = 10.0 * HALVES  # deviation 5, none inside the classes
    found = divisors(np.column_stack([label, TWO]), HALVES)
    effect = np.array([1 / LEAST_WITHIN, 2, 0.5])
    effect /= np.sqrt((effect**2).mean())
    np.testing.assert_allclose(found, [5 * LEAST_WITHIN, 1, 1] / np.sqrt(effect), rtol=1e-12)
