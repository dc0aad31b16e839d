"""What the rows of each group have in common."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skgroup._encode_groups import encode_groups
from skgroup._groups import check_same_index, group_name
from skgroup._sklearn import HasMethods, Interval, validate_params
from skgroup._tell import tell
from skgroup.inspection._columns import Columns, check_no_text
from skgroup.inspection._examples import pick_examples
from skgroup.inspection._group_descriptions import GroupDescription, GroupDescriptions
from skgroup.inspection._inferrer_of import inferrer_of

__all__ = ["describe_groups"]

_COUNT = [Interval(Integral, 0, None, closed="left")]
NO_COLUMNS = (
    "X is no matrix of columns, so that features and rules are left out: look at the example rows."
)


@validate_params(
    {
        "inferrer": [HasMethods(["predict", "embed"]), Pipeline],
        "y": ["array-like"],
        "feature_names": ["array-like", None],
        "max_features": _COUNT,
        "max_depth": [Interval(Integral, 1, None, closed="left")],
        "n_examples": _COUNT,
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def describe_groups(
    inferrer: Any,
    X: Any,
    y: ArrayLike,
    feature_names: Any = None,
    *,
    groups: Any = None,
    max_features: int = 5,
    max_depth: int = 3,
    n_examples: int = 5,
    random_state: int | RandomState | None = None,
    verbose: int = 0,
) -> GroupDescriptions:
    """Say what sets each group apart from the rest of its class.

    A group is compared with all other rows of its class, outliers included. The differences are
    means over pooled standard deviations: with n, m rows, means a, b and variances s², t²
    (divisors n - 1 and m - 1), ``(a - b) / sqrt(((n - 1) s² + (m - 1) t²) / (n + m - 2))``. A
    column that is constant in both parts has 0, or infinity where the two constants differ.

    The rules are leaves of a shallow tree that tells the group from the rest, both weighted the
    same. It is fitted on a random half of each group; precision and recall are those of the
    other half, so that a rule that fits by chance is found out.

    Parameters
    ----------
    inferrer : fitted group inferrer, or pipeline with one
        Its reference gives the errors, its ``embed`` the distances between rows.
    X : array-like or CSR matrix of shape (n_samples, n_features)
        Samples in the form that the inferrer, or the pipeline, was fitted on. Text columns are
        encoded before, or by the pipeline. Features and rules are left out for what has no
        columns: images, dicts, torch data sets.
    y : array-like of shape (n_samples,)
        Their class labels.
    feature_names : array-like of shape (n_features,), default=None
        Names of the columns that the inferrer sees. None: those that they had in `fit`, those that
        the steps before it give, or x0, x1, and so on.
    groups : array-like of shape (n_samples,), default=None
        Groups to describe, such as known ones; -1 or missing for outliers. Where they cross
        classes, each part in a class is described. None: ``inferrer.predict(X, y)``.
    max_features : int, default=5
        Columns named per group. The text leaves out those that differ by less than 0.2, or by less
        than three standard errors, ``sqrt(1 / n + 1 / m)``.
    max_depth : int, default=3
        Depth of the trees, and so the largest number of conditions in a rule.
    n_examples : int, default=5
        Rows of each kind: typical, borderline, extreme.
    random_state : int, RandomState instance or None, default=None
        Seed of the halves and the trees.
    verbose : int, default=0
        1 shows a line for each class.

    Returns
    -------
    GroupDescriptions
        ``print`` shows sentences, ``to_frame()`` a table, ``records`` is plain data.

    Raises
    ------
    NotFittedError
        If the inferrer is not fitted.
    GroupsError
        If `groups` has another length than X.
    ValueError
        If `feature_names` or `y` has the wrong length, `y` has an unknown class, X has columns of
        text, or a pipeline has no fitted inferrer.

    References
    ----------
    J. Cohen, "Statistical power analysis for the behavioral sciences", 2nd edition, 1988.

    Examples
    --------
    Column x1 is a shortcut that misleads one row in ten:

    >>> from skgroup import GradientGroupInferrer
    >>> from skgroup.datasets import make_shortcut_classification
    >>> from skgroup.inspection import describe_groups
    >>> X, y, _ = make_shortcut_classification(agreement=0.9, n_features=5, random_state=0)
    >>> inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
    >>> found = describe_groups(inferrer, X, y, max_features=1, random_state=0)
    >>> print(found[3])
    Group 3: 46 rows, 9 % of class 1. The reference gets 87 % of them wrong (class: 9 %). They
    have lower x1 (-5.6 sd). Rule: x1 <= -1.196 (precision 1.00, recall 0.96).
    >>> found.to_frame()[["group", "class", "size", "features"]]
       group  class  size             features
    0      0      0   453   lower x1 (-5.8 sd)
    1      1      0    47  higher x1 (+5.8 sd)
    2      2      1   454  higher x1 (+5.6 sd)
    3      3      1    46   lower x1 (-5.6 sd)
    """
    check_same_index(X=X, y=y, groups=groups)
    inferrer, X, feature_names = inferrer_of(inferrer, X, feature_names)
    check_is_fitted(inferrer)
    check_no_text(X)
    values, codes = inferrer._check_new(X, y)
    labels, names = _labels(inferrer, X, y, groups, len(codes))
    rng = check_random_state(random_state)
    held_out = _halves(codes, labels, rng)
    columns = Columns.read(inferrer, X, values, feature_names, held_out)
    set_apart = _nothing if columns is None else partial(
        columns.set_apart, max_features=max_features, max_depth=max_depth,
        seed=int(rng.randint(np.iinfo(np.int32).max)),
    )  # fmt: skip
    errors, Z = _errors(inferrer, values, codes), inferrer.embed(X, y)
    found: list[GroupDescription] = []
    for c in np.unique(codes):
        rows, label = np.flatnonzero(codes == c), inferrer.classes_[[c]].tolist()[0]
        tell(verbose, "describe_groups", f"describes class {label!r}, of {len(rows)} rows")
        examples = pick_examples(Z, labels[rows], rows, n_examples)
        for group in _in_order(labels[rows]):
            found.append(
                GroupDescription(
                    group=names[group] if group >= 0 else -1,
                    class_label=label,
                    is_outliers=group < 0,
                    **_figures(*errors, rows, labels[rows] == group),
                    **set_apart(rows, labels[rows] == group),
                    **asdict(examples[group]),
                )
            )
    return GroupDescriptions(tuple(found), held_out, NO_COLUMNS if columns is None else "")


def _nothing(rows: NDArray, member: NDArray) -> dict[str, Any]:
    return {"features": None}


def _labels(
    inferrer: Any, X: Any, y: ArrayLike, groups: Any, n: int
) -> tuple[NDArray[np.int64], list[Any]]:
    """Code of the group of each row, and the names of the groups."""
    if groups is None:
        codes = np.asarray(inferrer.predict(X, y))
        return codes, list(range(codes.max() + 1))
    codes, labels = encode_groups(groups, n)
    return codes, [group_name(g) if isinstance(g, tuple) else g for g in labels.tolist()]


def _halves(codes: NDArray, labels: NDArray, rng: RandomState) -> NDArray[np.bool_]:
    """A random half of the rows of each group of each class; where it is odd, less than half."""
    held_out = np.zeros(len(codes), dtype=bool)
    pairs, pair = np.unique(np.column_stack([codes, labels]), axis=0, return_inverse=True)
    for i in range(len(pairs)):
        rows = np.flatnonzero(pair.ravel() == i)
        held_out[rng.permutation(rows)[: len(rows) // 2]] = True
    return held_out


def _errors(inferrer: Any, X: Any, codes: NDArray) -> tuple[NDArray, NDArray[np.bool_]]:
    """Loss of each row under the reference, and whether it is wrong."""
    probabilities = inferrer._probabilities(X)
    own = probabilities[np.arange(len(codes)), codes]
    loss = -np.log(np.maximum(own, np.finfo(np.float64).tiny))
    return loss, probabilities.argmax(axis=1) != codes


def _figures(
    loss: NDArray, wrong: NDArray[np.bool_], rows: NDArray, member: NDArray[np.bool_]
) -> dict[str, Any]:
    """Size and errors of the members among the `rows` of their class."""
    own = rows[member]
    return {
        "size": len(own),
        "share": len(own) / len(rows),
        "error_rate": float(wrong[own].mean()),
        "class_error_rate": float(wrong[rows].mean()),
        "mean_loss": float(loss[own].mean()),
    }


def _in_order(labels: NDArray) -> list[int]:
    """The groups that occur, outliers last."""
    return sorted(np.unique(labels).tolist(), key=lambda group: (group < 0, group))
