import matplotlib.pyplot as plt
import numpy as np
import pytest

from skgroup.displays._score_bars import draw_score_bars

SCORES = {
    "value": np.array([0.9, 0.5, 0.7]),
    "low": np.array([0.8, 0.2, 0.6]),
    "high": np.array([1.0, 0.6, 0.9]),
}


def draw(scores, **changes):
    _, ax = plt.subplots()
    settings = {"worst": 1, "average": 0.75, "style": {"color": "#0072b2"}} | changes
    return draw_score_bars(ax, np.arange(3) - 0.2, scores, **settings)


def test_bars_intervals_and_lines_have_the_values():
    drawn = draw(SCORES)
    assert [bar.get_width() for bar in drawn.bars] == [0.9, 0.5, 0.7]
    segments = np.array(drawn.errorbar.lines[2][0].get_segments())
    np.testing.assert_allclose(segments[:, 0, 0], SCORES["low"])
    np.testing.assert_allclose(segments[:, 1, 0], SCORES["high"])
    assert drawn.average_line.get_xydata().tolist() == [[0.75, -0.5], [0.75, 2.5]]
    assert drawn.worst_line.get_xydata().tolist() == [[0.5, -0.5], [0.5, 2.5]]


def test_only_the_worst_bar_is_hatched():
    assert [bool(bar.get_hatch()) for bar in draw(SCORES).bars] == [False, True, False]


def test_without_intervals_and_with_undefined_scores():
    drawn = draw({"value": np.array([0.9, 0.5, np.nan])})
    assert drawn.errorbar is None
    assert drawn.bars[0].get_width() == 0.9


def test_the_legend_tells_both_lines():
    handle = draw(SCORES).legend_handle("ERM")
    assert handle.get_label().startswith("ERM: average 0.75")
    assert "worst 0.50" in handle.get_label()
    assert handle.get_facecolor() == pytest.approx((0, 0x72 / 255, 0xB2 / 255, 1))
