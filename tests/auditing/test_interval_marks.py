import math
from xml.etree import ElementTree

from skgroup.auditing._interval_marks import Axis
from skgroup.auditing._verdict import GroupScore, Score, Verdict


def places(svg):
    """Of each mark its class, and the numbers that say where it is."""
    root = ElementTree.fromstring(svg)
    return [
        (mark.get("class"), *(mark.get(k) for k in ("x1", "x2", "cx") if mark.get(k)))
        for mark in root
    ]


def test_marks_lie_where_the_scores_do():
    svg = Axis(0.0, 1.0).interval(Score(0.5, 0.25, 0.625), 0.9, "told", "own")
    assert places(svg) == [
        ("base", "0.00%", "100.00%"),
        ("tick", "90.00%", "90.00%"),
        ("span", "25.00%", "62.50%"),
        ("dot", "50.00%"),
    ]


def test_a_gap_goes_from_the_worst_group_to_the_average():
    svg = Axis(-1.0, 1.0).gap(0.0, 0.5, "told", "")
    assert places(svg)[1:] == [
        ("span", "50.00%", "75.00%"),
        ("tick", "75.00%", "75.00%"),
        ("dot", "50.00%"),
    ]


def test_pictures_say_what_they_show():
    svg = ElementTree.fromstring(Axis(0, 1).gap(0.1, 0.2, 'a "told" <b>', ""))
    assert (svg.get("role"), svg.get("aria-label")) == ("img", 'a "told" <b>')


def test_what_is_not_defined_is_not_drawn():
    nan = math.nan
    assert Axis(0, 1).gap(nan, 0.5, "", "") == ""
    kinds = [kind for kind, *_ in places(Axis(0, 1).interval(Score(nan, nan, nan), 0.5, "", ""))]
    assert kinds == ["base", "tick"]


def test_the_axis_goes_from_0_to_1_or_further():
    def axis(*values):
        score = Score(*values)
        return Axis.of([Verdict("m", score, (GroupScore(0, 1, score, score),))])

    assert axis(0.5, 0.4, 0.6) == Axis(0, 1)
    assert axis(3.0, -2.0, math.nan) == Axis(-2, 3)
