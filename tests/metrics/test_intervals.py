import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom, binomtest
from sklearn.metrics import accuracy_score, roc_auc_score

from skgroup.metrics import bootstrap_interval, wilson_interval
from skgroup.metrics._intervals import percentile_interval


@settings(max_examples=60)
@given(st.integers(1, 500), st.floats(0, 1), st.floats(0.5, 0.999))
def test_wilson_equals_scipy(n, share, confidence):
    k = round(share * n)
    expected = binomtest(k, n).proportion_ci(confidence, method="wilson")
    assert wilson_interval(k, n, confidence) == pytest.approx(tuple(expected), abs=1e-12)


def test_wilson_by_hand_at_z_equal_two():
    # z = 2 at confidence .9545: 8 of 16 gives centre .5, half width 2 sqrt(4 + 1) / 20.
    low, high = wilson_interval(8, 16, 0.954499736103642)
    assert low == pytest.approx(0.5 - np.sqrt(5) / 10)
    assert high == pytest.approx(0.5 + np.sqrt(5) / 10)


def test_wilson_ends():
    low, high = wilson_interval([0, 7, 0], [7, 7, 0])
    assert low[0] == 0
    assert 0 < high[0] < 1
    assert 0 < low[1] < 1
    assert high[1] == 1
    assert (low[2], high[2]) == (0, 1)


def test_wilson_broadcasts_and_gives_scalars_for_scalars():
    low, high = wilson_interval([[1], [2]], [4, 5, 6])
    assert low.shape == high.shape == (2, 3)
    assert low[1, 2] == wilson_interval(2, 6)[0]
    assert isinstance(wilson_interval(2, 6)[0], float)


@pytest.mark.parametrize(("successes", "n"), [(3, 2), (-1, 2), ([1, 5], [2, 4]), (np.nan, 3)])
def test_wilson_refuses_impossible_counts(successes, n):
    with pytest.raises(ValueError, match="successes must lie between 0 and n"):
        wilson_interval(successes, n)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_confidence_is_a_share(confidence):
    with pytest.raises(ValueError, match="'confidence' parameter of wilson_interval"):
        wilson_interval(1, 2, confidence)


@pytest.mark.parametrize(("n", "p"), [(20, 0.9), (20, 0.5), (100, 0.97)])
def test_wilson_coverage_is_near_nominal(n, p):
    k = np.arange(n + 1)
    low, high = wilson_interval(k, n)
    coverage = binom.pmf(k, n, p)[(low <= p) & (p <= high)].sum()  # exact, no simulation
    assert 0.92 < coverage < 0.98


@settings(max_examples=40)
@given(st.integers(20, 400), st.floats(0.8, 0.99))
def test_wilson_coverage_is_the_level_on_average_over_proportions(n, confidence):
    k = np.arange(n + 1)
    low, high = wilson_interval(k, n, confidence)
    # For a proportion drawn uniformly, the one that gave k of n has this distribution.
    covered = beta.cdf(high, k + 1, n - k + 1) - beta.cdf(low, k + 1, n - k + 1)
    assert covered.mean() == pytest.approx(confidence, abs=0.01)


@settings(max_examples=40)
@given(st.data(), st.integers(1, 60), st.floats(0.5, 0.99))
def test_wilson_is_symmetric_monotone_and_nested(data, n, confidence):
    k = np.arange(n + 1)
    low, high = wilson_interval(k, n, confidence)
    np.testing.assert_allclose(low, 1 - high[::-1], atol=1e-12)
    assert (np.diff(low) > 0).all()
    assert ((low <= k / n) & (k / n <= high)).all()
    wider = wilson_interval(k, n, data.draw(st.floats(confidence, 0.999)))
    assert (wider[0] <= low + 1e-12).all()
    assert (wider[1] >= high - 1e-12).all()
    longer = wilson_interval(3 * k, 3 * n, confidence)
    assert (longer[1] - longer[0] < high - low).all()


def _mean(y_true, y_pred, sample_weight=None):
    return np.average(y_true, weights=sample_weight)


def test_bootstrap_of_a_mean_is_the_normal_interval():
    values = np.random.default_rng(0).normal(3, 2, size=2000)
    low, high = bootstrap_interval(_mean, values, values, n_resamples=2000, random_state=0)
    half = 1.96 * values.std() / np.sqrt(2000)
    assert low == pytest.approx(values.mean() - half, abs=0.01)
    assert high == pytest.approx(values.mean() + half, abs=0.01)


def test_bootstrap_coverage():
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(200):
        y = rng.random(40) < 0.7
        low, high = bootstrap_interval(_mean, y, y, n_resamples=100, random_state=seed)
        hits += low <= 0.7 <= high
    assert 175 <= hits <= 198  # nominal 190, and percentile intervals are a little short


def test_bootstrap_equals_its_definition():
    y_true, y_pred = np.array([0, 1, 1, 0, 1]), np.array([0, 1, 0, 0, 0])
    rng = np.random.RandomState(3)
    values = []
    for _ in range(20):
        rows = rng.randint(5, size=5)
        values.append(np.mean(y_true[rows] == y_pred[rows]))
    result = bootstrap_interval(
        accuracy_score, y_true, y_pred, confidence=0.8, n_resamples=20, random_state=3
    )
    assert result == pytest.approx(tuple(np.quantile(values, [0.1, 0.9])))


def test_weights_are_resampled_with_their_rows():
    values = np.array([0.0, 1.0, 5.0])
    only_last = bootstrap_interval(
        _mean, values, values, sample_weight=[1e-12, 1e-12, 1.0], n_resamples=50, random_state=0
    )
    # A resample without the third row has the mean of the other two: at least 0, at most 5.
    assert only_last[1] == pytest.approx(5)
    constant = bootstrap_interval(
        _mean, np.full(3, 2.0), values, sample_weight=[1, 2, 3], n_resamples=50, random_state=0
    )
    assert constant == (2.0, 2.0)


def test_percentiles_by_hand():
    values = np.arange(101.0)
    assert percentile_interval(values, 0.9) == pytest.approx((5, 95))
    assert percentile_interval(values, 0.5) == pytest.approx((25, 75))


def test_undefined_resamples_are_left_out():
    y_true, scores = np.array([0, 0, 0, 0, 1]), np.array([0.1, 0.2, 0.3, 0.4, 0.9])
    # One third of the resamples miss the only positive row, where the area is undefined.
    assert bootstrap_interval(roc_auc_score, y_true, scores, n_resamples=60, random_state=0) == (
        1.0,
        1.0,
    )


def _only_in_order(y_true, y_pred):
    if np.array_equal(y_true, [1, 2, 3, 4, 5, 6]):
        return 1.0
    raise ValueError("not in order")


def test_nothing_but_undefined_resamples_is_nan():
    y = np.arange(1, 7)
    assert np.isnan(bootstrap_interval(_only_in_order, y, y, n_resamples=5, random_state=0)).all()


def test_a_metric_that_cannot_work_raises():
    with pytest.raises(ValueError, match="not in order"):
        bootstrap_interval(_only_in_order, [1, 2], [1, 2], random_state=0)


def test_seed_decides_and_the_global_state_does_not_move():
    y_true, y_pred = np.tile([0, 1, 1], 10), np.tile([0, 1, 0], 10)
    before = pickle.dumps(np.random.get_state())
    first, again, other = (
        bootstrap_interval(accuracy_score, y_true, y_pred, n_resamples=30, random_state=seed)
        for seed in (1, 1, 2)
    )
    assert first == again != other
    assert pickle.dumps(np.random.get_state()) == before
