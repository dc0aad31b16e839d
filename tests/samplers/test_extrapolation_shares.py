import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skgroup.samplers._extrapolation_shares import Shares, beta_for_share, integer_counts

# Rows of each attribute in each class; 0: the attribute does not occur there.
TABLES = st.lists(
    st.lists(st.integers(0, 200), min_size=3, max_size=3).filter(any), min_size=1, max_size=4
)
RATES = st.floats(0.01, 1.0)


def rows_of(table):
    """Classes and attributes of rows in scattered order."""
    table = np.asarray(table)
    y, attribute = np.divmod(np.repeat(np.arange(table.size), table.ravel()), table.shape[1])
    order = np.random.default_rng(0).permutation(len(y))
    return y[order], attribute[order]


def shares_of(table):
    return Shares.count(*rows_of(table))


def in_table(shares, values, shape=None):
    result = np.zeros(shape or (shares.y.max() + 1, shares.attribute.max() + 1))
    result[shares.y, shares.attribute] = values
    return result


def sums(shares, values):
    return np.array([values[shares.y == label].sum() for label in np.unique(shares.y)])


def test_shares_by_hand():
    y = np.array([4, 4, 0, 4, 4, 0])
    attribute = np.array([7, 7, 7, 2, 7, 7])
    shares = Shares.count(y, attribute)
    assert shares.cell.tolist() == [0, 0, 1, 2, 0, 1]  # numbered by first appearance
    assert shares.y.tolist() == [4, 0, 4]
    assert shares.attribute.tolist() == [7, 7, 2]
    assert shares.data.tolist() == [0.75, 1.0, 0.25]
    assert shares.uniform.tolist() == [0.5, 1.0, 0.5]
    assert shares.n_attributes == 2
    assert shares.less_biased(0.5).tolist() == [0.625, 1.0, 0.375]
    assert shares.extrapolated(0.5, 3.0).tolist() == [0.25, 1.0, 0.75]


def test_weights_are_repeated_rows():
    y, attribute = rows_of([[5, 2, 1], [1, 4, 0]])
    weight = np.random.default_rng(1).integers(1, 5, len(y))
    weighted = Shares.count(y, attribute, weight)
    repeated = Shares.count(y.repeat(weight), attribute.repeat(weight))
    np.testing.assert_allclose(weighted.data, repeated.data, rtol=1e-12)
    np.testing.assert_array_equal(weighted.uniform, repeated.uniform)


@given(TABLES, RATES, st.floats(-1, 20))
def test_they_sum_to_one_and_follow_the_formulas(table, c, beta):
    shares, table = shares_of(table), np.asarray(table)
    data = table / table.sum(axis=1, keepdims=True)
    uniform = (table > 0) / (table > 0).sum(axis=1, keepdims=True)
    less_biased = (1 - c) * data + c * uniform
    for actual, expected in [
        (shares.data, data),
        (shares.less_biased(c), less_biased),
        (shares.extrapolated(c, beta), (1 + beta) * less_biased - beta * data),
    ]:
        np.testing.assert_allclose(sums(shares, actual), 1, atol=1e-9)
        np.testing.assert_allclose(in_table(shares, actual, table.shape), expected, atol=1e-9)
    lower, upper = np.minimum(data, uniform), np.maximum(data, uniform)
    between = in_table(shares, shares.less_biased(c), table.shape)
    assert ((lower - 1e-12 <= between) & (between <= upper + 1e-12)).all()


@given(TABLES, RATES)
def test_no_weight_is_negative_up_to_the_bounds_and_one_is_beyond(table, c):
    shares = shares_of(table)
    low, high = shares.beta_bounds(c)
    assert low <= -1
    assert high >= 1 / c - 1
    for bound, step in ((low, -1e-3), (high, 1e-3)):
        if math.isinf(bound):
            assert np.allclose(shares.data, shares.uniform)
        else:
            assert shares.extrapolated(c, bound).min() >= -1e-9
            assert shares.extrapolated(c, bound + step * (1 + abs(bound))).min() < 0


@given(TABLES.filter(lambda table: np.all(table)), RATES)
def test_the_closed_form_is_the_published_pair_of_bounds(table, c):
    shares = shares_of(table)
    excess = shares.data - shares.uniform
    different = np.abs(excess) > 1e-12
    if not different.any():
        assert shares.beta_bounds(c) == (-math.inf, math.inf)
        return
    data, slope = shares.data[different], -c * excess[different]
    first, second = -data / slope - 1, (1 - data) / slope - 1
    low, high = np.minimum(first, second).max(), np.maximum(first, second).min()
    np.testing.assert_allclose(shares.beta_bounds(c), (low, high), rtol=1e-9)


