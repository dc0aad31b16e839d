from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skgroup.displays._end_labels import label_ends, spread


def test_values_that_are_apart_stay_and_close_ones_give_way_to_both_sides():
    assert spread(np.array([0.2, 0.8]), 0.1, 0, 1).tolist() == [0.2, 0.8]
    assert spread(np.array([0.5, 0.5]), 0.1, 0, 1) == pytest.approx([0.45, 0.55])
    assert spread(np.array([1.0, 0.0, 1.0]), 0.1, 0, 1) == pytest.approx([0.9, 0, 1.0])


@given(st.lists(st.floats(-1, 2), min_size=1, max_size=40), st.floats(0.001, 0.5))
def test_values_are_as_far_apart_as_asked_or_as_there_is_room(values, gap):
    found = spread(np.array(values), gap, 0.0, 1.0)
    assert found.min() >= -1e-12
    assert found.max() <= 1 + 1e-12
    order = np.argsort(values, kind="stable")
    assert np.all(np.diff(found[order]) >= min(gap, 1 / len(values)) - 1e-9)


def test_names_stand_right_of_the_ends_in_the_colours_of_the_lines():
    figure, ax = plt.subplots()
    lines = [ax.plot([1, 2], ends)[0] for ends in ([0, 1.0], [1, 0.0], [3, np.nan], [np.nan] * 2)]
    ax.set(xlim=(1, 2), ylim=(0, 4))
    texts = label_ends(ax, lines, ["a", "b", "c", "a long name of a group"])
    figure.canvas.draw()
    assert [t.get_position()[0] for t in texts] == [2.0] * 4
    assert [t.get_color() for t in texts] == [line.get_color() for line in lines]
    heights = [t.get_position()[1] for t in texts]
    assert heights[0] == pytest.approx(1, abs=0.3)
    assert heights[2] == 3
    boxes = [t.get_window_extent() for t in texts]
    right = ax.get_window_extent().x1
    assert all(box.x1 <= right for box in boxes)
    tops = sorted((box.y0, box.y1) for box in boxes)
    assert all(low[1] <= high[0] + 3 for low, high in pairwise(tops))
