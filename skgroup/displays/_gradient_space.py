from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from skgroup._sklearn import Interval, StrOptions, validate_params
from skgroup.displays._class_rows import inferred_rows, known_rows
from skgroup.displays._labels import font_size, legend_on_top, shorten, write_on
from skgroup.displays._palette import NAMED_COLOURS, colours_by_panel
from skgroup.displays._panels import require_matplotlib, several_panels
from skgroup.displays._plane import Plane, project

__all__ = ["GradientSpaceDisplay"]

MAX_ROWS = [Interval(Integral, 1, None, closed="left")]


class GradientSpaceDisplay:
    """What an inferrer clusters, in two dimensions, coloured by group.

    Each class has its own space and its own panel. Outliers are black crosses. What looks like one
    cloud in two dimensions can be several in more: see :class:`ClassSilhouetteDisplay`.

    Parameters
    ----------
    planes : sequence
        For every panel a tuple of its title, points of shape (n_rows, 2), groups of shape
        (n_rows,) as indices into `names` with -1 for outliers, and the labels of both axes.
    names : sequence of str
        Names of the groups.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        The panels.
    ax_ : matplotlib Axes
        The first of them, or the axes that were divided.
    figure_ : matplotlib Figure
        Their figure.
    scatters_ : list of dict
        For every panel the PathCollection of each group, by its index; -1 for outliers.

    Examples
    --------
    >>> from skgroup import GradientGroupInferrer
    >>> from skgroup.datasets import make_group_blobs
    >>> from skgroup.displays import GradientSpaceDisplay
    >>> X, y, _ = make_group_blobs(variance=0.01, random_state=0)
    >>> inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
    >>> display = GradientSpaceDisplay.from_estimator(inferrer, X, y)
    >>> [ax.get_title() for ax in display.axes_]
    ['class 0', 'class 1']
    >>> [sorted(groups) for groups in display.scatters_]
    [[0, 1], [2, 3]]
    """

    def __init__(self, planes: Sequence[Any], names: Sequence[str]):
        self.planes = planes
        self.names = names

    @classmethod
    @validate_params(
        {
            "reduction": [StrOptions({"auto", "pca"})],
            "max_rows": MAX_ROWS,
            "random_state": ["random_state"],
        },
        prefer_skip_nested_validation=True,
    )
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike | None = None,
        groups: Any = None,
        *,
        reduction: str = "auto",
        max_rows: int = 5000,
        random_state: Any = 0,
        ax: Any = None,
        **style: Any,
    ) -> Self:
        """Draw the rows as a fitted inferrer sees them.

        Parameters
        ----------
        estimator : fitted group inferrer, or pipeline or search with one
            What made the groups.
        X : array-like of shape (n_samples, n_features)
            Samples, those of `fit` or others.
        y : array-like of shape (n_samples,), default=None
            Their classes. None: those that the reference predicts.
        groups : array-like of shape (n_samples,), default=None
            Groups to colour by, such as known ones. None: those that the inferrer gives.
        reduction : {"auto", "pca"}, default="auto"
            "auto": the first two dimensions of the inferrer's own reduction, or "pca" where it
            has none. "pca": the principal components of these rows. A single dimension is drawn
            against the share of the group with smaller values.
        max_rows : int, default=5000
            About how many rows a panel shows; of each group at least 50.
        random_state : int, RandomState instance or None, default=0
            Seed of their draw.
        ax : matplotlib Axes, array of them or None, default=None
            One for each panel, single axes to divide, or None for a new figure.
        **style
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : GradientSpaceDisplay

        Raises
        ------
        TypeError
            If there is no inferrer in `estimator`.
        NotFittedError
            If it is not fitted.
        GroupsError
            If `groups` does not fit X.
        ValueError
            If X has no rows, or `y` an unknown class.
        ImportError
            If matplotlib is not installed.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        panels = inferred_rows(estimator, X, y, groups, by_class=False)
        chosen: dict[str, Any] = {"max_rows": max_rows, "random_state": random_state}
        planes = [project(rows, own_reduction=reduction == "auto", **chosen) for rows in panels]
        return cls(planes, panels[0].names).plot(ax, **style)

    @classmethod
    @validate_params(
        {"max_rows": MAX_ROWS, "random_state": ["random_state"]},
        prefer_skip_nested_validation=True,
    )
    def from_predictions(
        cls,
        Z: ArrayLike,
        groups: Any,
        y: ArrayLike | None = None,
        *,
        max_rows: int = 5000,
        random_state: Any = 0,
        ax: Any = None,
        **style: Any,
    ) -> Self:
        """Draw gradients, or any other representation of rows, whose groups are known.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_columns)
            Representation of the rows; of more than two columns the principal components are
            drawn, for each class its own.
        groups : array-like of shape (n_samples,), or several columns
            Their groups, -1 or missing for outliers.
        y : array-like of shape (n_samples,), default=None
            Their classes, one panel each. None: a single panel.
        max_rows, random_state, ax, **style : optional
            As in :meth:`from_estimator`.

        Returns
        -------
        display : GradientSpaceDisplay

        Raises
        ------
        GroupsError
            If there are no rows, or `groups` does not fit them.
        ValueError
            If `Z` is not finite.
        ImportError
            If matplotlib is not installed.
        """
        require_matplotlib(f"{cls.__name__}.from_predictions")
        panels = known_rows(Z, groups, y)
        chosen: dict[str, Any] = {"max_rows": max_rows, "random_state": random_state}
        planes = [project(rows, own_reduction=False, **chosen) for rows in panels]
        return cls(planes, panels[0].names).plot(ax, **style)

    @validate_params({"scatter_kw": [dict, None]}, prefer_skip_nested_validation=True)
    def plot(self, ax: Any = None, *, scatter_kw: dict[str, Any] | None = None) -> Self:
        """Draw the planes.

        Parameters
        ----------
        ax : matplotlib Axes, array of them or None, default=None
            One for each panel, single axes to divide, or None for a new figure.
        scatter_kw : dict, default=None
            Further arguments of ``Axes.scatter``.

        Returns
        -------
        display : GradientSpaceDisplay
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        planes = [Plane(*plane) for plane in self.planes]
        self.axes_ = several_panels(ax, len(planes), panel_size=(4.6, 4.0))
        self.figure_ = self.axes_[0].figure
        self.ax_ = self.axes_[0] if ax is None or np.ndim(ax) else ax
        colours = colours_by_panel([plane.groups for plane in planes], len(self.names))
        self.scatters_ = [
            self._draw(panel, plane, own, scatter_kw or {})
            for panel, plane, own in zip(self.axes_, planes, colours, strict=True)
        ]
        return self

    def _draw(self, ax: Any, plane: Plane, colours: dict[int, str], style: dict) -> dict[int, Any]:
        present, sizes = np.unique(plane.groups, return_counts=True)
        size = float(np.clip(6000 / len(plane.groups), 4, 24))
        found = {}
        for i in np.argsort(-sizes, kind="stable"):  # small groups on top
            group = int(present[i])
            name = "outliers" if group < 0 else shorten(self.names[group], 30)
            marker = {"marker": "x", "linewidths": 0.8} if group < 0 else {"linewidths": 0}
            look = {"color": colours[group], "s": size, "alpha": 0.8, **marker, **style}
            points = plane.points[plane.groups == group]
            found[group] = ax.scatter(*points.T, label=f"{name} (n = {sizes[i]})", **look)
        ax.set(title=plane.title, xlabel=plane.axes[0], ylabel=plane.axes[1])
        if len(found) <= len(NAMED_COLOURS) + 1:
            self._make_room_for_legend(ax, [found[group] for group in sorted(found)])
        else:
            self._name_at_centres(ax, plane)
        return found

    def _make_room_for_legend(self, ax: Any, handles: list[Any]) -> None:
        low, high = ax.get_ylim()
        ax.set_ylim(low, high + legend_on_top(ax, handles, high - low))
        for handle in ax.get_legend().legend_handles:
            handle.set_sizes([24])

    def _name_at_centres(self, ax: Any, plane: Plane) -> None:
        for group in np.unique(plane.groups[plane.groups >= 0]):
            x, y = np.median(plane.points[plane.groups == group], axis=0)
            write_on(ax, x, y, shorten(self.names[group], 16), font_size(10), ha="center")
