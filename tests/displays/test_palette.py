import numpy as np
import pytest
from matplotlib.colors import to_rgb

from skgroup.displays._palette import NAMED_COLOURS, OUTLIER_COLOUR, ink_on, series_colours


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
