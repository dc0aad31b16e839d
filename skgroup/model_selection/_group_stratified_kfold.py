"""K-fold cross-validation, stratified by class and group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from skgroup._encode_groups import encode_groups
from skgroup._grouped_array import get_groups
from skgroup._groups import check_same_index
from skgroup.exceptions import GroupsError

__all__ = ["GroupStratifiedKFold"]


class GroupStratifiedKFold(StratifiedKFold):
    """K folds that all have the same mix of class x group cells.

    :class:`~sklearn.model_selection.GroupKFold` holds whole groups out, which asks how a model
    does on groups it has never seen. Here every group is in every training split, which asks how
    it does on known groups of a population whose minorities are small.

    Over the folds, the number of rows of each class x group cell differs by one at most, and so
    do the number of rows of each class and the number of all rows. A cell with fewer rows than
    `n_splits` is spread over as many folds as it has rows; the other folds do not test it. Every
    cell of two rows or more is in every training split. Outliers (-1 or missing) are one more
    cell of their class.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=False
        Whether to shuffle the rows first. If not, the rows of a cell are cut into blocks in
        their order, as scikit-learn does.
    random_state : int, RandomState instance or None, default=None
        Seed of the shuffling. Pass an int for the same folds in every call of `split`.

    See Also
    --------
    sklearn.model_selection.StratifiedKFold : Stratifies by class only.
    sklearn.model_selection.StratifiedGroupKFold : Holds whole groups out.

    Notes
    -----
    It requests `groups` by default, so that metadata routing works without
    ``set_split_request``.

    Examples
    --------
    >>> import numpy as np
    >>> from skgroup.model_selection import GroupStratifiedKFold
    >>> y = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    >>> groups = np.array(["a", "a", "a", "a", "b", "b", "b", "b"])
    >>> for train, test in GroupStratifiedKFold(n_splits=2).split(np.zeros(8), y, groups):
    ...     print(test, groups[test])
    [0 1 4 6] ['a' 'a' 'b' 'b']
    [2 3 5 7] ['a' 'a' 'b' 'b']
    """

    # scikit-learn's way to request metadata by default; the class name is mangled in on purpose.
    __metadata_request__split = {"groups": True}

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shuffle: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        super().__init__(n_splits=n_splits, shuffle=shuffle, random_state=random_state)

    def split(
        self, X: Any, y: ArrayLike, groups: Any = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Generate the rows of each training and test split.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data, used for their length and for the groups they may carry.
        y : array-like of shape (n_samples,)
            Class labels.
        groups : array-like of shape (n_samples,), or several columns, default=None
            Group labels; several columns are crossed. None: the groups carried by `X`.

        Yields
        ------
        train : ndarray of int
            Rows to train on.
        test : ndarray of int
            Rows to test on. Every row is tested once.

        Raises
        ------
        GroupsError
            If there are no groups, or they do not fit `X` and `y`.
        ValueError
            If `y` is no vector of classes, or there are fewer rows than folds.
        """
        folds = self._assign_folds(self._cells(X, y, groups))
        for fold in range(self.n_splits):
            yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)

    def _cells(self, X: Any, y: ArrayLike, groups: Any) -> NDArray[np.int64]:
        """One integer a row, ordered by class, then group."""
        check_same_index(X=X, y=y, groups=groups)
        groups = get_groups(X) if groups is None else groups
        if groups is None:
            raise GroupsError(
                "GroupStratifiedKFold got no groups and X carries none: pass `groups=` to `split`, "
                "or to what calls it (`search.fit(X, y, groups=g)`, `cross_validate(..., "
                'groups=g)` or, with metadata routing, `cross_validate(..., params={"groups": g})`)'
                ", or let X carry them: `GroupedArray(X, g)`."
            )
        if y is None:
            raise ValueError(
                "GroupStratifiedKFold got y=None: pass the class labels to stratify by."
            )
        check_classification_targets(y)
        check_consistent_length(X, y)
        classes = np.unique(column_or_1d(y), return_inverse=True)[1]
        if len(classes) < self.n_splits:
            raise ValueError(
                f"n_splits={self.n_splits} is more than the {len(classes)} rows: lower n_splits."
            )
        codes, labels = encode_groups(groups, len(classes))
        return classes * (len(labels) + 1) + codes

    def _assign_folds(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """The test fold of each row.

        Dealing the sorted rows to the folds in turn, cell after cell, balances cells, classes
        and folds at once.
        """
        n_rows = len(cells)
        rows = np.arange(n_rows)
        if self.shuffle:
            check_random_state(self.random_state).shuffle(rows)
        rows = rows[np.argsort(cells[rows], kind="stable")]
        turns = np.arange(n_rows) % self.n_splits
        # Sorting the turns inside each cell makes blocks, which keep neighbours in one fold.
        folds = np.empty(n_rows, dtype=np.int64)
        folds[rows] = turns[np.lexsort((turns, cells[rows]))]
        return folds
