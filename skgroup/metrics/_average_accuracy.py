"""Averages of the group accuracies."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import UndefinedMetricWarning

from skgroup._sklearn import validate_params
from skgroup.exceptions import GroupsError
from skgroup.metrics._tally import encode_present_groups, n_rows, tally

__all__ = ["adjusted_average_accuracy", "group_balanced_accuracy"]


@validate_params(
    {"y_true": ["array-like"], "y_pred": ["array-like"]}, prefer_skip_nested_validation=True
)
def group_balanced_accuracy(y_true: ArrayLike, y_pred: ArrayLike, groups: Any) -> float:
    """Unweighted mean of the group accuracies: every group counts the same, whatever its size.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True classes.
    y_pred : array-like of shape (n_samples,)
        Predicted classes.
    groups : array-like of shape (n_samples,), or several columns
        Group labels; several columns are crossed. Outliers (-1 or missing) are left out.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    GroupsError
        If `groups` does not fit `y_true` or holds outliers only.

    Examples
    --------
    >>> from skgroup.metrics import group_balanced_accuracy
    >>> group_balanced_accuracy([0, 0, 1, 1, 1], [0, 1, 1, 1, 1], ["a", "a", "b", "b", "b"])
    0.75
    """
    return float(tally(y_true, y_pred, groups).accuracies.mean())


@validate_params(
    {"y_true": ["array-like"], "y_pred": ["array-like"], "train_shares": [Mapping, None]},
    prefer_skip_nested_validation=True,
)
def adjusted_average_accuracy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    groups: Any,
    *,
    train_groups: Any = None,
    train_shares: Mapping[Any, float] | None = None,
) -> float:
    """Mean of the group accuracies, weighted by the groups' shares of the training set.

    Benchmarks such as Waterbirds balance the groups of the test set on purpose, so plain test
    accuracy does not estimate accuracy on data like the training set. What papers on group shift
    call "average accuracy" is mostly this figure: ``sum_g (n_g^train / n^train) accuracy_g``.

    Groups of the training set without a row in `groups` are left out, with a warning, and the
    remaining weights scaled to sum to one. Groups without a training row weigh nothing, with a
    warning too.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True classes.
    y_pred : array-like of shape (n_samples,)
        Predicted classes.
    groups : array-like of shape (n_samples,), or several columns
        Group labels; several columns are crossed. Outliers (-1 or missing) are left out.
    train_groups : array-like of shape (n_train,), or several columns, default=None
        Group labels of the training rows, in the same terms as `groups`.
    train_shares : mapping from group label to float, default=None
        Shares or counts of the training rows, instead of `train_groups`. Only their ratios count.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    GroupsError
        If a group argument cannot be used, or no group is shared by both sets.
    ValueError
        If not exactly one of `train_groups` and `train_shares` is given, or a share is negative or
        not finite.

    References
    ----------
    S. Sagawa, P. W. Koh, T. Hashimoto, P. Liang, "Distributionally robust neural networks for
    group shifts", ICLR 2020, arXiv 1911.08731.

    Examples
    --------
    The model is right on half of group "a" and all of group "b"; 9 of 10 training rows are in "b":

    >>> from skgroup.metrics import adjusted_average_accuracy
    >>> adjusted_average_accuracy(
    ...     [0, 0, 1, 1], [0, 1, 1, 1], ["a", "a", "b", "b"], train_shares={"a": 1, "b": 9}
    ... )
    0.95
    """
    if (train_groups is None) == (train_shares is None):
        got = "neither" if train_groups is None else "both"
        raise ValueError(f"Pass either train_groups or train_shares, got {got}.")
    if train_shares is None:
        train_shares = _count_groups(train_groups)
    counts = tally(y_true, y_pred, groups)
    weights = _weights(counts.labels.tolist(), train_shares)
    return float(np.average(counts.accuracies, weights=weights))


def _count_groups(groups: Any) -> dict[Any, int]:
    codes, labels = encode_present_groups(groups, n_rows(groups))
    return dict(zip(labels.tolist(), np.bincount(codes[codes >= 0]).tolist(), strict=True))


def _weights(evaluated: list[Any], shares: Mapping[Any, float]) -> NDArray[np.float64]:
    """Training shares of the evaluated groups, after the warnings about all others."""
    if not all(0 <= share < np.inf for share in shares.values()):
        raise ValueError(f"train_shares must be finite and not negative, got {dict(shares)!r}.")
    weights = np.array([shares.get(label, 0) for label in evaluated], dtype=float)
    trained = [label for label, share in shares.items() if share > 0]
    if not weights.any():
        raise GroupsError(
            f"groups has the labels {evaluated!r} and the training set {trained!r}: none is in "
            "both. Give both in the same terms."
        )
    present, known = set(evaluated), set(trained)
    absent = [label for label in trained if label not in present]
    unseen = [label for label in evaluated if label not in known]
    _warn_of(
        absent,
        "Training groups without a row to evaluate: {}. They are left out and the other weights "
        "scaled to sum to one.",
    )
    _warn_of(unseen, "Evaluated groups without a training row: {}. They weigh nothing.")
    return weights


def _warn_of(labels: list[Any], text: str) -> None:
    if labels:
        warnings.warn(text.format(labels), UndefinedMetricWarning, stacklevel=5)
