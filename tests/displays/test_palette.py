import numpy as np
import pytest
from matplotlib.colors import to_rgb

from skgroup.displays._palette import (
    NAMED_COLOURS,
    OUTLIER_COLOUR,
    colours_by_panel,
    ink_on,
    series_colours,
)


@pytest.mark.parametrize("n", [1, 4, 8])
def test_few_series_get_the_named_colours(n):
    assert series_colours(n) == list(NAMED_COLOURS[:n])


@pytest.mark.parametrize("n", [9, 30, 100])
def test_many_series_get_as_many_colours_of_rising_lightness(n):
    colours = series_colours(n)
    assert len(set(colours)) == n
    luminance = np.array([to_rgb(c) for c in colours]) @ [0.2126, 0.7152, 0.0722]
    assert np.all(np.diff(luminance) > -0.005)
    assert luminance[-1] < 0.85  # not lost on white


def test_no_series_looks_like_outliers():
    assert OUTLIER_COLOUR not in [*series_colours(8), *series_colours(30)]


@pytest.mark.parametrize(
    ("colour", "ink"),
    [("white", "black"), ("black", "white"), ("#0072b2", "white"), ("#f0e442", "black")],
)
def test_text_contrasts_with_what_is_behind_it(colour, ink):
    assert ink_on(colour) == ink


def test_groups_keep_their_colour_unless_each_panel_can_have_the_palette():
    few = colours_by_panel([np.array([-1, 0, 1]), np.array([1, 2])], 3)
    assert few[0] == {-1: OUTLIER_COLOUR, 0: NAMED_COLOURS[0], 1: NAMED_COLOURS[1]}
    assert few[1] == {-1: OUTLIER_COLOUR, 1: NAMED_COLOURS[1], 2: NAMED_COLOURS[2]}
    apart = colours_by_panel([np.arange(6), np.arange(6, 12)], 12)
    assert [apart[1][g] for g in range(6, 12)] == list(NAMED_COLOURS[:6])
    crossing = colours_by_panel([np.arange(12), np.arange(12)], 12)
    assert crossing[0] == crossing[1]
    assert [crossing[0][g] for g in range(12)] == series_colours(12)
