import numpy as np
import pytest
from sklearn.metrics import f1_score

from skgroup.auditing._verdict import Measure, Verdict
from skgroup.metrics import bootstrap_interval, group_scores, wilson_interval, worst_group_interval

Y = np.tile([0, 1], 30)
PRED = np.where(np.arange(60) % 7 == 0, 1 - Y, Y)
GROUPS = np.repeat([0, 1, 2, -1], [30, 15, 10, 5])
LABELS = ["a", "b", ("c", 1)]
ACCURACY = Measure("accuracy", "accuracy", 0.9, 50, 0)


def test_scores_are_those_of_the_metrics():
    verdict = Verdict.judge("m", Y, PRED, GROUPS, LABELS, ACCURACY)
    expected = group_scores(Y, PRED, GROUPS, confidence=0.9)
    assert [g.group for g in verdict.groups] == LABELS
    assert [g.size for g in verdict.groups] == expected["size"].tolist()
    for name, end in (("accuracy", "value"), ("accuracy_low", "low"), ("accuracy_high", "high")):
        assert [getattr(g.score, end) for g in verdict.groups] == expected[name].tolist()


def test_the_average_counts_outliers_too():
    average = Verdict.judge("m", Y, PRED, GROUPS, LABELS, ACCURACY).average
    right = int((Y == PRED).sum())
    assert average.value == right / 60
    assert (average.low, average.high) == pytest.approx(wilson_interval(right, 60, 0.9))


def test_the_interval_of_the_worst_group_allows_for_its_having_been_picked():
    verdict = Verdict.judge("m", Y, PRED, GROUPS, LABELS, ACCURACY)
    worst = verdict.worst_score
    expected = worst_group_interval(Y, PRED, GROUPS, confidence=0.9)
    assert (worst.low, worst.high) == pytest.approx(expected, abs=1e-12)
    assert worst.value == min(g.score.value for g in verdict.groups)
    assert verdict.gap == pytest.approx(verdict.average.value - worst.value)


def test_other_metrics_have_intervals_by_the_bootstrap():
    measure = Measure("f1", f1_score, 0.9, 50, 7)
    rows = GROUPS == 0
    (found, *_), average = (
        (v := Verdict.judge("m", Y, PRED, GROUPS, LABELS, measure)).groups,
        v.average,
    )
    assert found.score.value == f1_score(Y[rows], PRED[rows])
    everything = bootstrap_interval(
        f1_score, Y, PRED, confidence=0.9, n_resamples=50, random_state=7
    )
    assert (average.low, average.high) == everything


def test_a_metric_that_cannot_be_used_is_an_error_before_anything_else():
    with pytest.raises(ValueError, match="average='binary'"):
        Measure("f1", "f1", 0.95, 10, 0).check(np.array([0, 1, 2]))
    ACCURACY.check(np.array(["a", "b"]))


def test_scores_as_text():
    verdict = Verdict.judge("m", [0, 1], [0, 1], np.array([0, 0]), ["a"], ACCURACY)
    assert str(verdict.average).startswith("1.000 [0.4")
