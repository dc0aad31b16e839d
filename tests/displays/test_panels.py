import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest

from skgroup.displays._panels import (
    one_panel,
    require_matplotlib,
    several_panels,
    size_in_points,
)


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    require_matplotlib("SomeDisplay.plot")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    text = r"SomeDisplay.plot draws with matplotlib.*`pip install 'skgroup\[plot\]'`"
    with pytest.raises(ImportError, match=text):
        require_matplotlib("SomeDisplay.plot")


def test_given_axes_are_used_and_no_figure_is_made():
    figure, ax = plt.subplots()
    assert one_panel(ax, (3, 2)) is ax
    assert several_panels(ax, 1, panel_size=(3, 2)).tolist() == [ax]
    assert plt.get_fignums() == [figure.number]
    assert ax.axison


def test_without_axes_a_figure_is_made_of_the_size_of_its_panels():
    assert one_panel(None, (3, 2)).figure.get_size_inches().tolist() == [3, 2]
    panels = several_panels(None, 5, panel_size=(3, 2), max_columns=3)
    assert panels[0].figure.get_size_inches().tolist() == [9, 4]
    assert [p.get_subplotspec().num1 for p in panels] == [0, 1, 2, 3, 4]


def test_one_axes_for_each_panel_are_taken_in_order():
    _, axes = plt.subplots(2, 2)
    assert several_panels(axes, 4, panel_size=(3, 2)).tolist() == axes.ravel().tolist()


@pytest.mark.parametrize("subplot", [True, False])
def test_single_axes_are_divided_and_the_panels_stay_inside(subplot):
    figure = plt.figure()
    box = [0.1, 0.2, 0.5, 0.6]
    ax = figure.add_subplot(1, 2, 2) if subplot else figure.add_axes(box)
    outer = ax.get_position()
    panels = several_panels(ax, 4, panel_size=(3, 2), max_columns=2)
    assert not ax.axison
    boxes = np.array([p.get_position().extents for p in panels])
    corners = [*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)]
    np.testing.assert_allclose(corners, outer.extents)


def test_what_is_no_axes_or_too_few_of_them_is_refused():
    figure, ax = plt.subplots()
    with pytest.raises(TypeError, match="must be matplotlib axes, got Figure"):
        one_panel(figure, (3, 2))
    with pytest.raises(TypeError, match="got str"):
        several_panels([ax, "b"], 2, panel_size=(3, 2))
    with pytest.raises(ValueError, match="ax has 1 axes, but there are 3 panels: pass 3 axes"):
        several_panels([ax], 3, panel_size=(3, 2))


def test_the_size_is_told_in_points():
    figure = plt.figure(figsize=(4, 2))
    ax = figure.add_axes((0.25, 0.25, 0.5, 0.25))
    assert size_in_points(ax) == pytest.approx((4 * 0.5 * 72, 2 * 0.25 * 72))
