"""Confidence intervals for one proportion and for one metric."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri
from sklearn.utils import check_consistent_length, check_random_state

from skgroup._sklearn import Interval, validate_params

__all__ = ["bootstrap_interval", "wilson_interval"]

CONFIDENCE = [Interval(Real, 0, 1, closed="neither")]
N_RESAMPLES = [Interval(Integral, 1, None, closed="left")]


@validate_params(
    {"successes": ["array-like", Real], "n": ["array-like", Real], "confidence": CONFIDENCE},
    prefer_skip_nested_validation=True,
)
def wilson_interval(
    successes: ArrayLike, n: ArrayLike, confidence: float = 0.95
) -> tuple[Any, Any]:
    """Wilson score interval of proportions.

    Unlike the textbook interval ``p ± z * sqrt(p (1 - p) / n)`` it stays inside [0, 1], has a
    positive width when every trial succeeds or none does, and keeps close to its nominal
    coverage for small `n`, which is what small groups need.

    Parameters
    ----------
    successes : int or array-like of int
        Number of successes, between 0 and `n`.
    n : int or array-like of int
        Number of trials. Without trials the interval is [0, 1].
    confidence : float, default=0.95
        Confidence level, in (0, 1).

    Returns
    -------
    low, high : float or ndarray
        Ends of the interval, of the broadcast shape of `successes` and `n`.

    Raises
    ------
    ValueError
        If `successes` is negative or larger than `n`.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22, 1927.

    Examples
    --------
    >>> from skgroup.metrics import wilson_interval
    >>> low, high = wilson_interval([9, 10], 10)
    >>> low.round(3), high.round(3)
    (array([0.596, 0.722]), array([0.982, 1.   ]))
    """
    k, trials = np.broadcast_arrays(np.asarray(successes, float), np.asarray(n, float))
    if not np.all((k >= 0) & (k <= trials)):
        raise ValueError(
            f"successes must lie between 0 and n, got successes={successes!r} and n={n!r}: "
            "pass counts, not proportions."
        )
    z = ndtri((1 + confidence) / 2)
    centre = (k + z**2 / 2) / (trials + z**2)
    spread = np.divide(k * (trials - k), trials, out=np.zeros_like(trials), where=trials > 0)
    half = z * np.sqrt(spread + z**2 / 4) / (trials + z**2)
    # Rounding errors must not push a certain end off 0 or 1.
    low = np.where(k == 0, 0.0, centre - half)
    high = np.where(k == trials, 1.0, centre + half)
    return low[()], high[()]


@validate_params(
    {
        "metric": [callable],
        "y_true": ["array-like"],
        "y_pred": ["array-like"],
        "sample_weight": ["array-like", None],
        "confidence": CONFIDENCE,
        "n_resamples": N_RESAMPLES,
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def bootstrap_interval(
    metric: Callable[..., float],
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    confidence: float = 0.95,
    n_resamples: int = 1000,
    random_state: int | RandomState | None = None,
) -> tuple[float, float]:
    """Percentile bootstrap interval of any metric.

    Rows are drawn with replacement `n_resamples` times; the interval spans the middle
    `confidence` share of the metric over the draws. Resamples on which the metric is undefined
    (it raises ValueError or returns NaN, as the area under a ROC curve does on one class) are
    left out. Percentile intervals are too narrow for a few dozen rows or fewer, and a point when
    all rows are alike: for accuracies prefer :func:`wilson_interval`.

    Parameters
    ----------
    metric : callable
        ``metric(y_true, y_pred) -> float``, called with ``sample_weight=`` too if that is given.
    y_true : array-like of shape (n_samples,)
        True labels or values.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_classes)
        Predictions or scores, whatever `metric` expects.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights, resampled along with the rows.
    confidence : float, default=0.95
        Confidence level, in (0, 1).
    n_resamples : int, default=1000
        Number of resamples.
    random_state : int, RandomState instance or None, default=None
        Seed of the resampling. Pass an int for reproducible output.

    Returns
    -------
    low, high : float
        Ends of the interval; NaN if the metric is undefined on every resample.

    References
    ----------
    B. Efron and R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.metrics import f1_score
    >>> from skgroup.metrics import bootstrap_interval
    >>> y_true = np.tile([0, 1, 1, 0], 25)
    >>> y_pred = np.tile([0, 1, 0, 0], 25)
    >>> low, high = bootstrap_interval(f1_score, y_true, y_pred, n_resamples=99, random_state=0)
    >>> low < f1_score(y_true, y_pred) < high
    True
    """
    given = {"y_true": y_true, "y_pred": y_pred, "sample_weight": sample_weight}
    arrays = {name: np.asarray(value) for name, value in given.items() if value is not None}
    check_consistent_length(*arrays.values())
    n = len(arrays["y_true"])
    call_metric(metric, arrays, np.arange(n))  # a metric that never works must not end as NaN
    rng = check_random_state(random_state)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the call above gave what warnings there are
        draws = (rng.randint(n, size=n) for _ in range(n_resamples))
        values = np.array([_value_or_nan(metric, arrays, rows) for rows in draws])
    return percentile_interval(values[~np.isnan(values)], confidence)


def percentile_interval(values: NDArray, confidence: float) -> tuple[float, float]:
    """The middle `confidence` share of the values; NaN without values."""
    if len(values) == 0:
        return np.nan, np.nan
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _value_or_nan(metric: Callable[..., float], arrays: dict[str, NDArray], rows: NDArray) -> float:
    try:
        return call_metric(metric, arrays, rows)
    except ValueError:
        return np.nan


def call_metric(metric: Callable[..., float], arrays: dict[str, NDArray], rows: NDArray) -> float:
    """The metric on some rows of y_true, y_pred and, if there is one, sample_weight."""
    y_true, y_pred, *weight = (array[rows] for array in arrays.values())
    return metric(y_true, y_pred, sample_weight=weight[0]) if weight else metric(y_true, y_pred)
