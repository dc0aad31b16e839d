from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skgroup._sklearn import Interval, validate_params
from skgroup.displays._class_rows import inferred_rows, known_rows
from skgroup.displays._labels import font_size, shorten, write_on
from skgroup.displays._palette import colours_by_panel
from skgroup.displays._panels import require_matplotlib, several_panels, size_in_points
from skgroup.displays._row_silhouettes import Silhouettes, row_silhouettes

__all__ = ["ClassSilhouetteDisplay"]

SAMPLING: dict[str, list[Any]] = {
    "max_rows": [Interval(Integral, 1, None, closed="left")],
    "random_state": ["random_state"],
}


class ClassSilhouetteDisplay:
    """Silhouette of every row, class by class, sorted inside its group.

    A row near 1 lies well inside its group, near 0 between two, below 0 rather in another. Outliers
    count as one more group, as in the scores of inferrers. The dashed line is the mean of the
    class; over all classes, weighted by their size, it is ``inferrer.score(X, y)``.

    Parameters
    ----------
    silhouettes : sequence
        For every panel a tuple of its title, the values of shape (n_rows,), the groups of shape
        (n_rows,) as indices into `names` with -1 for outliers, and the mean. Values are NaN where
        there is a single group.
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
    bands_ : list of dict
        For every panel the StepPatch of each group, by its index; -1 for outliers.
    mean_lines_ : list of Line2D or None
        The mean of each panel; None where there is a single group.

    Examples
    --------
    >>> from skgroup.displays import ClassSilhouetteDisplay
    >>> Z = [[0.0], [1.0], [10.0], [11.0]]
    >>> display = ClassSilhouetteDisplay.from_predictions(Z, ["a", "a", "b", "b"])
    >>> display.axes_[0].get_title()
    'all rows: mean 0.90'
    >>> display.bands_[0][1].get_data().values.round(3).tolist()
    [0.905, 0.895]
    """

    def __init__(self, silhouettes: Sequence[Any], names: Sequence[str]):
        self.silhouettes = silhouettes
        self.names = names

    @classmethod
    @validate_params(SAMPLING, prefer_skip_nested_validation=True)
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike | None = None,
        groups: Any = None,
        *,
        max_rows: int = 5000,
        random_state: Any = 0,
        ax: Any = None,
    ) -> Self:
        """Draw the silhouettes of rows in what a fitted inferrer clusters.

        Parameters
        ----------
        estimator : fitted group inferrer, or pipeline or search with one
            What made the groups.
        X : array-like of shape (n_samples, n_features)
            Samples, those of `fit` or others.
        y : array-like of shape (n_samples,), default=None
            Their classes. None: those that the reference predicts.
        groups : array-like of shape (n_samples,), default=None
            Other groups to judge in the same space, such as known ones.
        max_rows : int, default=5000
            Rows of a class that are drawn, and compared with each other.
        random_state : int, RandomState instance or None, default=0
            Seed of their draw; that of ``inferrer.score`` by default.
        ax : matplotlib Axes, array of them or None, default=None
            One for each panel, single axes to divide, or None for a new figure.

        Returns
        -------
        display : ClassSilhouetteDisplay

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
        panels = inferred_rows(estimator, X, y, groups)
        settings = {"max_rows": max_rows, "random_state": random_state}
        return cls([row_silhouettes(rows, **settings) for rows in panels], panels[0].names).plot(ax)

    @classmethod
    @validate_params(SAMPLING, prefer_skip_nested_validation=True)
    def from_predictions(
        cls,
        Z: ArrayLike,
        groups: Any,
        y: ArrayLike | None = None,
        *,
        max_rows: int = 5000,
        random_state: Any = 0,
        ax: Any = None,
    ) -> Self:
        """Draw the silhouettes of rows whose groups are known.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_columns)
            Where the rows lie.
        groups : array-like of shape (n_samples,), or several columns
            Their groups, -1 or missing for outliers.
        y : array-like of shape (n_samples,), default=None
            Their classes, one panel each. None: a single panel.
        max_rows, random_state, ax : optional
            As in :meth:`from_estimator`.

        Returns
        -------
        display : ClassSilhouetteDisplay

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
        settings = {"max_rows": max_rows, "random_state": random_state}
        return cls([row_silhouettes(rows, **settings) for rows in panels], panels[0].names).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the silhouettes.

        Parameters
        ----------
        ax : matplotlib Axes, array of them or None, default=None
            One for each panel, single axes to divide, or None for a new figure.

        Returns
        -------
        display : ClassSilhouetteDisplay
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        panels = [Silhouettes(*panel) for panel in self.silhouettes]
        most = max(len(np.unique(panel.groups)) for panel in panels)
        height = float(np.clip(0.2 * most, 3.8, 10))
        self.axes_ = several_panels(ax, len(panels), panel_size=(4.6, height))
        self.figure_ = self.axes_[0].figure
        self.ax_ = self.axes_[0] if ax is None or np.ndim(ax) else ax
        colours = colours_by_panel([panel.groups for panel in panels], len(self.names))
        self.bands_, self.mean_lines_ = [], []
        for axes, panel, own in zip(self.axes_, panels, colours, strict=True):
            drawn = not np.isnan(panel.values).any()
            self.bands_.append(self._draw_bands(axes, panel, own) if drawn else {})
            self.mean_lines_.append(self._draw_mean(axes, panel) if drawn else None)
            if not drawn:
                _say_that_there_is_nothing(axes, panel.title)
        return self

    def _draw_bands(self, ax: Any, panel: Silhouettes, colours: dict[int, str]) -> dict[int, Any]:
        present, sizes = np.unique(panel.groups, return_counts=True)
        if present[0] < 0:  # outliers at the bottom
            present, sizes = np.roll(present, -1), np.roll(sizes, -1)
        names = ["outliers" if g < 0 else shorten(self.names[g], 30) for g in present.tolist()]
        labels = [f"{name} (n = {n})" for name, n in zip(names, sizes, strict=True)]
        size, centres, height = _centres(ax, sizes, max(map(len, labels)))
        bands = {}
        for group, label, centre in zip(present.tolist(), labels, centres, strict=True):
            values = np.sort(panel.values[panel.groups == group])[::-1]
            edges = centre + np.arange(len(values) + 1) - len(values) / 2
            bands[group] = ax.stairs(
                values, edges, orientation="horizontal", fill=True, color=colours[group]
            )
            write_on(ax, 0.02, centre, label, size, ha="left")
        ax.set(ylim=(height, 0), yticks=[])
        return bands

    def _draw_mean(self, ax: Any, panel: Silhouettes) -> Any:
        ax.axvline(0, color="black", linewidth=0.8)
        line = ax.axvline(panel.mean, color="black", linestyle="--", linewidth=1)
        ax.set(title=f"{panel.title}: mean {panel.mean:.2f}", xlabel="silhouette")
        ax.set_xlim(min(-0.3, 1.05 * float(panel.values.min())), 1)
        return line


def _centres(
    ax: Any, sizes: NDArray[np.int64], n_letters: int
) -> tuple[float, NDArray[np.float64], float]:
    """Size of letters, middle of each band, and height of all, with room for a line of text each.

    Heights are in rows; a band of few rows has free space around it.
    """
    (width, points), n = size_in_points(ax), len(sizes)
    size = font_size(min(points / (1.2 * n), 2.0 * width / n_letters))
    share = min(1.3 * size / points, 0.95 / n)
    total = float(sizes.sum())
    for _ in range(100):  # converges, as all least heights together are less than the whole
        total = float(np.maximum(sizes, share * total).sum())
    slots = np.maximum(sizes, share * total) + 0.015 * total
    return size, np.cumsum(slots) - slots / 2, float(slots.sum())


def _say_that_there_is_nothing(ax: Any, title: str) -> None:
    ax.set(title=title, xlabel="silhouette", xlim=(-0.3, 1), yticks=[])
    ax.text(0.5, 0.5, "one group, no silhouette", ha="center", va="center", transform=ax.transAxes)