@given(TABLES.filter(lambda table: np.all(table)), RATES)
def test_only_the_smallest_and_the_largest_share_bind(table, c):
    shares = shares_of(table)
    low, high = shares.beta_bounds(c)
    u, a_min, a_max = 1 / 3, shares.data.min(), shares.data.max()
    if not math.isinf(high):
        assert high == pytest.approx(a_max / (c * (a_max - u)) - 1)
        assert low == pytest.approx(-a_min / (c * (u - a_min)) - 1)


def test_published_bounds():
    table = np.ones((10, 10), dtype=int) + 1790 * np.eye(10, dtype=int)  # 99.5 % and 9 x .056 %
    assert shares_of(table).beta_bounds(0.5)[1] == pytest.approx(1.2235, abs=5e-5)
    vanishing = shares_of([[1_000_000, 1], [1, 1_000_000]])
    for c in (0.25, 0.5, 1.0):
        assert vanishing.beta_bounds(c)[1] == pytest.approx((2 - c) / c, abs=1e-4)


def test_nothing_binds_where_shares_are_equal():
    assert shares_of([[3, 3], [5, 5]]).beta_bounds(0.5) == (-math.inf, math.inf)
    assert shares_of([[3, 0], [0, 5]]).beta_bounds(0.5) == (-math.inf, math.inf)
    tenths = Shares.count([0] * 4, [0, 0, 0, 1], [0.1, 0.1, 0.1, 0.3])
    assert tenths.data[0] != tenths.data[1]  # by a rounding error
    assert tenths.beta_bounds(0.5) == (-math.inf, math.inf)


def test_a_class_with_one_attribute_does_not_bind():
    alone, together = shares_of([[9, 1]]), shares_of([[9, 1], [30, 0]])
    assert together.beta_bounds(0.5) == alone.beta_bounds(0.5)
    assert together.extrapolated(0.5, 1.2)[together.y == 1].tolist() == [1.0]


@given(TABLES, RATES, st.integers(1, 300))
def test_counts_sum_to_the_batch_and_miss_by_less_than_one(table, c, n):
    shares = shares_of(table)
    for share in (shares.data, shares.less_biased(c)):
        counts = integer_counts(share, shares.y, n)
        assert (sums(shares, counts) == n).all()
        assert counts.min() >= 0
        assert np.abs(counts - share * n).max() < 1


def test_counts_by_hand():
    y = np.array([0, 1, 0, 0])
    assert integer_counts(np.array([0.5, 1.0, 0.3, 0.2]), y, 7).tolist() == [4, 7, 2, 1]
    assert integer_counts(np.array([0.99, 1.0, 0.006, 0.004]), y, 100).tolist() == [99, 100, 1, 0]
    # A tie goes to the first, and .1 + .2 decides none.
    assert integer_counts(np.array([0.1 + 0.2, 1.0, 0.4, 0.3]), y, 5).tolist() == [2, 5, 2, 1]


@given(
    st.floats(-0.5, 1.5), st.floats(0.05, 1), st.floats(0.01, 0.45), st.floats(0, 1),
    st.floats(0, 1),
)  # fmt: skip
def test_beta_for_a_wanted_share(wanted, c, minority, inside_hard, inside_rest):
    if abs(inside_hard - inside_rest) < 0.01:
        return
    shares = Shares.count([0, 0], [1, 2], [minority, 1 - minority])
    inside = np.array([inside_hard, inside_rest])
    beta = beta_for_share(wanted, c, shares.data, inside)
    assert (shares.extrapolated(c, beta) * inside).sum() == pytest.approx(wanted, abs=1e-9)


def test_extrapolation_leaves_the_interval_where_a_weight_leaves_zero_to_one():
    shares, inside = Shares.count([0, 0], [1, 2], [0.1, 0.9]), np.array([0.6, 0.01])
    high = shares.beta_bounds(0.5)[1]
    for beta in (-1.0, 0.5, high, high + 0.01, high + 2):
        weights = shares.extrapolated(0.5, beta)
        outside = not 0.01 <= np.round(weights @ inside, 12) <= 0.6
        assert outside == (np.round(weights, 12).max() > 1) == (beta > high)


@pytest.mark.parametrize(("shares", "inside"), [([0.5, 0.5], [0.9, 0.1]), ([0.2, 0.8], [0.4, 0.4])])
def test_a_share_that_beta_does_not_move(shares, inside):
    with pytest.raises(ValueError, match="beta has no effect on this share"):
        beta_for_share(0.3, 0.5, shares, inside)
