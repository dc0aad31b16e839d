"""A table of numbers as coloured cells."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup.displays._labels import LETTER, SMALLEST, font_size, label_columns, label_rows
from skgroup.displays._palette import ink_on
from skgroup.displays._panels import size_in_points

__all__ = ["draw_cells"]


def draw_cells(
    ax: Any,
    values: NDArray[np.float64],
    texts: NDArray[Any],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    limits: tuple[float, float],
    cmap: Any = "cividis",
) -> tuple[Any, NDArray[np.object_] | None]:
    """Draw `values` from the top left, NaN as grey; return the image and the texts.

    Cells too small for `texts` have none; then None stands for all of them.
    """
    from matplotlib import colormaps

    colours = (colormaps[cmap] if isinstance(cmap, str) else cmap).with_extremes(bad="0.88")
    image = ax.imshow(
        np.ma.masked_invalid(values), cmap=colours, vmin=limits[0], vmax=limits[1],
        aspect="auto", interpolation="nearest",
    )  # fmt: skip
    label_rows(ax, rows)
    label_columns(ax, columns)
    size = _text_size(ax, texts)
    if size < SMALLEST:
        return image, None
    written = np.empty(values.shape, dtype=object)
    for i, j in np.ndindex(*values.shape):
        ink = ink_on(image.to_rgba(np.ma.masked_invalid(values[i, j : j + 1]))[0][:3])
        written[i, j] = ax.text(
            j, i, texts[i, j], ha="center", va="center", color=ink, fontsize=size
        )
    return image, written


def _text_size(ax: Any, texts: NDArray[Any]) -> float:
    width, height = size_in_points(ax)
    longest = max(len(line) for text in texts.ravel() for line in text.split("\n"))
    n_lines = 1 + max(text.count("\n") for text in texts.ravel())
    room = 0.75 * min(
        height / len(texts) / n_lines, width / texts.shape[1] / (LETTER * max(1, longest))
    )
    return min(font_size(100.0), room)
