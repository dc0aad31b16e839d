"""Names of groups and columns, and how they fit on axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skgroup.displays._panels import size_in_points

__all__ = [
    "column_name",
    "font_size",
    "label_columns",
    "label_rows",
    "legend_on_top",
    "shorten",
    "write_on",
]

# Letters are about so wide, as a share of the font size, and labels this small still legible.
LETTER, SMALLEST = 0.55, 4.5


def shorten(text: str, width: int = 36) -> str:
    """Leave out the middle of long text: the ends of crossed names tell them apart."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail].rstrip()}…{text[-tail:].lstrip()}"


def column_name(groups: Any, default: str) -> str:
    """What a Series or the columns of a frame are called; `default` for other labels."""
    if hasattr(groups, "columns"):
        return ", ".join(map(str, groups.columns))
    name = getattr(groups, "name", None)
    return default if name is None else str(name)


def font_size(room: float, setting: Any = "ytick.labelsize") -> float:
    """The configured size, or a smaller one for lines of text that have `room` points each."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties

    usual = FontProperties(size=rcParams[setting]).get_size_in_points()
    return max(SMALLEST, min(usual, 0.8 * room))


def label_rows(
    ax: Any, names: Sequence[str], tails: Sequence[str] | None = None, *, extra: float = 0.0
) -> None:
    """Label rows 0, 1, ... of axes; `extra` rows are free. What does not fit is left out.

    Long names are shortened, the `tails` behind them are not.
    """
    width, height = size_in_points(ax)
    room = height / (len(names) + extra)
    size = font_size(room)
    letters = int(np.clip(0.5 * width / (LETTER * size), 12, 36))  # what is left is for the rows
    shown = range(0, len(names), _step(size, room))
    ends = [""] * len(names) if tails is None else tails
    ax.set_yticks(shown, [shorten(names[i], letters) + ends[i] for i in shown], fontsize=size)


def label_columns(ax: Any, names: Sequence[str]) -> None:
    """Label columns 0, 1, ... of axes, slanted where names are wider than their columns."""
    room = size_in_points(ax)[0] / len(names)
    size = font_size(room, "xtick.labelsize")
    short = [shorten(name, 24) for name in names]
    # A colour bar and long names of rows will take their share of the width.
    wide = max(map(len, short)) * LETTER * size > 0.7 * room
    shown = range(0, len(names), _step(size, room))
    slant: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(shown, [short[i] for i in shown], fontsize=size, **(slant if wide else {}))


def _step(size: float, room: float) -> int:
    return max(1, int(np.ceil(size / max(room, 1e-6))))


def legend_on_top(ax: Any, handles: list[Any], n_rows: float) -> float:
    """A legend inside the axes, above `n_rows` rows; return how many rows it takes.

    Outside of the axes it would be cut off, or lie over a title.
    """
    width, height = size_in_points(ax)
    longest = LETTER * max(len(str(handle.get_label())) for handle in handles) + 4
    size = font_size(min(height / 12, width / (0.8 * longest)), "legend.fontsize")
    size = min(size, 8.5)
    n_columns = int(np.clip(width // (longest * size), 1, len(handles)))
    ax.legend(
        handles=handles, loc="upper left", ncols=n_columns, fontsize=size, frameon=False,
        borderaxespad=0.2,
    )  # fmt: skip
    lines = -(-len(handles) // n_columns)
    share = min(0.6, (1.5 * lines + 1) * size / height)
    return n_rows * share / (1 - share)


def write_on(ax: Any, x: float, y: float, text: str, size: float, *, ha: str) -> Any:
    """Write over coloured things, at height `y`; a left-aligned `x` is a share of the width."""
    from matplotlib import patheffects

    place = ax.get_yaxis_transform() if ha == "left" else ax.transData
    glow = [patheffects.withStroke(linewidth=2, foreground="white")]
    written = ax.text(
        x, y, text, fontsize=size, ha=ha, va="center", transform=place, path_effects=glow
    )
    written.set_in_layout(False)  # it stays inside, and must not push axes apart
    return written
