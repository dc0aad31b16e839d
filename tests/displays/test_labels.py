import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Patch

from skgroup.displays._labels import (
    SMALLEST,
    column_name,
    font_size,
    label_columns,
    label_rows,
    legend_on_top,
    shorten,
    write_on,
)


def test_long_names_lose_their_middle_and_short_ones_nothing():
    assert shorten("short") == "short"
    assert shorten("abcdefghij", 5) == "ab…ij"
    assert shorten("abcdefghij", 10) == "abcdefghij"
    assert len(shorten("x" * 100)) == 36


@pytest.mark.parametrize(
    ("groups", "name"),
    [
        (pd.Series([1, 2], name="sex"), "sex"),
        (pd.Series([1, 2]), "group"),
        (pd.DataFrame({"sex": [1], "race": [2]}), "sex, race"),
        ([1, 2], "group"),
        (np.array([1, 2]), "group"),
    ],
)
def test_groups_are_called_what_pandas_calls_them(groups, name):
    assert column_name(groups, "group") == name


def test_letters_shrink_with_their_room_down_to_what_can_be_read():
    with plt.rc_context({"ytick.labelsize": 10}):
        assert font_size(100) == 10
        assert font_size(10) == 8
        assert font_size(1) == SMALLEST


def test_rows_are_labelled_in_order_with_their_tails():
    _, ax = plt.subplots(figsize=(12, 4))
    label_rows(ax, ["a", "x" * 50], [" (n = 3)", " (n = 4)"])
    assert ax.get_yticks().tolist() == [0, 1]
    first, second = (t.get_text() for t in ax.get_yticklabels())
    assert first == "a (n = 3)"
    assert second == shorten("x" * 50) + " (n = 4)"


def test_labels_that_do_not_fit_are_thinned_evenly():
    _, ax = plt.subplots(figsize=(3, 1))
    label_rows(ax, [str(i) for i in range(100)])
    shown = ax.get_yticks()
    assert 2 < len(shown) < 100
    assert len(set(np.diff(shown))) == 1
    assert [t.get_text() for t in ax.get_yticklabels()] == [str(int(i)) for i in shown]


def test_only_wide_names_of_columns_are_slanted():
    _, (narrow, wide) = plt.subplots(2)
    label_columns(narrow, ["a", "b"])
    label_columns(wide, ["a long name of a group"] * 12)
    assert {t.get_rotation() for t in narrow.get_xticklabels()} == {0}
    assert {t.get_rotation() for t in wide.get_xticklabels()} == {45}


@pytest.mark.parametrize(("n_rows", "n_handles"), [(1, 1), (4, 3), (30, 6)])
def test_the_legend_lies_above_the_rows(n_rows, n_handles):
    figure, ax = plt.subplots()
    handles = [Patch(label=f"model {i} with some figures 0.12") for i in range(n_handles)]
    extra = legend_on_top(ax, handles, n_rows)
    ax.set_ylim(n_rows - 0.5, -0.5 - extra)
    figure.canvas.draw()
    lowest = ax.get_legend().get_window_extent().y0
    assert lowest >= ax.transData.transform((0, -0.5))[1]
    assert len(ax.get_legend().get_texts()) == n_handles


def test_text_over_colours_is_at_its_height_and_has_a_white_rim():
    _, ax = plt.subplots()
    ax.set(xlim=(0, 10), ylim=(0, 10))
    left = write_on(ax, 0.5, 3, "a", 7, ha="left")
    centred = write_on(ax, 5, 3, "b", 7, ha="center")
    for text in (left, centred):
        place = text.get_transform().transform(text.get_position())
        np.testing.assert_allclose(place, ax.transData.transform((5, 3)))
        assert text.get_path_effects()
