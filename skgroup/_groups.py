"""Groups of a training set: crossed with classes, checked, and found where they are."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.utils import column_or_1d

from skgroup._encode_groups import encode_groups, values_and_missing
from skgroup._grouped_array import get_groups
from skgroup.exceptions import GroupsError, MissingGroupsWarning

__all__ = ["check_same_index", "cross_groups", "group_name", "resolve_groups"]


def cross_groups(y: ArrayLike, attribute: Any, *, return_names: bool = False) -> Any:
    """Cross classes with an attribute: the groups of the robust-training literature.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Class labels, of any sortable type.
    attribute : array-like of shape (n_samples,), or several columns
        Attribute values. Several columns (a DataFrame, a 2-D array, or a sequence of arrays)
        are crossed with each other first. Missing values, and -1 where the values are numbers,
        mark outliers.
    return_names : bool, default=False
        Also return one readable name per group id.

    Returns
    -------
    groups : ndarray of shape (n_samples,), int64
        ``class_index * n_attribute_values + attribute_index``, both indices in sorted order;
        -1 for outliers.
    names : ndarray of shape (n_classes * n_attribute_values,), of str
        Only with ``return_names=True``.

    Raises
    ------
    GroupsError
        If the lengths, the pandas indexes or the types do not fit, or a class is missing.

    Examples
    --------
    >>> from skgroup import cross_groups
    >>> cross_groups([0, 0, 1, 1], ["land", "water", "land", None])
    array([ 0,  1,  2, -1])
    >>> cross_groups(["bird", "cat"], [1, 2], return_names=True)[1].tolist()
    ['bird, 1', 'bird, 2', 'cat, 1', 'cat, 2']
    """
    check_same_index(y=y, attribute=attribute)
    y = column_or_1d(y)
    if values_and_missing(y)[1].any():
        raise GroupsError("y has missing values: give every sample a class, or remove it.")
    classes, codes = np.unique(y, return_inverse=True)
    attributes, labels = encode_groups(attribute, len(codes))
    groups = np.where(attributes < 0, -1, codes * len(labels) + attributes)
    if not return_names:
        return groups
    return groups, np.array([f"{c}, {group_name(a)}" for c in classes for a in labels])


def group_name(label: Any) -> str:
    """A group label as text; the parts of a crossed label are joined by commas."""
    return ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def check_same_index(**named: Any) -> None:
    """Raise GroupsError when pandas objects among the keyword arguments differ in their index.

    Those inside a list or tuple (several columns of groups) count too.
    """
    for name, value in list(named.items()):
        if isinstance(value, (list, tuple)):
            named |= {f"{name}[{i}]": v for i, v in enumerate(value) if hasattr(v, "iloc")}
    indexed = {name: value for name, value in named.items() if hasattr(value, "iloc")}
    if len(indexed) < 2:
        return
    (first, reference), *others = indexed.items()
    for name, value in others:
        same_length = len(value) == len(reference)  # lengths have an error of their own
        if same_length and not value.index.equals(reference.index):
            # As text, because not all labels can be compared (NA, categories).
            labels = [list(map(repr, index.tolist())) for index in (value.index, reference.index)]
            row = next((i for i, (a, b) in enumerate(zip(*labels, strict=True)) if a != b), 0)
            raise GroupsError(
                f"{name} and {first} have different pandas indexes (row {row}: "
                f"{labels[0][row]} against {labels[1][row]}). Rows are matched by "
                f"position: align them first, e.g. `{name}.loc[{first}.index]`, or pass "
                f"`{name}.to_numpy()` if they already match."
            )


class ResolvedGroups(NamedTuple):
    """Encoded groups: `codes` index `labels` (-1: outlier); `source` says where they came from."""

    codes: NDArray[np.int64]
    labels: NDArray
    source: str


def resolve_groups(
    X: Any, y: NDArray, groups: Any = None, *, fallback_for: str | None = None
) -> ResolvedGroups | None:
    """Find the groups to train on: given, else carried by `X`, else the classes of `y`.

    Parameters
    ----------
    X : object
        The data as the caller passed them, before validation strips carried groups.
    y : ndarray of shape (n_samples,)
        Validated class labels.
    groups : array-like of shape (n_samples,), several columns, or None
        Groups given explicitly.
    fallback_for : str, optional
        Name of a method that needs groups: fall back to classes with a MissingGroupsWarning.
        None: return None when there are no groups.

    Raises
    ------
    GroupsError
        If the labels cannot be read, leave a class with outliers only, or look like row ids.
    """
    source = "given" if groups is not None else "carried"
    found = groups if groups is not None else get_groups(X)
    if found is not None:
        codes, labels = encode_groups(found, len(y))
        _check_groups(codes, labels, y)
        return ResolvedGroups(codes, labels, source)
    if fallback_for is None:
        return None
    warnings.warn(_missing_groups_text(fallback_for), MissingGroupsWarning, stacklevel=4)
    classes, codes = np.unique(y, return_inverse=True)
    return ResolvedGroups(codes.astype(np.int64), classes, "classes")


def _check_groups(codes: NDArray[np.int64], labels: NDArray, y: NDArray) -> None:
    inside = set(np.unique(y[codes >= 0]).tolist())
    empty = [c for c in np.unique(y).tolist() if c not in inside]
    if empty:
        raise GroupsError(
            f"groups marks every sample of class {empty[0]!r} as an outlier (-1 or missing), which "
            "leaves nothing to train that class on: give at least one of its samples a group, or "
            "remove the class."
        )
    if len(labels) > 2 and len(labels) == np.count_nonzero(codes >= 0):
        raise GroupsError(
            f"groups has {len(labels)} different labels with one sample each, as if they were row "
            "ids: give labels that several samples share."
        )


def _missing_groups_text(name: str) -> str:
    if get_config()["enable_metadata_routing"]:
        cause = "`groups=` was not given, or `set_fit_request(groups=False)` refuses it"
        fix = (
            "pass them as `groups=` to the outermost `fit`, or "
            '`cross_validate(..., params={"groups": g})`: metadata routing hands them on'
        )
    else:
        cause = (
            "without metadata routing, `groups=` given to a search or to cross_validate reaches "
            "only the splitter"
        )
        fix = (
            "pass `groups=` to `fit`, `<step>__groups=` through a pipeline or a search over one, "
            "hand a search `GroupedArray(X, g)`, or call "
            "`sklearn.set_config(enable_metadata_routing=True)` and use "
            '`cross_validate(..., params={"groups": g})`'
        )
    return (
        f"{name} got no groups and falls back to the classes of y. Three usual causes: (1) a step "
        "between the group inferrer and the classifier (StandardScaler, PCA), or a meta-estimator "
        "around the classifier (BaggingClassifier), validates its input and drops the groups: put "
        "the inferrer directly before the classifier, and meta-estimators around both; (2) the "
        "inferrer is missing, or inside a ColumnTransformer or FeatureUnion, which drop the groups "
        f"too: make it a step of the pipeline; (3) {cause}. To train on groups, {fix}."
    )
