import warnings
from types import SimpleNamespace

import pytest

from skgroup.auditing._findings import (
    FEW_ROWS,
    PROTECTED,
    Finding,
    collect_warnings,
    doubts_of_scores,
    findings_of,
    protected_columns,
)
from skgroup.auditing._verdict import GroupScore, Score, Verdict
from skgroup.exceptions import MissingGroupsWarning, UnstableGroupsWarning, UnusableSplitWarning


def verdict(*groups, average=0.9):
    """Groups of (size, value, low, high), called 0, 1, and so on."""
    scores = [
        GroupScore(i, size, Score(*limits), Score(*limits))
        for i, (size, *limits) in enumerate(groups)
    ]
    return Verdict("m", Score(average, 0.8, 1.0), tuple(scores))


def kinds(*groups, titles=None, **kwargs):
    titles = titles or {i: f"group {i}" for i in range(len(groups))}
    return {f.kind: f.text for f in doubts_of_scores(verdict(*groups, **kwargs), titles)}


def test_large_groups_with_a_clear_gap_give_no_cause_for_doubt():
    assert kinds((500, 0.5, 0.45, 0.55), (500, 0.95, 0.93, 0.97)) == {}


def test_small_groups_are_named():
    clear = (500, 0.5, 0.45, 0.55)
    assert kinds(clear, (FEW_ROWS, 0.9, 0.85, 0.95)) == {}
    text = kinds(clear, (1, 0.9, 0.85, 0.95), (7, 0.9, 0.85, 0.95))["small groups"]
    assert text.startswith("group 1 has 1 row and group 2 has 7 rows to judge on.")


def test_wide_intervals_are_named():
    found = kinds((500, 0.5, 0.35, 0.55001), (500, 0.95, 0.93, 0.97))
    assert found["wide intervals"].startswith("group 0: the interval is wider than 0.2.")


def test_a_gap_within_the_interval_of_the_worst_group_is_none():
    found = kinds((500, 0.8, 0.75, 0.91), (500, 0.95, 0.93, 0.97))
    assert "no group is worse served" in found["no clear gap"]
    assert kinds((500, 0.8, 0.75, 0.91)) == {}  # a single group has no gap


def test_groups_that_are_not_judged_are_named():
    titles = {0: "a", 1: "b", "lost": "\u2018lost\u2019"}
    found = kinds((500, 0.5, 0.45, 0.55), (500, 0.95, 0.93, 0.97), titles=titles)
    assert found["groups without a row"].startswith("\u2018lost\u2019: there is no row")


@pytest.mark.parametrize(
    "name", ["sex", "Sex", "race_Other", "age", "age_at_arrest", "marital-status", "is_disabled"]
)
def test_protected_columns_are_known(name):
    assert PROTECTED.search(name)


@pytest.mark.parametrize("name", ["page", "essex", "average", "trace", "wages", "priors_count"])
def test_other_columns_are_not(name):
    assert not PROTECTED.search(name)


def described(*names):
    rule = SimpleNamespace(conditions=[SimpleNamespace(name=name) for name in names])
    return [SimpleNamespace(rules=[rule] if names else [])]


def test_rules_with_protected_columns_are_told():
    assert "use 'sex_Female': check" in protected_columns([], described("x", "sex_Female")).text
    assert "no rule names one" in protected_columns(["sex_Female"], described("x")).text
    assert protected_columns(["x"], described()).text.endswith("that go with one.")


def warn(found):
    with collect_warnings(found):
        warnings.warn("class 0 stays one group", UnusableSplitWarning, stacklevel=1)
        for _ in range(2):
            warnings.warn("they change.", UnstableGroupsWarning, stacklevel=1)
        warnings.warn("no groups", MissingGroupsWarning, stacklevel=1)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("of somebody else", DeprecationWarning, stacklevel=1)


@pytest.mark.parametrize("inferred", [True, False])
def test_findings_of_a_report(inferred):
    report = SimpleNamespace(
        is_fitted=not inferred, inferred=inferred, quoted_titles={0: "group 0"},
        verdicts=[verdict((5, 0.5, 0.45, 0.55))], descriptions=described(),
    )  # fmt: skip
    kinds = [f.kind for f in findings_of(report, [Finding("unstable groups", "they change.")], [])]
    expected = ["unstable groups", "small groups"]
    if inferred:
        assert kinds == [*expected, "protected attributes"]
    else:
        assert kinds == ["fitted model", *expected]


def test_our_warnings_become_findings_and_others_are_warned_of():
    found = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn(found)
    assert [str(w.message) for w in caught] == ["of somebody else"]
    assert found == [
        Finding("class without a split", "class 0 stays one group."),
        Finding("unstable groups", "they change."),
        Finding("trained without groups", "no groups."),
    ]


def test_a_finding_as_text():
    assert str(Finding("small groups", "a has 1 row.")) == "Small groups: a has 1 row."
