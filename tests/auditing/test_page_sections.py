import re
from dataclasses import replace

import pytest

from skgroup.auditing._page_sections import (
    beware,
    figures,
    groups,
    heading,
    method,
    models,
    stable,
)
from skgroup.auditing._plain_text import headline


def texts(html):
    """What can be read between the tags."""
    return " ".join(re.sub("<[^>]*>", " ", html).replace("\u00a0", " ").split())


def test_the_heading_says_what_was_found(given):
    assert texts(heading(given)) == f"skgroup audit Logistic Regression {headline(given)}"


def test_the_four_figures(given):
    own = given.verdicts[0]
    text = texts(figures(given))
    assert f"Average {own.average.value:.3f} [{own.average.low:.3f}," in text
    assert f"Worst group {own.worst.score.value:.3f}" in text
    assert f"Gap {own.gap:.3f}" in text
    assert "Groups 4 given" in text


def test_findings_are_listed_and_without_any_there_is_no_section(inferred):
    text = texts(beware(inferred))
    for finding in inferred.findings:
        assert f"{finding.kind[1:]}:" in text
    assert beware(replace(inferred, findings=())) == ""


def test_every_model_has_a_row_with_its_scores(inferred):
    text = texts(models(inferred))
    for v in inferred.verdicts:
        assert (
            f"{v.average.value:.3f} [{v.average.low:.3f}, {v.average.high:.3f}] "
            f"{v.worst.score.value:.3f} [{v.worst_score.low:.3f}, {v.worst_score.high:.3f}] "
            f"{v.gap:.3f}"
        ) in text


def test_groups_are_told_worst_first_each_with_its_description_and_all_models(inferred):
    html = groups(inferred)
    titles = re.findall("<h3><bdi>(.*?)</bdi></h3>", html)
    order = sorted(inferred.verdicts[0].groups, key=lambda g: g.score.value)
    assert titles == [f"Group {g.group} (class {'ny'[g.group > 1]}{'oe'[g.group > 1]}"
                      f"{'s' if g.group > 1 else ''})" for g in order]  # fmt: skip
    text = texts(html)
    for verdict in inferred.verdicts:
        for g in verdict.groups:
            assert f"{g.score.value:.3f} [{g.score.low:.3f}, {g.score.high:.3f}]" in text
    for d in inferred.descriptions:
        assert d.told_features().replace("<", "&lt;") in text
        assert f"Typical rows: {', '.join(map(str, d.typical))}." in text


def test_stability_has_a_row_a_class_and_nothing_where_it_was_not_measured(inferred, given):
    found = inferred.stability
    text = texts(stable(inferred))
    for label, value in zip(found.classes, found.class_ari.mean(axis=0), strict=True):
        assert f"{label} {value:.2f}" in text
    assert "not tested" in text  # n_null=0
    assert "nan" not in text
    assert stable(given) == ""


@pytest.mark.parametrize("is_fitted", [True, False])
def test_the_method_tells_how_the_model_was_fitted(inferred, given, is_fitted):
    text = texts(method(replace(inferred, is_fitted=is_fitted)))
    assert text.startswith("How this was done 360 of 1200 rows were held out")
    assert ("judged as it is" in text) == is_fitted
    assert "Groups were inferred" in text
    assert "Groups were inferred" not in texts(method(given))
