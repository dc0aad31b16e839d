"""Colours that colour-blind readers tell apart, and markers besides."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NAMED_COLOURS", "OUTLIER_COLOUR", "colours_by_panel", "ink_on", "series_colours"]

# The palette of Okabe and Ito. Black is kept for outliers, and a grey takes its place.
NAMED_COLOURS = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#f0e442",
    "#7f7f7f",
)
OUTLIER_COLOUR = "#000000"


def series_colours(n: int) -> list[str]:
    """One colour for each of `n` series: the palette, or beyond it steps of even lightness.

    The steps have an order, but neighbours look alike: label them.
    """
    if n <= len(NAMED_COLOURS):
        return list(NAMED_COLOURS[:n])
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    # The light end would be lost on white.
    return [to_hex(colormaps["viridis"](0.92 * i / (n - 1))) for i in range(n)]


def colours_by_panel(codes: list[NDArray[np.int64]], n: int) -> list[dict[int, str]]:
    """Colours of the groups of each panel, 0 to n - 1, and of outliers, -1.

    A group has one colour in all panels. Where `n` is too large for the palette, but no panel has
    a group of another, each panel starts the palette anew.
    """
    present = [np.unique(own[own >= 0]).tolist() for own in codes]
    crossing = sum(map(len, present)) > len(set().union(*present))
    colours = dict(enumerate(series_colours(n)))
    if n > len(NAMED_COLOURS) and not crossing:
        for own in present:
            colours |= dict(zip(own, series_colours(len(own)), strict=True))
    return [{-1: OUTLIER_COLOUR} | {group: colours[group] for group in own} for own in present]


def ink_on(colour: Any) -> str:
    """Black or white, whichever is read better on `colour`."""
    from matplotlib.colors import to_rgb

    # Relative luminance, and where contrast with black equals that with white.
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if luminance > 0.179 else "white"
