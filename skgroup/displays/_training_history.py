from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skgroup._groups import group_name
from skgroup._sklearn import validate_params
from skgroup.displays._end_labels import label_ends
from skgroup.displays._palette import series_colours
from skgroup.displays._panels import require_matplotlib, several_panels, size_in_points

__all__ = ["TrainingHistoryDisplay"]

# Curves of each group, their name, and the record of the average that belongs to them.
PANELS = {
    "group_loss": ("training loss", "train_loss"),
    "group_accuracy": ("training accuracy", "train_accuracy"),
    "valid_group_accuracy": ("validation accuracy", "valid_accuracy"),
    "group_weights": ("group weight", None),
}


class TrainingHistoryDisplay:
    """How each group fared over the epochs of a training, and what it weighed.

    One panel for each of what was recorded: losses and accuracies of the training rows, accuracies
    of the validation rows, and group weights where the method has any. A dashed black line is the
    average over rows; a grey vertical line is the epoch whose weights were kept by early stopping.

    Parameters
    ----------
    history : mapping from str to ndarray
        The `history_` of a classifier: one row an epoch.
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
    lines_ : dict of str to list of Line2D
        For every record drawn ("group_loss", "group_accuracy", "valid_group_accuracy" and
        "group_weights", where they are there) one curve a group.
    average_lines_ : dict of str to Line2D
        The averages, under the same keys.
    best_epoch_ : int or None
        The epoch kept, counted from 1; None without early stopping.

    Notes
    -----
    Methods in two stages record the second; averages are those of all rows, whatever rows weigh.

    Examples
    --------
    >>> from skgroup import GroupDROClassifier
    >>> from skgroup.datasets import make_shortcut_classification
    >>> from skgroup.displays import TrainingHistoryDisplay
    >>> X, y, groups = make_shortcut_classification(200, random_state=0)
    >>> clf = GroupDROClassifier(max_epochs=3, random_state=0).fit(X, y, groups=groups)
    >>> display = TrainingHistoryDisplay.from_estimator(clf)
    >>> list(display.lines_)
    ['group_loss', 'group_accuracy', 'group_weights']
    >>> display.lines_["group_weights"][0].get_ydata().shape
    (3,)
    """

    def __init__(self, history: Mapping[str, NDArray], names: Sequence[str]):
        self.history = history
        self.names = names

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None, **style: Any) -> Self:
        """Draw the training of a fitted classifier.

        Parameters
        ----------
        estimator : fitted classifier, or pipeline or search that ends in one
            One that trains a network.
        ax : matplotlib Axes, array of them or None, default=None
            One for each panel, single axes to divide, or None for a new figure.
        **style
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : TrainingHistoryDisplay

        Raises
        ------
        TypeError
            If the classifier keeps no history.
        NotFittedError
            If it is not fitted.
        ValueError
            If its history is empty, because it fitted a scikit-learn classifier.
        ImportError
            If matplotlib is not installed.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        estimator = getattr(estimator, "best_estimator_", estimator)
        last = estimator[-1] if hasattr(estimator, "named_steps") else estimator
        check_is_fitted(last)
        if not hasattr(last, "history_"):
            raise TypeError(
                f"{type(last).__name__} keeps no history_: pass a classifier that trains a "
                "network, such as GroupDROClassifier."
            )
        names = [group_name(label) for label in last.group_labels_.tolist()]
        return cls.from_history(last.history_, names, ax=ax, **style)

    @classmethod
    def from_history(
        cls,
        history: Mapping[str, Any],
        names: Sequence[str] | None = None,
        *,
        ax: Any = None,
        **style: Any,
    ) -> Self:
        """Draw a history.

        Parameters
        ----------
        history : mapping from str to array-like
            One row an epoch, with at least one of "group_loss", "group_accuracy",
            "valid_group_accuracy" and "group_weights" of shape (n_epochs, n_groups).
        names : sequence of str, default=None
            Names of the groups. None: their numbers. Groups beyond the last name, as only
            validation data have, are called "new 1" and so on.
        ax : matplotlib Axes, array of them or None, default=None
            One for each panel, single axes to divide, or None for a new figure.
        **style
            Further arguments of :meth:`plot`.

        Returns
        -------
        display : TrainingHistoryDisplay

        Raises
        ------
        ValueError
            If nothing of a group was recorded, or records differ in length.
        ImportError
            If matplotlib is not installed.
        """
        require_matplotlib(f"{cls.__name__}.from_history")
        records = {name: np.asarray(values) for name, values in history.items()}
        drawn = [records[name] for name in PANELS if name in records]
        widths = [values.shape[1] for values in drawn if values.ndim == 2]
        lengths = sorted({len(values) for values in records.values()})
        if not widths or lengths[0] == 0:
            raise ValueError(
                f"history has no epoch of {', '.join(PANELS)} (it has: {sorted(records) or None}): "
                "pass the history_ of a classifier that trained a network."
            )
        if len(lengths) > 1:
            raise ValueError(f"history has records of different lengths: {lengths}.")
        n, known = max(widths), list(map(str, range(max(widths)) if names is None else names))
        return cls(records, known + [f"new {i + 1}" for i in range(n - len(known))]).plot(
            ax, **style
        )

    @validate_params({"panels": [list, tuple, None]}, prefer_skip_nested_validation=True)
    def plot(self, ax: Any = None, *, panels: Sequence[str] | None = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, array of them or None, default=None
            One for each panel, single axes to divide, or None for a new figure.
        panels : list of str, default=None
            What to draw, among the keys of `lines_`. None: all that was recorded.

        Returns
        -------
        display : TrainingHistoryDisplay
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        drawn = self._panels(panels)
        size = (4.6, float(np.clip(0.16 * len(self.names), 3.4, 7)))
        self.axes_ = several_panels(ax, len(drawn), panel_size=size, max_columns=2)
        self.figure_ = self.axes_[0].figure
        self.ax_ = self.axes_[0] if ax is None or np.ndim(ax) else ax
        best = np.flatnonzero(self.history.get("valid_best", []))
        self.best_epoch_ = int(best[-1]) + 1 if len(best) else None
        self.lines_: dict[str, list[Any]] = {}
        self.average_lines_: dict[str, Any] = {}
        for axes, name in zip(self.axes_, drawn, strict=True):
            self._draw(axes, name)
        return self

    def _panels(self, wanted: Sequence[str] | None) -> list[str]:
        recorded = [name for name in PANELS if name in self.history]
        unknown = [name for name in wanted or [] if name not in recorded]
        if unknown or (wanted is not None and len(wanted) == 0):
            raise ValueError(f"panels must be some of {recorded}, got {wanted!r}.")
        return recorded if wanted is None else list(wanted)

    def _draw(self, ax: Any, name: str) -> None:
        curves, (title, average) = self.history[name], PANELS[name]
        epochs, colours = np.arange(1, len(curves) + 1), series_colours(len(self.names))
        ax.set_xlim(0.5, max(1.5, len(curves)))
        style: dict[str, Any] = {"marker": "." if len(curves) < 3 else None}
        self.lines_[name] = [
            ax.plot(epochs, curve, color=colours[g], **style)[0] for g, curve in enumerate(curves.T)
        ]
        lines, names = list(self.lines_[name]), list(self.names[: len(curves.T)])
        if average is not None and average in self.history:
            style |= {"color": "black", "linestyle": "--"}
            (line,) = ax.plot(epochs, self.history[average], **style)
            self.average_lines_[name] = line
            lines, names = [*lines, line], [*names, "average"]
        kept = ""
        if self.best_epoch_ is not None:
            ax.axvline(self.best_epoch_, color="0.75", linewidth=3, zorder=0.5)
            kept = f" (grey: {self.best_epoch_}, the one kept)"
        ax.set(xlabel=f"epoch{kept}", ylabel=title, xticks=_ticks(ax, len(epochs)))
        label_ends(ax, lines, names)


def _ticks(ax: Any, n_epochs: int) -> NDArray[np.int64]:
    """A few whole epochs, none after the last."""
    from matplotlib.ticker import MaxNLocator

    n_ticks = int(np.clip(size_in_points(ax)[0] / 45, 2, 6))
    found = MaxNLocator(n_ticks, integer=True).tick_values(1, n_epochs)
    whole = np.unique(np.rint(found).astype(np.int64))
    return whole[(whole >= 1) & (whole <= n_epochs)]
