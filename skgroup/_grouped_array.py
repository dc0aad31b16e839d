"""An array that carries one group label per row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skgroup._encode_groups import as_array
from skgroup.exceptions import GroupsError

__all__ = ["GroupedArray", "get_groups"]


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

    def __new__(cls, X: ArrayLike, groups: ArrayLike) -> GroupedArray:
        values, labels = np.asarray(X), np.array(as_array(groups))
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
