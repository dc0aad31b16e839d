"""Any metric, group by group, with confidence intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
    zero_one_loss,
)
from sklearn.utils import check_consistent_length, check_random_state

from skgroup._groups import check_same_index
from skgroup._optional import optional
from skgroup._sklearn import StrOptions, validate_params
from skgroup.metrics._intervals import (
    CONFIDENCE,
    N_RESAMPLES,
    bootstrap_interval,
    call_metric,
    wilson_interval,
)
from skgroup.metrics._tally import encode_present_groups

__all__ = ["group_scores"]

Metric = Callable[..., float]

_METRICS: dict[str, Metric] = {
    "accuracy": accuracy_score,
    "balanced_accuracy": balanced_accuracy_score,
    "error_rate": zero_one_loss,
    "f1": f1_score,
    "precision": precision_score,
    "recall": recall_score,
    "roc_auc": roc_auc_score,
}
_PROPORTIONS = (accuracy_score, zero_one_loss)


@validate_params(
    {
        "y_true": ["array-like"],
        "y_pred": ["array-like"],
        "metrics": [StrOptions(set(_METRICS)), callable, Mapping],
        "sample_weight": ["array-like", None],
        "interval": [StrOptions({"auto", "wilson", "bootstrap"}), None],
        "confidence": CONFIDENCE,
        "n_resamples": N_RESAMPLES,
        "random_state": ["random_state"],
        "as_frame": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def group_scores(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    groups: Any,
    *,
    metrics: str | Metric | Mapping[str, str | Metric] = "accuracy",
    sample_weight: ArrayLike | None = None,
    interval: str | None = "auto",
    confidence: float = 0.95,
    n_resamples: int = 1000,
    random_state: int | RandomState | None = None,
    as_frame: bool = False,
) -> Any:
    """Evaluate metrics on every group.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels or values.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_classes)
        Predictions or scores, whatever the metrics expect.
    groups : array-like of shape (n_samples,), or several columns
        Group labels; several columns are crossed. Outliers (-1 or missing) are left out and
        counted.
    metrics : str, callable, or mapping from name to str or callable, default="accuracy"
        A callable has the signature of scikit-learn's metrics: ``metric(y_true, y_pred)``, and
        takes ``sample_weight=`` if that is given. Names: "accuracy", "balanced_accuracy",
        "error_rate", "f1", "precision", "recall", "roc_auc".
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.
    interval : {"auto", "wilson", "bootstrap"} or None, default="auto"
        Kind of confidence interval. "wilson" is for accuracies and error rates without
        `sample_weight`, "bootstrap" (resampling inside the group) for any metric; "auto" takes
        "wilson" where it applies. None: no intervals. Each interval holds for its own group: with
        20 groups, one 95 % interval in 20 is expected to miss. For the worst group see
        :func:`worst_group_interval`.
    confidence : float, default=0.95
        Confidence level, in (0, 1).
    n_resamples : int, default=1000
        Number of resamples of the bootstrap, for each group and metric. scikit-learn's metrics
        take about a millisecond for each.
    random_state : int, RandomState instance or None, default=None
        Seed of the bootstrap. With an int, all metrics see the same resamples.
    as_frame : bool, default=False
        Return a pandas DataFrame instead of a dict of arrays.

    Returns
    -------
    scores : dict or DataFrame
        One entry a group, in the sorted order of the labels: "group", "size" and, for every
        metric, "<name>", "<name>_low" and "<name>_high". The number of outliers is in
        ``scores["n_outliers"]`` of the dict and in ``scores.attrs["n_outliers"]`` of the frame.

    Raises
    ------
    GroupsError
        If `groups` does not fit `y_true` or holds outliers only.
    ValueError
        If a name is unknown or taken, or "wilson" is asked for a metric that is no proportion.

    Examples
    --------
    >>> from skgroup.metrics import group_scores
    >>> y_true, y_pred = [0, 0, 1, 1, 1, 1], [0, 1, 1, 1, 1, 0]
    >>> scores = group_scores(y_true, y_pred, ["a", "a", "b", "b", "b", None])
    >>> scores["group"].tolist(), scores["size"].tolist(), scores["n_outliers"]
    (['a', 'b'], [2, 3], 1)
    >>> scores["accuracy"].tolist(), scores["accuracy_low"].round(2).tolist()
    ([0.5, 1.0], [0.09, 0.44])
    """
    given = {"y_true": y_true, "y_pred": y_pred, "sample_weight": sample_weight}
    check_same_index(groups=groups, **given)
    arrays = {name: np.asarray(value) for name, value in given.items() if value is not None}
    check_consistent_length(*arrays.values())
    labels, sizes, members, n_outliers = _members(groups, len(arrays["y_true"]))
    scores: dict[str, Any] = {"group": labels, "size": sizes}
    for name, metric in _named_metrics(metrics).items():
        scores[name] = np.array([call_metric(metric, arrays, rows) for rows in members])
        kind = _interval_kind(interval, name, metric, sample_weight is not None)
        if kind == "wilson":
            limits = wilson_interval(np.rint(scores[name] * sizes), sizes, confidence)
        elif kind == "bootstrap":
            settings = {"confidence": confidence, "n_resamples": n_resamples}
            limits = _bootstrap_limits(metric, arrays, members, random_state, settings)
        if kind is not None:
            scores[f"{name}_low"], scores[f"{name}_high"] = limits
    return _as_frame(scores, n_outliers) if as_frame else {**scores, "n_outliers": n_outliers}


def _members(groups: Any, n_samples: int) -> tuple[NDArray, NDArray, list[NDArray], int]:
    """Labels, sizes and rows of the groups, and the number of outliers."""
    codes, labels = encode_present_groups(groups, n_samples)
    counts = np.bincount(codes + 1, minlength=len(labels) + 1)
    outliers, *members = np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1])
    return labels, counts[1:], members, len(outliers)


def _named_metrics(metrics: str | Metric | Mapping[str, str | Metric]) -> dict[str, Metric]:
    if isinstance(metrics, str):
        return {metrics: _METRICS[metrics]}
    if not isinstance(metrics, Mapping):
        return {getattr(metrics, "__name__", "score"): metrics}
    for name, metric in metrics.items():
        if name in ("group", "size", "n_outliers"):
            raise ValueError(f"metrics has the key {name!r}, which group_scores needs: rename it.")
        if not callable(metric) and (not isinstance(metric, str) or metric not in _METRICS):
            raise ValueError(
                f"metrics[{name!r}] must be a callable or one of {sorted(_METRICS)}, "
                f"got {metric!r}."
            )
    return {name: m if callable(m) else _METRICS[m] for name, m in metrics.items()}


def _interval_kind(interval: str | None, name: str, metric: Metric, weighted: bool) -> str | None:
    proportion = metric in _PROPORTIONS and not weighted
    if interval == "wilson" and not proportion:
        why = "with sample_weight" if metric in _PROPORTIONS else f"for the metric {name!r}"
        raise ValueError(
            f"interval='wilson' is not defined {why}, only for unweighted accuracies and error "
            "rates: use interval='auto' or 'bootstrap'."
        )
    if interval == "auto":
        return "wilson" if proportion else "bootstrap"
    return interval


def _bootstrap_limits(
    metric: Metric,
    arrays: dict[str, NDArray],
    members: list[NDArray],
    random_state: int | RandomState | None,
    settings: dict[str, Any],
) -> NDArray[np.float64]:
    rng = check_random_state(random_state)
    limits = [
        bootstrap_interval(
            metric,
            **{name: array[rows] for name, array in arrays.items()},
            random_state=rng,
            **settings,
        )
        for rows in members
    ]
    return np.array(limits).T


def _as_frame(scores: dict[str, Any], n_outliers: int) -> Any:
    pd = optional("pandas", "group_scores(as_frame=True)", "dataframe")
    frame = pd.DataFrame(scores)
    frame.attrs["n_outliers"] = n_outliers
    return frame
