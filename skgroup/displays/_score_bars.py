"""The bars of one model, one a group, with intervals, average and worst group."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skgroup.displays._labels import shorten

__all__ = ["ScoreBars", "draw_score_bars"]


class ScoreBars(NamedTuple):
    """What was drawn for one model."""

    bars: Any
    errorbar: Any
    average_line: Any
    worst_line: Any

    def legend_handle(self, name: str) -> Any:
        """A patch whose label tells both lines."""
        from matplotlib.patches import Patch

        lines = (self.average_line, self.worst_line)
        average, worst = (float(line.get_xdata()[0]) for line in lines)
        text = f"{shorten(name, 24)}: average {average:.2f} (– –), worst {worst:.2f} (···)"
        return Patch(color=self.bars[0].get_facecolor(), label=text)


def draw_score_bars(
    ax: Any,
    positions: NDArray[np.float64],
    scores: Mapping[str, NDArray],
    *,
    worst: int,
    average: float,
    style: dict[str, Any],
) -> ScoreBars:
    """Draw `scores`, with keys "value" and perhaps "low" and "high"; `worst` is hatched."""
    values, errorbar = scores["value"], None
    bars = ax.barh(positions, values, **style)
    if "low" in scores:
        lengths = np.array([values - scores["low"], scores["high"] - values])
        errorbar = ax.errorbar(
            values, positions, xerr=np.maximum(lengths, 0), fmt="none", ecolor="black",
            elinewidth=1, capsize=min(2.5, 15 / len(values)),
        )  # fmt: skip
    bars[worst].set(hatch="///", edgecolor="white", linewidth=0)
    ends = [round(positions[0]) - 0.5, round(positions[-1]) + 0.5]
    lines = {"color": bars[0].get_facecolor(), "linewidth": 1.3, "zorder": 0.9}
    (average_line,) = ax.plot([average] * 2, ends, linestyle="--", **lines)
    (worst_line,) = ax.plot([values[worst]] * 2, ends, linestyle=":", **lines)
    return ScoreBars(bars, errorbar, average_line, worst_line)
