from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skgroup._grouped_array import get_groups
from skgroup._groups import group_name
from skgroup._sklearn import StrOptions, validate_params
from skgroup.displays._labels import column_name, label_rows, legend_on_top
from skgroup.displays._palette import series_colours
from skgroup.displays._panels import one_panel, require_matplotlib
from skgroup.displays._score_bars import ScoreBars, draw_score_bars
from skgroup.displays._score_models import named_models, responses, score_models
from skgroup.exceptions import GroupsError

__all__ = ["GroupScoresDisplay"]

LOWER_IS_BETTER = ("error_rate", "zero_one_loss", "log_loss", "brier_score_loss")


class GroupScoresDisplay:
    """Scores of every group with confidence intervals, for one model or several side by side.

    A dashed line is the score on all rows that have a group, a dotted one that of the worst group,
    whose bar is hatched. Each interval holds for its own group: among many, some miss.

    Parameters
    ----------
    scores : mapping from str to dict
        For every model what :func:`skgroup.metrics.group_scores` returns for one metric. All
        models have the same groups.
    metric_name : str
        Name of the metric, which is the key of its values in `scores`.
    averages : mapping from str to float
        For every model the score on all rows that have a group.
    greater_is_better : bool, default=True
        Whether the worst group has the lowest score, or else the highest.
    groups_name : str, default="group"
        What the groups are, for the label of the axis.
    confidence : float, default=0.95
        Level of the intervals, for the label of the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars; groups go down.
    figure_ : matplotlib Figure
        Its figure.
    groups_ : ndarray
        Labels of the groups in the order drawn, the first on top.
    bars_ : dict of str to BarContainer
        The bars of each model, in the order of `groups_`.
    errorbars_ : dict of str to ErrorbarContainer
        The intervals of each model; empty where there are none.
    average_lines_, worst_lines_ : dict of str to Line2D
        The vertical lines of each model.

    See Also
    --------
    skgroup.metrics.worst_group_interval : Interval of the worst group, whichever that is.

    Examples
    --------
    >>> from skgroup.displays import GroupScoresDisplay
    >>> y_true, groups = [0, 0, 1, 1], ["a", "a", "b", "b"]
    >>> display = GroupScoresDisplay.from_predictions(
    ...     y_true, {"ERM": [0, 0, 1, 0], "robust": [0, 1, 1, 1]}, groups
    ... )
    >>> [float(bar.get_width()) for bar in display.bars_["robust"]]
    [0.5, 1.0]
    >>> display.ax_.get_xlabel()
    'accuracy with 95 % intervals'
    """

    def __init__(
        self,
        scores: Mapping[str, Mapping[str, Any]],
        metric_name: str,
        averages: Mapping[str, float],
        *,
        greater_is_better: bool = True,
        groups_name: str = "group",
        confidence: float = 0.95,
    ):
        self.scores = scores
        self.metric_name = metric_name
        self.averages = averages
        self.greater_is_better = greater_is_better
        self.groups_name = groups_name
        self.confidence = confidence

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        groups: Any = None,
        *,
        response_method: str = "predict",
        ax: Any = None,
        **settings: Any,
    ) -> Self:
        """Let one or several fitted classifiers predict, and draw their scores in each group.

        Parameters
        ----------
        estimator : fitted classifier, or mapping from name to fitted classifier
            The models to compare.
        X : array-like of shape (n_samples, n_features)
            Samples that the models have not seen.
        y : array-like of shape (n_samples,)
            Their classes.
        groups : array-like of shape (n_samples,), or several columns, default=None
            Their groups. None: those that X carries.
        response_method : str, default="predict"
            What gives the metric its values: "predict", "predict_proba" (of two classes the
            column of the second) or "decision_function".
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.
        **settings
            Further arguments of :meth:`from_predictions`.

        Returns
        -------
        display : GroupScoresDisplay

        Raises
        ------
        GroupsError
            If there are no groups, or they do not fit.
        TypeError
            If a model does not have the `response_method`.
        ImportError
            If matplotlib is not installed.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        groups = get_groups(X) if groups is None else groups
        if groups is None:
            raise GroupsError(
                "groups was not given and X carries none: pass one label per row, such as those "
                "of an inferrer's `predict(X, y)`."
            )
        found = responses(named_models(estimator, "estimator"), X, response_method)
        return cls.from_predictions(y, found, groups, ax=ax, **settings)

    @classmethod
    @validate_params(
        {
            "y_true": ["array-like"],
            "y_pred": ["array-like", Mapping],
            "metric": [str, callable],
            "greater_is_better": [StrOptions({"auto"}), "boolean"],
        },
        prefer_skip_nested_validation=False,
    )
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: Any,
        groups: Any,
        *,
        metric: Any = "accuracy",
        sample_weight: ArrayLike | None = None,
        interval: str | None = "auto",
        confidence: float = 0.95,
        n_resamples: int = 1000,
        random_state: Any = None,
        greater_is_better: bool | str = "auto",
        ax: Any = None,
        **style: Any,
    ) -> Self:
        """Draw the scores of one or several arrays of predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True classes.
        y_pred : array-like, or mapping from name to array-like
            What the metric expects, of one model or of several.
        groups : array-like of shape (n_samples,), or several columns
            Group labels; several columns are crossed. Outliers (-1 or missing) are left out.
        metric : str or callable, default="accuracy"
            One of the `metrics` of :func:`skgroup.metrics.group_scores`.
        sample_weight, interval, confidence, n_resamples, random_state : optional
            As in :func:`skgroup.metrics.group_scores`.
        greater_is_better : bool or "auto", default="auto"
            Whether the worst group has the lowest score. "auto": not for error rates and losses.
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.
        **style
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : GroupScoresDisplay

        Raises
        ------
        GroupsError
            If there are no rows, or `groups` does not fit them or holds outliers only.
        ValueError
            If there is no model, or the metric is unknown.
        ImportError
            If matplotlib is not installed.
        """
        require_matplotlib(f"{cls.__name__}.from_predictions")
        options = {
            "metrics": metric, "sample_weight": sample_weight, "interval": interval,
            "confidence": confidence, "n_resamples": n_resamples, "random_state": random_state,
        }  # fmt: skip
        models = named_models(y_pred, "y_pred")
        name, scores, averages = score_models(y_true, models, groups, options)
        if greater_is_better == "auto":
            greater_is_better = name not in LOWER_IS_BETTER
        return cls(
            scores, name, averages, greater_is_better=bool(greater_is_better),
            groups_name=column_name(groups, "group"), confidence=confidence,
        ).plot(ax, **style)  # fmt: skip

    @validate_params(
        {"sort_by": [StrOptions({"label", "score", "size"})], "bar_kw": [dict, None]},
        prefer_skip_nested_validation=True,
    )
    def plot(
        self, ax: Any = None, *, sort_by: str = "label", bar_kw: dict[str, Any] | None = None
    ) -> Self:
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None: a new figure.
        sort_by : {"label", "score", "size"}, default="label"
            What is on top: the first label, the first model's worst group, or the smallest group.
        bar_kw : dict, default=None
            Further arguments of ``Axes.barh``.

        Returns
        -------
        display : GroupScoresDisplay
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        order, n_models = self._order(sort_by), len(self.scores)
        self.groups_ = next(iter(self.scores.values()))["group"][order]
        names = [group_name(g) for g in self.groups_.tolist()]
        self.ax_ = one_panel(ax, _figure_size(names, n_models))
        self.figure_ = self.ax_.figure
        drawn = {}
        for i, name in enumerate(self.scores):
            style = {"color": series_colours(n_models)[i], "height": 0.74 / n_models}
            positions = np.arange(len(order)) + 0.8 * ((i + 0.5) / n_models - 0.5)
            drawn[name] = self._draw(name, order, positions, style | (bar_kw or {}))
        self.bars_ = {name: model.bars for name, model in drawn.items()}
        self.errorbars_ = {name: m.errorbar for name, m in drawn.items() if m.errorbar is not None}
        self.average_lines_ = {name: model.average_line for name, model in drawn.items()}
        self.worst_lines_ = {name: model.worst_line for name, model in drawn.items()}
        self._label(names, order, [model.legend_handle(name) for name, model in drawn.items()])
        return self

    def _order(self, sort_by: str) -> NDArray[np.intp]:
        first = next(iter(self.scores.values()))
        badness, sizes = self._badness(first), first["size"]
        key = {"label": np.arange(len(sizes)), "score": badness, "size": sizes}[sort_by]
        return np.argsort(key, kind="stable")

    def _badness(self, scores: Mapping[str, Any]) -> NDArray[np.float64]:
        """The lower, the worse; undefined scores come last."""
        values = scores[self.metric_name] * (1.0 if self.greater_is_better else -1.0)
        return np.where(np.isnan(values), np.inf, values)

    def _draw(self, name: str, order: NDArray, positions: NDArray, style: dict) -> ScoreBars:
        scores, metric = self.scores[name], self.metric_name
        keys = {"value": metric, "low": f"{metric}_low", "high": f"{metric}_high"}
        return draw_score_bars(
            self.ax_, positions,
            {key: scores[column][order] for key, column in keys.items() if column in scores},
            worst=int(np.argmin(self._badness(scores)[order])), average=self.averages[name],
            style=style,
        )  # fmt: skip

    def _label(self, names: list[str], order: NDArray, handles: list[Any]) -> None:
        ax, sizes = self.ax_, next(iter(self.scores.values()))["size"][order]
        extra = legend_on_top(ax, handles, len(order))
        ax.set_ylim(len(order) - 0.5, -0.5 - extra)
        label_rows(ax, names, [f" (n = {n})" for n in sizes], extra=extra)
        note = f" with {100 * self.confidence:g} % intervals" if self.errorbars_ else ""
        ax.set(xlabel=self.metric_name.replace("_", " ") + note, ylabel=self.groups_name)
        if ax.dataLim.x0 >= 0 and ax.dataLim.x1 <= 1:
            ax.set_xlim(0, 1.005)


def _figure_size(names: list[str], n_models: int) -> tuple[float, float]:
    height = 1.4 + len(names) * (0.16 + 0.09 * n_models)
    width = 6.0 + 0.06 * min(36, max(map(len, names)))
    return width, float(np.clip(height, 2.2, 14.0))
