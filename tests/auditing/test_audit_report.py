import pickle
import sys

import pandas as pd
import pytest

from skgroup.metrics import group_scores, worst_group_accuracy, worst_group_interval


def test_the_frame_has_what_the_metrics_give_on_the_same_rows(planted, inferred):
    y, rows = planted[1], inferred.rows
    frames = []
    for name, predicted in inferred.predictions.items():
        own = group_scores(y[rows], predicted, inferred.groups[rows], as_frame=True)
        own.insert(0, "model", name)
        frames.append(own)
    pd.testing.assert_frame_equal(
        inferred.to_frame(), pd.concat(frames, ignore_index=True), check_exact=True
    )


def test_the_worst_group_is_that_of_the_metrics(planted, given):
    own, rows = given.verdicts[0], given.rows
    told = planted[1][rows], given.predictions["LogisticRegression"], given.groups[rows]
    assert own.worst.score.value == worst_group_accuracy(*told)
    assert (own.worst_score.low, own.worst_score.high) == worst_group_interval(*told)
    low = {g.group: g.score.value for g in own.groups}
    assert low[own.worst.group] == min(low.values())


def test_groups_have_titles(inferred, given):
    assert inferred.titles[0] == "group 0 (class no)"
    assert inferred.quoted_titles[3] == "group 3 (class yes)"
    assert given.titles["land"] == "land"
    assert given.quoted_titles["land"] == "\u2018land\u2019"


def test_the_findings_say_what_groups_may_stand_for_only_where_they_were_inferred(inferred, given):
    kinds = [f.kind for f in inferred.findings]
    assert "protected attributes" in kinds
    assert "protected attributes" not in [f.kind for f in given.findings]


def test_the_page_is_written_and_returned(inferred, tmp_path):
    path = tmp_path / "audit.html"
    text = inferred.to_html(path)
    assert path.read_text(encoding="utf-8") == text == inferred.to_html()
    assert inferred.to_html(str(path)).startswith("<!DOCTYPE html>")
    assert inferred._repr_html_() in text
    assert str(inferred) == inferred.summary()


def test_a_report_can_be_pickled(inferred):
    again = pickle.loads(pickle.dumps(inferred))
    assert again.to_html() == inferred.to_html()


def test_pandas_is_needed_for_the_frame_only(given, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert given.to_html()
    assert str(given)
    with pytest.raises(ImportError):
        given.to_frame()
