"""Names at the ends of curves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup.displays._labels import LETTER, font_size, shorten
from skgroup.displays._panels import size_in_points

__all__ = ["label_ends", "spread"]


def label_ends(ax: Any, lines: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """Write each name in the colour of its line, right of its end and clear of the others."""
    width, height = size_in_points(ax)
    short = [shorten(name, 18) for name in names]
    longest = max(map(len, short)) * LETTER + 1
    size = font_size(min(height / len(lines), 0.5 * width / longest))
    low, high = ax.get_ylim()
    ends = np.array([_last(line.get_ydata()) for line in lines])
    line_height = 1.1 * size / height * (high - low)
    places = spread(ends, line_height, low + line_height / 2, high - line_height / 2)
    left, right = ax.get_xlim()
    share = min(0.45, longest * size / width)
    ax.set_xlim(left, left + (right - left) / (1 - share))
    return [
        ax.text(
            right, y, f" {name}", color=line.get_color(), fontsize=size, ha="left", va="center",
        )
        for y, name, line in zip(places, short, lines, strict=True)
    ]  # fmt: skip


def _last(values: Any) -> float:
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    return float(known[-1]) if len(known) else 0.0


def spread(values: NDArray[np.float64], gap: float, low: float, high: float) -> NDArray[np.float64]:
    """Move values apart so that neighbours differ by `gap`, or less where there is no room."""
    gap = min(gap, (high - low) / max(1, len(values)))
    order = np.argsort(values, kind="stable")
    steps = gap * np.arange(len(values))
    # Sorted values that differ by the gap are those that rise once the steps are taken off.
    risen = np.maximum.accumulate(values[order] - steps)
    fallen = np.minimum.accumulate((values[order] - steps)[::-1])[::-1]
    middle = np.clip((risen + fallen) / 2 + steps, low + steps, high - steps[::-1])
    found = np.empty(len(values))
    found[order] = middle
    return found
