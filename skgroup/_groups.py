"""Group labels: how they travel with X, how they are read, encoded and crossed."""

import datetime
import numbers
import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.utils import column_or_1d

from skgroup.exceptions import GroupsError, MissingGroupsWarning

__all__ = ["GroupedArray", "cross_groups", "get_groups"]


class GroupedArray(np.ndarray):
    """An array that carries one group label per row.

    It is a read-only view of `X` with an attribute `groups`. Row indexing (``X[rows]`` and
    ``X[rows, ...]``) and pickling keep the labels; every other operation returns data without
    them, because a missing label can be reported and a misaligned one cannot.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        The data. An ndarray is not copied and stays writable under its own name.
    groups : array-like of shape (n_samples,)
        One label per row; -1 marks an outlier.

    Attributes
    ----------
    groups : ndarray of shape (n_samples,) or None
        The labels, read-only. None for an array derived in any way but by row indexing.

    Raises
    ------
    GroupsError
        If `groups` is not one-dimensional or does not have one label per row.

    Notes
    -----
    ``torch.from_numpy`` wants a writable array: copy first.

    Examples
    --------
    >>> import numpy as np
    >>> from skgroup import GroupedArray
    >>> X = GroupedArray(np.eye(3), [0, 1, -1])
    >>> X[[2, 0]].groups
    array([-1,  0])
    >>> type(X + 1).__name__
    'ndarray'
    """

    _groups: NDArray | None

    def __new__(cls, X: ArrayLike, groups: ArrayLike) -> "GroupedArray":
        values, labels = np.asarray(X), np.array(_as_array(groups))
        if values.ndim == 0 or labels.shape != values.shape[:1]:
            raise GroupsError(
                f"groups has shape {labels.shape}, but X has shape {values.shape}: "
                "give one label per row of X."
            )
        self = values.view(cls)
        self.flags.writeable = labels.flags.writeable = False
        self._groups = labels
        return self

    def __array_finalize__(self, obj: Any) -> None:
        self._groups = None

    @property
    def groups(self) -> NDArray | None:
        # Assigning to `shape` changes the rows in place, behind numpy's own hooks.
        if self._groups is None or self._groups.shape != self.shape[:1]:
            return None
        return self._groups

    def __getitem__(self, index: Any) -> Any:
        values = self.view(np.ndarray)[index]
        rows = _row_index(index)
        if rows is None or self.groups is None or not isinstance(values, np.ndarray):
            return values
        labels = self.groups[rows]
        # To numpy a tensor with one element is an integer: it picks no rows.
        return GroupedArray(values, labels) if isinstance(labels, np.ndarray) else values

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        plain = np.asarray(array)
        return plain[()] if return_scalar else plain

    def __reduce__(self) -> Any:
        plain = self.view(np.ndarray)
        return plain.__reduce__() if self.groups is None else (type(self), (plain, self.groups))


def _row_index(index: Any) -> Any:
    """The part of an index expression that picks whole rows in one dimension, else None."""
    if isinstance(index, tuple):
        if len(index) != 2 or index[1] is not Ellipsis:
            return None
        index = index[0]
    if isinstance(index, slice):
        return index
    if isinstance(index, (list, range, np.ndarray)) or hasattr(index, "__array__"):
        rows = np.asarray(index)
        is_list_of_fields = rows.dtype.kind not in "biu" and rows.size > 0
        return index if rows.ndim == 1 and not is_list_of_fields else None
    return None


def get_groups(X: Any) -> NDArray | None:
    """Return the groups that `X` carries, or None.

    Parameters
    ----------
    X : object
        Anything; only a :class:`GroupedArray` carries groups.

    Returns
    -------
    ndarray of shape (n_samples,) or None

    Examples
    --------
    >>> from skgroup import GroupedArray, get_groups
    >>> get_groups(GroupedArray([[1.0], [2.0]], ["a", "b"]))
    array(['a', 'b'], dtype='<U1')
    >>> get_groups([[1.0], [2.0]]) is None
    True
    """
    return X.groups if isinstance(X, GroupedArray) else None


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
    if _values_and_missing(y)[1].any():
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
        fix = (
            "pass them as `groups=` to the outermost `fit`, or "
            '`cross_validate(..., params={"groups": g})`: metadata routing hands them on'
        )
    else:
        fix = (
            "pass `groups=` to `fit`, `<step>__groups=` through a pipeline or a search, or "
            "call `sklearn.set_config(enable_metadata_routing=True)` and use "
            '`cross_validate(..., params={"groups": g})`'
        )
    return (
        f"{name} got no groups and falls back to the classes of y. Three usual causes: (1) a step "
        "between the group inferrer and the classifier (StandardScaler, PCA, ColumnTransformer) "
        "validates its input and drops the groups: put the inferrer directly before the "
        "classifier; (2) the inferrer stands after the classifier's preprocessing branch or is "
        "missing; (3) without metadata routing, `groups=` given to a search or to cross_validate "
        f"reaches only the splitter. To train on groups, {fix}."
    )


