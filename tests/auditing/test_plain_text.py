import re

from skgroup.auditing._plain_text import WIDTH, headline, percent


def test_the_headline_has_the_figures(inferred, given):
    own, other = inferred.verdicts
    text = headline(inferred)
    assert f"an accuracy of {own.average.value:.3f} on 360 held-out rows" in text
    assert f"{own.worst.score.value:.3f} in the worst of 4 inferred groups" in text
    assert f"{other.name} has {other.worst.score.value:.3f} in its worst group" in text
    worst = given.verdicts[0].worst.group
    assert f"4 given groups, \u2018{worst}\u2019: a gap of {given.verdicts[0].gap:.3f}." in (
        headline(given)
    )


def test_the_text_has_every_part_and_every_score(inferred):
    text = str(inferred)
    for title in ("Models,", "Groups,", "What the groups are", "Stability", "Beware"):
        assert re.search(f"^{title}", text, flags=re.MULTILINE)
    for verdict in inferred.verdicts:
        assert str(verdict.average) in text
        assert str(verdict.worst_score) in text
        for group in verdict.groups:
            assert f"{group.score.value:.3f}" in text
    for finding in inferred.findings:
        assert finding.text.split(":")[0].split()[0] in text


def test_groups_are_told_worst_first(given):
    text = str(given)
    own = sorted(given.verdicts[0].groups, key=lambda g: g.score.value)
    places = [text.index(f"\n  {g.group:5}  ") for g in own]
    assert places == sorted(places)


def test_paragraphs_fit_into_a_terminal(inferred):
    told = str(inferred).split("What the groups are")[1]
    assert max(map(len, told.splitlines())) <= WIDTH


def test_shares():
    assert [percent(s) for s in (0.01234, 0.0949, 0.0951, 1.0)] == [
        "1.2 %", "9.5 %", "10 %", "100 %",
    ]  # fmt: skip
