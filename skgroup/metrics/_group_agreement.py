"""How well inferred groups agree with the true ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix
from sklearn.utils import column_or_1d

from skgroup._encode_groups import encode_groups
from skgroup._groups import check_same_index
from skgroup.exceptions import GroupsError
from skgroup.metrics._tally import n_rows

__all__ = ["cluster_purity", "group_agreement", "within_class_ari"]

Codes = NDArray[np.int64]


def cluster_purity(true_groups: Any, groups: Any, *, y: ArrayLike | None = None) -> float:
    """Share of rows that belong to the most frequent true group of their inferred group.

    ``sum_c max_a n_ca / n`` over inferred groups c and true groups a. It rises with the number
    of inferred groups, up to 1 for one group a row: compare like with like, or use
    :func:`within_class_ari`.

    Parameters
    ----------
    true_groups : array-like of shape (n_samples,), or several columns
        True group labels; several columns are crossed.
    groups : array-like of shape (n_samples,), or several columns
        Inferred group labels. Outliers (-1 or missing) count as one more label, here and in
        `true_groups`.
    y : array-like of shape (n_samples,), default=None
        Class labels. If given, purity is computed inside each class and averaged by class size.

    Returns
    -------
    float
        In (0, 1].

    Raises
    ------
    GroupsError
        If lengths or pandas indexes differ or labels cannot be read.

    Examples
    --------
    >>> from skgroup.metrics import cluster_purity
    >>> cluster_purity(["a", "a", "a", "b", "b"], [0, 0, 1, 1, 1])
    0.8
    """
    true, found, classes = _encode(true_groups, groups, y)
    return _class_mean(_purity, true, found, classes)


def within_class_ari(true_groups: Any, groups: Any, y: ArrayLike) -> float:
    """Adjusted Rand index inside each class, averaged by class size.

    Groups never cross classes, so the global index is mostly a measure of the class label;
    this one is 0 in expectation for a random split of the classes and 1 for the true one. A
    class that is one group in truth counts 1 if it was left whole and 0 if it was split.

    Parameters
    ----------
    true_groups : array-like of shape (n_samples,), or several columns
        True group labels; several columns are crossed. Attributes and class x attribute groups
        give the same result.
    groups : array-like of shape (n_samples,), or several columns
        Inferred group labels. Outliers (-1 or missing) count as one more label, here and in
        `true_groups`.
    y : array-like of shape (n_samples,)
        Class labels.

    Returns
    -------
    float
        In [-0.5, 1].

    Raises
    ------
    GroupsError
        If lengths or pandas indexes differ or labels cannot be read.

    References
    ----------
    L. Hubert and P. Arabie, "Comparing partitions", Journal of Classification 2, 1985.

    Examples
    --------
    The first class was found exactly, the second of the same size was not split at all:

    >>> from skgroup.metrics import within_class_ari
    >>> within_class_ari(["a", "a", "b", "b"] * 2, [0, 0, 1, 1, 2, 2, 2, 2], [0] * 4 + [1] * 4)
    0.5
    """
    return _class_mean(adjusted_rand_score, *_encode(true_groups, groups, y))


def group_agreement(true_groups: Any, groups: Any, y: ArrayLike) -> dict[str, float]:
    """Summary of the agreement between inferred and true groups.

    Parameters
    ----------
    true_groups : array-like of shape (n_samples,), or several columns
        True group labels; several columns are crossed. Attributes and class x attribute groups
        give the same result.
    groups : array-like of shape (n_samples,), or several columns
        Inferred group labels. Outliers (-1 or missing) count as one more label in each class,
        here and in `true_groups`, but never as a minority.
    y : array-like of shape (n_samples,)
        Class labels.

    Returns
    -------
    dict of str to float
        - "within_class_ari": see :func:`within_class_ari`, the figure to look at.
        - "global_ari": adjusted Rand index over all rows, both partitions crossed with the class.
        - "class_only_ari": what one group per class, no clustering at all, would score there.
        - "nmi": normalised mutual information inside each class, averaged by class size.
        - "purity": see :func:`cluster_purity`, inside each class.
        - "minority_precision", "minority_recall": inside each class the smallest inferred group
          is taken as a guess of the smallest true group; averaged over the classes that have at
          least two true groups, NaN if none has. A class that was not split, where no minority
          was found, counts 0. Ties go to the first label in sorted order.

    Raises
    ------
    GroupsError
        If lengths or pandas indexes differ or labels cannot be read.

    Examples
    --------
    >>> from skgroup.metrics import group_agreement
    >>> y = [0] * 6 + [1] * 6
    >>> attribute = ["a", "a", "a", "a", "b", "b"] * 2
    >>> inferred = [0, 0, 0, 0, 0, 1] + [2, 2, 2, 2, 3, 3]
    >>> for name, value in group_agreement(attribute, inferred, y).items():
    ...     print(f"{name} {value:.2f}")
    within_class_ari 0.67
    global_ari 0.79
    class_only_ari 0.49
    nmi 0.70
    purity 0.92
    minority_precision 1.00
    minority_recall 0.75
    """
    true, found, classes = _encode(true_groups, groups, y)
    precision, recall = _minority(true, found, classes)
    crossed_true = classes * (true.max() + 2) + true
    crossed_found = classes * (found.max() + 2) + found
    return {
        "within_class_ari": _class_mean(adjusted_rand_score, true, found, classes),
        "global_ari": float(adjusted_rand_score(crossed_true, crossed_found)),
        "class_only_ari": float(adjusted_rand_score(crossed_true, classes)),
        "nmi": _class_mean(normalized_mutual_info_score, true, found, classes),
        "purity": _class_mean(_purity, true, found, classes),
        "minority_precision": precision,
        "minority_recall": recall,
    }


def _encode(true_groups: Any, groups: Any, y: ArrayLike | None) -> tuple[Codes, Codes, Codes]:
    """Integer labels of both partitions, outliers -1, and of the classes (one without `y`)."""
    check_same_index(true_groups=true_groups, groups=groups, y=y)
    n_samples = n_rows(true_groups) if y is None else len(column_or_1d(y))
    if n_samples == 0:
        raise GroupsError("true_groups and groups are empty: give at least one row.")
    true, found = (encode_groups(g, n_samples)[0] for g in (true_groups, groups))
    classes = np.zeros(n_samples, dtype=np.int64)
    if y is not None:
        classes = np.unique(column_or_1d(y), return_inverse=True)[1]
    return true, found, classes


def _class_mean(
    score: Callable[[Codes, Codes], float], true: Codes, found: Codes, classes: Codes
) -> float:
    sizes = np.bincount(classes)
    scores = [score(true[classes == c], found[classes == c]) for c in range(len(sizes))]
    return float(np.average(scores, weights=sizes))


def _purity(true: Codes, found: Codes) -> float:
    return contingency_matrix(true, found, sparse=True).max(axis=0).sum() / len(true)


def _minority(true: Codes, found: Codes, classes: Codes) -> tuple[float, float]:
    """Precision and recall of the smallest inferred group as a guess of the smallest true one."""
    pairs = []
    for c in range(classes.max() + 1):
        rare, guess = _smallest(true[classes == c]), _smallest(found[classes == c])
        if rare is None:
            continue
        both = 0 if guess is None else np.count_nonzero(rare & guess)
        pairs.append((both / (1 if guess is None else guess.sum()), both / rare.sum()))
    precision, recall = np.mean(pairs, axis=0) if pairs else (np.nan, np.nan)
    return float(precision), float(recall)


def _smallest(labels: Codes) -> NDArray[np.bool_] | None:
    """Members of the smallest group, or None without a second group; -1 is no group."""
    values, sizes = np.unique(labels[labels >= 0], return_counts=True)
    return labels == values[sizes.argmin()] if len(values) > 1 else None
