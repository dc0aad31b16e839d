"""The rows that a classifier holds out to choose its epoch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skgroup.classifiers._task import split_rows


def cells(y, groups, rows):
    pairs = list(zip(np.asarray(y)[rows].tolist(), np.asarray(groups)[rows].tolist(), strict=True))
    return {pair: pairs.count(pair) for pair in pairs}


def test_split_counts_by_hand():
    y = np.repeat([0, 0, 1, 1], [10, 5, 2, 1])
    groups = np.repeat([0, 1, 0, 2], [10, 5, 2, 1])
    train, out = split_rows(y, groups, 0.2, seed=0)
    # 2 of 10, 1 of 5, .4 of 2 and .2 of 1, rounded.
    assert cells(y, groups, out) == {(0, 0): 2, (0, 1): 1}
    assert cells(y, groups, train) == {(0, 0): 8, (0, 1): 4, (1, 0): 2, (1, 2): 1}
    _, out = split_rows(y, groups, 0.9, seed=0)
    # 9 of 10, 4.5 of 5 (to even: 4), 1.8 of 2 and .9 of 1; but one row is always kept.
    assert cells(y, groups, out) == {(0, 0): 9, (0, 1): 4, (1, 0): 1}


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=60),
    st.floats(0.01, 0.99),
    st.integers(0, 9),
)
def test_promises_of_the_split(rows, fraction, seed):
    y, groups = map(np.array, zip(*rows, strict=True))
    train, out = split_rows(y, groups, fraction, seed)
    assert sorted([*train, *out]) == list(range(len(y)))
    assert np.all(np.diff(train) > 0)
    assert np.all(np.diff(out) > 0)
    before, kept = cells(y, groups, slice(None)), cells(y, groups, train)
    assert before.keys() == kept.keys()
    for cell, size in before.items():
        held_out = size - kept[cell]
        assert held_out == size - 1 or abs(held_out - fraction * size) <= 0.5
    for one, other in zip((train, out), split_rows(y, groups, fraction, seed), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_split_is_random():
    y = groups = np.zeros(50, dtype=int)
    drawn = {tuple(split_rows(y, groups, 0.2, seed)[1]) for seed in range(5)}
    assert len(drawn) == 5
