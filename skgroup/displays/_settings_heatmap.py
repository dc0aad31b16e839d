from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from skgroup._sklearn import StrOptions, validate_params
from skgroup.displays._class_rows import inferred_rows
from skgroup.displays._find_inferrer import find_inferrer
from skgroup.displays._heat_cells import draw_cells
from skgroup.displays._panels import require_matplotlib, several_panels
from skgroup.displays._settings_map import (
    SettingsMap,
    density_map,
    find_column,
    score_column,
    table_map,
)

__all__ = ["SettingsHeatmapDisplay"]


class SettingsHeatmapDisplay:
    """Scores of two settings of a clustering, such as `eps` and `min_samples`, as a heat map.

    The setting in use, or else the best one, has a frame. Grey cells were not tried, or do not
    split the class. A wide bright area is a better sign than a single bright cell.

    Parameters
    ----------
    maps : sequence
        For every panel a tuple of its title, the names of columns and of rows, scores of shape
        (n_rows, n_columns) with NaN for none, and the (row, column) to frame or None.
    settings : tuple of str
        What columns and rows are, the latter "" where there is a single row.
    score_name : str, default="score"
        What the scores are.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        The panels.
    ax_ : matplotlib Axes
        The first of them, or the axes that were divided.
    figure_ : matplotlib Figure
        Their figure.
    images_ : list of AxesImage
        The coloured cells of each panel.
    texts_ : list of ndarray of Text, or None
        The scores of each panel; None where cells are too small for them.
    frames_ : list of Rectangle or None
        The frame of each panel.

    Examples
    --------
    >>> from skgroup.displays import SettingsHeatmapDisplay
    >>> results = {"eps": [0.1, 0.1, 0.3], "min_samples": [5, 10, 5], "score": [0.4, 0.7, 0.2]}
    >>> display = SettingsHeatmapDisplay.from_results(results, ("eps", "min_samples"))
    >>> display.images_[0].get_array().tolist()
    [[0.4, 0.2], [0.7, None]]
    >>> display.maps[0].marked
    (1, 0)
    """

    def __init__(self, maps: Sequence[Any], settings: tuple[str, str], score_name: str = "score"):
        self.maps = maps
        self.settings = settings
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any = None,
        y: ArrayLike | None = None,
        *,
        settings: Sequence[str] | None = None,
        score: str = "auto",
        aggregate: str = "max",
        ax: Any = None,
        **style: Any,
    ) -> Self:
        """Draw what a search has tried, or what a density clusterer can choose among.

        Parameters
        ----------
        estimator : fitted search or group inferrer
            A search of scikit-learn, a :class:`skgroup.GroupInferrerSearch`, or an inferrer with
            ``clusterer="dbscan"``: for it the silhouette of each class is computed as
            ``eps=None, min_samples=None`` does, on 2,000 rows of a class at most.
        X, y : array-like, default=None
            The rows and classes of `fit`, for an inferrer.
        settings : one or two names of parameters, default=None
            What columns and rows are; in a pipeline the end of the name will do. None: the two
            that differ between candidates.
        score, aggregate, ax, **style : optional
            As in :meth:`from_results`.

        Returns
        -------
        display : SettingsHeatmapDisplay

        Raises
        ------
        TypeError
            If `estimator` is neither a search nor an inferrer.
        NotFittedError
            If it is not fitted.
        ValueError
            If the inferrer does not use "dbscan", X is missing, or no two parameters differ.
        ImportError
            If matplotlib is not installed.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        results, varied = _candidates(estimator)
        if results is not None:
            chosen = varied if settings is None else list(settings)
            return cls.from_results(
                results, chosen, score=score, aggregate=aggregate,
                best_index=int(estimator.best_index_), ax=ax, **style,
            )  # fmt: skip
        inferrer, _ = find_inferrer(estimator, X)
        if getattr(inferrer, "clusterer", None) != "dbscan" or X is None:
            raise ValueError(
                "Only clusterer='dbscan' has two settings to try, on the X and y of its fit: pass "
                "such an inferrer with X and y, or a search over other settings."
            )
        known: Any = inferrer
        panels = inferred_rows(estimator, X, y, None, by_class=False)
        used = list(known.settings_.values())[: 1 if known.scope == "global" else None]
        if len(panels) != len(used):
            raise ValueError(
                f"X has rows of {len(panels)} of the {len(used)} classes: pass the X and y of fit."
            )
        maps = [
            density_map(rows.title, rows.Z, own, min_share=known.min_cluster_share)
            for rows, own in zip(panels, used, strict=True)
        ]
        return cls(maps, ("eps", "min_samples"), "silhouette").plot(ax, **style)

    @classmethod
    @validate_params(
        {
            "results": [Mapping, "array-like"],
            "settings": [list, tuple],
            "score": [str],
            "aggregate": [StrOptions({"max", "mean", "min"})],
        },
        prefer_skip_nested_validation=True,
    )
    def from_results(
        cls,
        results: Any,
        settings: Sequence[str],
        *,
        score: str = "auto",
        aggregate: str = "max",
        best_index: int | None = None,
        ax: Any = None,
        **style: Any,
    ) -> Self:
        """Draw a table of candidates.

        Parameters
        ----------
        results : mapping from str to array-like, or DataFrame
            Columns of one value a candidate, such as `cv_results_`.
        settings : one or two names of columns
            What columns and rows of the map are; ``param_`` and the step of a pipeline may be left
            out.
        score : str, default="auto"
            Column of the scores. "auto": "mean_test_score" or "score".
        aggregate : {"max", "mean", "min"}, default="max"
            What is shown of candidates that differ in other settings only.
        best_index : int, default=None
            The candidate to frame. None: the best cell.
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.
        **style
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : SettingsHeatmapDisplay

        Raises
        ------
        ValueError
            If a column is missing, or there are no candidates.
        ImportError
            If matplotlib is not installed.
        """
        require_matplotlib(f"{cls.__name__}.from_results")
        if len(settings) not in (1, 2):
            raise ValueError(f"settings must be one or two names, got {list(settings)!r}.")
        name, scores = score_column(results, score)
        columns = [np.ma.asarray(find_column(results, s), dtype=object).tolist() for s in settings]
        if len(scores) == 0:
            raise ValueError("results has no candidates: give a table with at least one row.")
        xs, ys = columns if len(columns) == 2 else (columns[0], [""] * len(scores))
        found = table_map(xs, ys, scores, aggregate=aggregate, best=best_index)
        names = [setting.removeprefix("param_") for setting in settings]
        titles = (names[0], names[1] if len(names) == 2 else "")
        return cls([found], titles, name.replace("_", " ")).plot(ax, **style)

    @validate_params({"colorbar": ["boolean"]}, prefer_skip_nested_validation=True)
    def plot(self, ax: Any = None, *, cmap: Any = "cividis", colorbar: bool = True) -> Self:
        """Draw the maps, all with the same colours.

        Parameters
        ----------
        ax : matplotlib Axes, array of them or None, default=None
            One for each panel, single axes to divide, or None for a new figure.
        cmap : str or Colormap, default="cividis"
            Colours of the cells.
        colorbar : bool, default=True
            Whether a bar tells what colours mean.

        Returns
        -------
        display : SettingsHeatmapDisplay
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        maps = [SettingsMap(*panel) for panel in self.maps]
        n_rows, n_columns = np.max([m.scores.shape for m in maps], axis=0)
        size = np.clip([2.6 + 0.42 * n_columns, 1.8 + 0.36 * n_rows], 2.4, 10.0)
        self.axes_ = several_panels(ax, len(maps), panel_size=(float(size[0]), float(size[1])))
        self.figure_ = self.axes_[0].figure
        self.ax_ = self.axes_[0] if ax is None or np.ndim(ax) else ax
        known = np.concatenate([m.scores[np.isfinite(m.scores)] for m in maps])
        limits = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        self.images_: list[Any] = []
        self.texts_: list[Any] = []
        self.frames_: list[Any] = []
        for axes, found in zip(self.axes_, maps, strict=True):
            self._draw(axes, found, limits, cmap)
        if colorbar:
            self.figure_.colorbar(self.images_[-1], ax=list(self.axes_), label=self.score_name)
        return self

    def _draw(self, ax: Any, found: SettingsMap, limits: tuple[float, float], cmap: Any) -> None:
        from matplotlib.patches import Rectangle

        texts = np.where(np.isnan(found.scores), "", np.char.mod("%.2f", found.scores))
        image, written = draw_cells(
            ax, found.scores, texts, rows=found.rows, columns=found.columns, limits=limits,
            cmap=cmap,
        )  # fmt: skip
        if not self.settings[1]:
            ax.set_yticks([])
        frame = None
        if found.marked is not None:
            i, j = found.marked
            frame = ax.add_patch(
                Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor="#d55e00", linewidth=2.5)
            )
            frame.set_clip_on(False)
        ax.set(title=found.title, xlabel=self.settings[0], ylabel=self.settings[1])
        self.images_.append(image)
        self.texts_.append(written)
        self.frames_.append(frame)


def _candidates(estimator: Any) -> tuple[dict[str, Any] | None, list[str]]:
    """Results of a search with a column for each parameter, and the parameters that differ."""
    if hasattr(estimator, "cv_results_"):
        results = dict(estimator.cv_results_)
        names = [str(key) for key in results if str(key).startswith("param_")]
    elif hasattr(estimator, "inferrers_"):
        params = [model.get_params(deep=False) for model in estimator.inferrers_]
        shared = [n for n in params[0] if all(n in own for own in params) and n != "random_state"]
        table = {n: _objects([own[n] for own in params]) for n in shared}
        results, names = table | estimator.results_, shared
    else:
        return None, []
    return results, [n for n in names if len({repr(v) for v in results[n]}) > 1]


def _objects(values: list[Any]) -> Any:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
