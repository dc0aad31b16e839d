from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length, column_or_1d

from skgroup._encode_groups import encode_groups
from skgroup._groups import check_same_index, group_name
from skgroup._sklearn import StrOptions, validate_params
from skgroup.displays._find_inferrer import find_inferrer
from skgroup.displays._heat_cells import draw_cells
from skgroup.displays._labels import column_name
from skgroup.displays._panels import one_panel, require_matplotlib
from skgroup.displays._score_models import check_some_rows
from skgroup.metrics import within_class_ari

__all__ = ["GroupContingencyDisplay"]

SHARES = {"true": "share of the true group", "inferred": "share of the inferred group",
          None: "rows"}  # fmt: skip


class GroupContingencyDisplay:
    """How many rows of each true group are in each inferred one.

    Colours are shares of the true group by default, numbers are rows. Outliers have a row and a
    column of their own where there are any.

    Parameters
    ----------
    counts : ndarray of shape (n_true, n_inferred)
        Rows of each pair.
    true_names, inferred_names : sequence of str
        Names of the groups.
    normalize : {"true", "inferred"} or None, default="true"
        Whether colours are shares of true groups, of inferred groups, or numbers of rows.
    agreement : float, default=None
        Adjusted Rand index inside the classes, for the title.
    true_title, inferred_title : str
        Labels of the axes.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the map.
    figure_ : matplotlib Figure
        Its figure.
    im_ : matplotlib AxesImage
        The coloured cells.
    text_ : ndarray of Text, or None
        The numbers; None where cells are too small for them.
    colorbar_ : Colorbar or None
        What the colours mean.

    See Also
    --------
    skgroup.metrics.group_agreement : Agreement in figures.

    Examples
    --------
    >>> from skgroup.displays import GroupContingencyDisplay
    >>> display = GroupContingencyDisplay.from_predictions(["a", "a", "b", "b"], [0, 0, 0, 1])
    >>> display.counts.tolist()
    [[2, 0], [1, 1]]
    >>> display.im_.get_array().tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """

    def __init__(
        self,
        counts: NDArray[np.int64],
        true_names: Sequence[str],
        inferred_names: Sequence[str],
        *,
        normalize: str | None = "true",
        agreement: float | None = None,
        true_title: str = "true group",
        inferred_title: str = "inferred group",
    ):
        self.counts = counts
        self.true_names = true_names
        self.inferred_names = inferred_names
        self.normalize = normalize
        self.agreement = agreement
        self.true_title = true_title
        self.inferred_title = inferred_title

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: ArrayLike, groups: Any, *, ax: Any = None, **settings: Any
    ) -> Self:
        """Compare the groups that a fitted inferrer gives with true ones.

        Parameters
        ----------
        estimator : fitted group inferrer, or pipeline or search with one
            What infers.
        X : array-like of shape (n_samples, n_features)
            Samples, those of `fit` or others.
        y : array-like of shape (n_samples,)
            Their classes.
        groups : array-like of shape (n_samples,), or several columns
            Their true groups, -1 or missing for outliers.
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.
        **settings
            Further arguments of :meth:`from_predictions`.

        Returns
        -------
        display : GroupContingencyDisplay

        Raises
        ------
        TypeError
            If there is no inferrer in `estimator`.
        NotFittedError
            If it is not fitted.
        GroupsError
            If `groups` does not fit X.
        ImportError
            If matplotlib is not installed.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        check_same_index(X=X, y=y, groups=groups)
        inferrer, seen = find_inferrer(estimator, X)
        inferred = inferrer.predict(seen, y)
        return cls.from_predictions(groups, inferred, y=y, ax=ax, **settings)

    @classmethod
    @validate_params(
        {"normalize": [StrOptions({"true", "inferred"}), None], "cross": ["boolean"]},
        prefer_skip_nested_validation=True,
    )
    def from_predictions(
        cls,
        true_groups: Any,
        groups: Any,
        *,
        y: ArrayLike | None = None,
        cross: bool = True,
        normalize: str | None = "true",
        ax: Any = None,
        **style: Any,
    ) -> Self:
        """Compare inferred groups with true ones.

        Parameters
        ----------
        true_groups : array-like of shape (n_samples,), or several columns
            True group labels; several columns are crossed.
        groups : array-like of shape (n_samples,), or several columns
            Inferred group labels. In both, -1 and missing values are outliers.
        y : array-like of shape (n_samples,), default=None
            Class labels. They are named beside groups that lie in one class, and the title tells
            :func:`skgroup.metrics.within_class_ari`.
        cross : bool, default=True
            Whether groups that lie in several classes of `y`, such as the values of an
            attribute, are crossed with them.
        normalize : {"true", "inferred"} or None, default="true"
            Whether colours are shares of true groups, of inferred groups, or numbers of rows.
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.
        **style
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : GroupContingencyDisplay

        Raises
        ------
        GroupsError
            If there are no rows, or lengths or pandas indexes differ.
        ImportError
            If matplotlib is not installed.
        """
        require_matplotlib(f"{cls.__name__}.from_predictions")
        check_same_index(true_groups=true_groups, groups=groups, y=y)
        n = check_some_rows("groups", groups if y is None else y)
        classes = None if y is None else column_or_1d(y)
        true, true_names = _side(true_groups, n, classes, cross)
        found, found_names = _side(groups, n, classes, cross)
        counts = np.zeros((len(true_names), len(found_names)), dtype=np.int64)
        np.add.at(counts, (true, found), 1)
        agreement = None if y is None else within_class_ari(true_groups, groups, y)
        return cls(
            counts, true_names, found_names, normalize=normalize, agreement=agreement,
            true_title=column_name(true_groups, "true group"),
            inferred_title=column_name(groups, "inferred group"),
        ).plot(ax, **style)  # fmt: skip

    @validate_params({"colorbar": ["boolean"]}, prefer_skip_nested_validation=True)
    def plot(self, ax: Any = None, *, cmap: Any = "Blues", colorbar: bool = True) -> Self:
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.
        cmap : str or Colormap, default="Blues"
            Colours of the cells.
        colorbar : bool, default=True
            Whether a bar tells what colours mean.

        Returns
        -------
        display : GroupContingencyDisplay
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        n_rows, n_columns = self.counts.shape
        names = 0.08 * min(36, max(map(len, self.true_names)))
        size = np.clip([2.6 + names + 0.5 * n_columns, 1.8 + 0.4 * n_rows], 3.0, 11.0)
        self.ax_ = one_panel(ax, (float(size[0]), float(size[1])))
        self.figure_ = self.ax_.figure
        values = self._values()
        top = max(1, self.counts.max()) if self.normalize is None else 1
        self.im_, self.text_ = draw_cells(
            self.ax_, values, self.counts.astype(str), rows=self.true_names,
            columns=self.inferred_names, limits=(0, float(top)), cmap=cmap,
        )  # fmt: skip
        self.ax_.set(xlabel=self.inferred_title, ylabel=self.true_title)
        if self.agreement is not None:
            self.ax_.set_title(f"ARI inside classes: {self.agreement:.2f}")
        self.colorbar_ = None
        if colorbar:
            self.colorbar_ = self.figure_.colorbar(
                self.im_, ax=self.ax_, label=SHARES[self.normalize]
            )
        return self

    def _values(self) -> NDArray[np.float64]:
        """The shares that colours tell; all rows and columns have entries."""
        if self.normalize is None:
            return self.counts.astype(np.float64)
        axis = 1 if self.normalize == "true" else 0
        return self.counts / np.maximum(1, self.counts.sum(axis=axis, keepdims=True))


def _side(
    groups: Any, n: int, classes: NDArray | None, cross: bool
) -> tuple[NDArray[np.int64], list[str]]:
    """Index of each row into names, of which "outliers" is the last where there are any."""
    codes, labels = encode_groups(groups, n)
    names = [group_name(label) for label in labels.tolist()]
    if classes is not None:
        check_consistent_length(codes, classes)
        codes, names = _with_classes(codes, names, classes, cross)
    if (codes < 0).any():
        codes, names = np.where(codes < 0, len(names), codes), [*names, "outliers"]
    return codes, names


def _with_classes(
    codes: NDArray[np.int64], names: list[str], classes: NDArray, cross: bool
) -> tuple[NDArray[np.int64], list[str]]:
    """Groups crossed with classes where they lie in several, else named with their class."""
    labels, own = np.unique(classes, return_inverse=True)
    inside = codes >= 0
    pairs = np.unique(np.column_stack([own, codes])[inside], axis=0)
    if len(pairs) == len(names):
        class_of = dict(pairs[:, ::-1].tolist())
        return codes, [f"{name} (class {labels[class_of[g]]})" for g, name in enumerate(names)]
    if not cross:
        return codes, names
    index = {tuple(pair): i for i, pair in enumerate(pairs.tolist())}
    crossed = [index.get(pair, -1) for pair in zip(own.tolist(), codes.tolist(), strict=True)]
    return np.array(crossed), [f"class {labels[c]}, {names[g]}" for c, g in pairs.tolist()]
