import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skgroup.datasets._draws import centres, draw_shortcut, flip_labels


@given(
    st.integers(2, 5),
    st.integers(1, 60),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
)
def test_flips_move_the_stated_number_of_rows_to_another_class(n_classes, n, share, seed):
    y = np.arange(n) % n_classes
    flipped, rows = flip_labels(y, share, n_classes, np.random.RandomState(seed))
    assert len(rows) == round(share * n)
    assert sorted(rows) == np.flatnonzero(flipped != y).tolist()
    assert set(flipped) <= set(range(n_classes))
    np.testing.assert_array_equal(y, np.arange(n) % n_classes)


def test_flips_reach_every_other_class():
    y = np.zeros(300, dtype=int)
    flipped, _ = flip_labels(y, 1.0, 4, np.random.RandomState(0))
    counts = np.bincount(flipped, minlength=4)
    assert counts[0] == 0
    # 100 expected; six standard deviations are 49
    assert np.abs(counts[1:] - 100).max() < 49


@given(
    st.integers(2, 5),
    st.integers(1, 60),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
)
def test_agreement_is_exact_in_every_class_and_the_rest_is_even(n_classes, n, agreement, seed):
    y = np.arange(n) % n_classes
    shortcut = draw_shortcut(y, agreement, n_classes, np.random.RandomState(seed))
    for c in range(n_classes):
        counts = np.bincount(shortcut[y == c], minlength=n_classes)
        n_c = np.count_nonzero(y == c)
        assert counts[c] == round(agreement * n_c)
        assert counts.sum() == n_c
        others = np.delete(counts, c)
        assert others.max() - others.min() <= 1


def test_agreement_counts_by_hand():
    y = np.repeat([0, 1, 2], [10, 20, 7])
    shortcut = draw_shortcut(y, 0.7, 3, np.random.RandomState(0))
    table = [np.bincount(shortcut[y == c], minlength=3).tolist() for c in range(3)]
    # class 0: 7 agree, 3 left, the next value (1) gets the odd one; class 2: round(4.9) = 5
    assert table == [[7, 2, 1], [3, 14, 3], [1, 1, 5]]


def test_an_empty_class_is_no_problem():
    shortcut = draw_shortcut(np.zeros(4, dtype=int), 0.5, 3, np.random.RandomState(0))
    assert np.bincount(shortcut, minlength=3).tolist() == [2, 1, 1]


@pytest.mark.parametrize(("n_classes", "expected"), [(2, [-1, 1]), (3, [-2, 0, 2])])
def test_centres_lie_two_apart_around_zero(n_classes, expected):
    assert centres(np.arange(n_classes), n_classes).tolist() == expected