def encode_groups(groups: Any, n_samples: int) -> tuple[NDArray[np.int64], NDArray]:
    """Encode labels as integers: codes of shape (n_samples,), -1 for outliers, sorted labels.

    Several columns are crossed; their labels are tuples. Only labels that occur are kept.
    """
    columns = _as_columns(groups, n_samples)
    if not columns:
        raise GroupsError("groups has no columns: give one label per row.")
    if len(columns) == 1:
        return _encode_column(columns[0], n_samples)
    encoded = [_encode_column(column, n_samples) for column in columns]
    table = np.column_stack([codes for codes, _ in encoded])
    valid = (table >= 0).all(axis=1)
    cells, inverse = np.unique(table[valid], axis=0, return_inverse=True)
    labels = np.empty(len(cells), dtype=object)
    names = [labels_of_column.tolist() for _, labels_of_column in encoded]
    labels[:] = [tuple(name[c] for name, c in zip(names, cell, strict=True)) for cell in cells]
    codes = np.full(n_samples, -1, dtype=np.int64)
    codes[valid] = inverse.ravel()
    return codes, labels


def _as_columns(groups: Any, n_samples: int) -> list[Any]:
    if hasattr(groups, "columns") and hasattr(groups, "shape"):
        if hasattr(groups, "items"):  # pandas, whose column names may repeat
            return [column for _, column in groups.items()]
        return [groups[name] for name in groups.columns]
    if isinstance(groups, (list, tuple)) and groups:
        nested = [isinstance(g, (list, tuple)) or len(getattr(g, "shape", ())) == 1 for g in groups]
        if all(nested) and (len(groups) != n_samples or all(len(g) == n_samples for g in groups)):
            return list(groups)
    if getattr(groups, "ndim", 1) == 2:
        return list(np.asarray(groups).T)
    return [groups]


def _encode_column(column: Any, n_samples: int) -> tuple[NDArray[np.int64], NDArray]:
    no_array = isinstance(column, (str, bytes, dict, set)) or not hasattr(column, "__len__")
    if no_array or getattr(column, "shape", None) == ():
        raise GroupsError(
            f"groups must be array-like with one label per row, got {type(column).__name__}: "
            "pass a list, an array or a Series of labels."
        )
    if len(column) != n_samples:
        raise GroupsError(
            f"groups has {len(column)} entries, but there are {n_samples} samples: "
            "give one label per row."
        )
    values, missing = _values_and_missing(column)
    present = values[~missing]
    if present.dtype.kind == "O":
        present = _as_one_type(present)
    outlier = present == -1 if present.dtype.kind in "iufO" else np.zeros(len(present), bool)
    if present.dtype.kind == "f" and np.isinf(present).any():
        raise GroupsError("groups contains infinity: use finite numbers or strings as labels.")
    labels, inverse = np.unique(present[~outlier], return_inverse=True)
    codes = np.full(n_samples, -1, dtype=np.int64)
    codes[np.flatnonzero(~missing)[~outlier]] = inverse
    return codes, labels


def _values_and_missing(column: Any) -> tuple[NDArray, NDArray[np.bool_]]:
    if hasattr(column, "isna"):  # pandas: its missing values include NA, which no array can hold
        missing = np.asarray(column.isna(), dtype=bool)
        return np.asarray(column, dtype=object), missing
    values = _as_array(column)
    if values.ndim != 1:
        raise GroupsError(
            f"groups must be one-dimensional, got shape {values.shape}: give one label per row, or "
            "a DataFrame or a sequence of columns to cross."
        )
    if values.dtype.kind == "O":
        return values, np.array([_is_missing(v) for v in values], dtype=bool)
    if values.dtype.kind == "f":
        return values, np.isnan(values)
    if values.dtype.kind in "mM":
        return values, np.isnat(values)
    if values.dtype.kind not in "biuUST":
        raise GroupsError(f"groups has dtype {values.dtype}: use numbers, strings, bools or dates.")
    return values, np.zeros(len(values), dtype=bool)


def _as_array(column: Any) -> NDArray:
    """Like ``np.asarray``, but strings do not turn what stands beside them into strings."""
    text = [isinstance(v, str) for v in column] if isinstance(column, (list, tuple)) else []
    try:
        return np.asarray(column, dtype=object if any(text) and not all(text) else None)
    except ValueError:  # entries of different lengths
        return np.asarray(column, dtype=object)


def _is_missing(value: Any) -> bool:
    """None, what differs from itself (NaN, NaT), and pandas.NA, which refuses to answer."""
    missing = value is None or value != value
    return bool(missing) if isinstance(missing, (bool, np.bool_)) else missing is value


_KINDS = {
    "numbers": (numbers.Real, np.bool_),
    "strings": (str, bytes),
    "times": (datetime.datetime,),
    "dates": (datetime.date, np.datetime64),
}


def _as_one_type(values: NDArray) -> NDArray:
    """Turn an object array into one of a single sortable type, or say why that cannot be."""
    types = set(map(type, values))
    kinds = {
        next((kind for kind, known in _KINDS.items() if issubclass(t, known)), None) for t in types
    }
    if len(kinds) > 1 or None in kinds:
        names = ", ".join(sorted(t.__name__ for t in types))
        raise GroupsError(
            f"groups has labels of type {names}: use labels of one type (numbers, strings, bools "
            "or dates); cross several columns with `cross_groups` or pass them as a DataFrame."
        )
    return np.array(values.tolist())
