"""The parts of the page, each made of a report."""

import math
from typing import Any

from skgroup.auditing._interval_marks import Axis
from skgroup.auditing._markup import class_name, element, said, table, user_text
from skgroup.auditing._plain_text import headline, percent
from skgroup.auditing._verdict import Score, Verdict
from skgroup.inspection._group_descriptions import GroupDescription

__all__ = ["SECTIONS"]

FLIP_SIDE = (
    "Where a model has to choose, the rows of the other class are a group with a low score: a "
    "group matters most where another model serves it better and loses little elsewhere."
)


def heading(report: Any) -> str:
    """What was audited, and what came out."""
    return element(
        "header",
        element("p", "skgroup audit", class_="kicker"),
        element("h1", class_name(report.model_name)),
        element("p", said(headline(report))),
    )


def figures(report: Any) -> str:
    """The four figures to remember."""
    own = report.verdicts[0]
    told = [
        ("Average", f"{own.average.value:.3f}", _limits(own.average)),
        ("Worst group", f"{own.worst.score.value:.3f}", _limits(own.worst_score)),
        ("Gap", f"{own.gap:.3f}", "average minus worst group"),
        ("Groups", str(len(own.groups)), "inferred" if report.inferred else "given"),
    ]
    parts = [
        element("div", element("dt", name), element("dd", value, element("small", note)))
        for name, value, note in told
    ]
    return element("dl", *parts, class_="figures")


def beware(report: Any) -> str:
    """The findings, if any."""
    if not report.findings:
        return ""
    told = [
        element("li", element("strong", said(f"{_capital(f.kind)}: ")), said(f.text))
        for f in report.findings
    ]
    return element("section", element("h2", "Beware"), element("ul", *told), class_="beware")


def models(report: Any) -> str:
    """One row a model."""
    axis, rows = Axis.of(report.verdicts), []
    for i, v in enumerate(report.verdicts):
        own, average, worst = ("own" if i == 0 else ""), v.average.value, v.worst.score.value
        told = f"{worst:.3f} in the worst group, {average:.3f} on average"
        rows.append([
            element("span", class_name(v.name), class_=own),
            axis.gap(worst, average, told, own),
            _pair(v.average), _pair(v.worst_score), f"{v.gap:.3f}",
        ])  # fmt: skip
    caption = (
        f"{_capital(_metric(report))} on {len(report.rows)} held-out rows, with "
        f"{100 * report.confidence:g} % intervals. The dot is the worst group of each model, "
        "the dashed line its average. The interval of the worst group allows for its having been "
        "picked."
    )
    head = ["Model", _scale(axis), "Average", "Worst group", "Gap"]
    found = table(said(caption), head, rows, "models")
    return element("section", element("h2", "Models"), found)


def groups(report: Any) -> str:
    """One block a group, the worst of the audited model first."""
    own, titles = report.verdicts[0], report.titles
    axis = Axis.of(report.verdicts)
    order = sorted(range(len(own.groups)), key=lambda i: own.groups[i].score.value)
    blocks = []
    for i in order:
        group = own.groups[i]
        told = [d for d in report.descriptions if not d.is_outliers and d.group == group.group]
        rows = [_group_row(axis, v, i, "" if n else "own") for n, v in enumerate(report.verdicts)]
        title = _capital(titles[group.group]) if report.inferred else titles[group.group]
        caption = f"{_capital(_metric(report))} on {_rows(group.size)}"
        head = ["Model", _scale(axis), said(_capital(_metric(report)))]
        blocks.append(element(
            "div", element("h3", user_text(title)), *map(_description, told),
            table(said(caption), head, rows, "scores"), class_="group",
        ))  # fmt: skip
    note = (
        "Scores are those of held-out rows; the dashed line is the average of each model. "
        "Descriptions compare a group with the rest of its class."
    )
    if report.inferred:
        note += f" {FLIP_SIDE}"
    if report.n_outliers:
        note += f" {_rows(report.n_outliers)} of no group count for the average only."
    return element(
        "section", element("h2", "Groups"), element("p", said(note), class_="note"), *blocks
    )


def _group_row(axis: Axis, verdict: Verdict, i: int, own: str) -> list[str]:
    score, average = verdict.groups[i].score, verdict.average.value
    told = f"{score.value:.3f}, interval {_limits(score)}, average {average:.3f}"
    return [
        element("span", class_name(verdict.name), class_=own),
        axis.interval(score, average, told, own),
        _pair(score),
    ]


def _description(d: GroupDescription) -> str:
    text = f"{_rows(d.size)}, {percent(d.share)} of class "
    parts = [said(text), user_text(d.class_label), said(f". {d.told_features()}")]
    if d.rules:
        best = d.rules[0]
        rule = " and ".join(map(str, best.conditions))
        parts.append(" Rule: " + element("code", user_text(rule)))
        parts.append(said(f" (precision {best.precision:.2f}, recall {best.recall:.2f})."))
    if d.typical:
        parts.append(said(f" Typical rows: {', '.join(map(str, d.typical))}."))
    return element("p", *parts)


def stable(report: Any) -> str:
    """Whether the groups are more than chance."""
    found = report.stability
    if found is None:
        return ""
    rows = [
        [user_text(label), *(_or_untested(column[c]) for column in (
            found.class_ari.mean(axis=0), found.silhouettes, found.p_values, found.gap_p_values
        ))]
        for c, label in enumerate(found.classes.tolist())
    ]  # fmt: skip
    caption = (
        f"Agreement with {len(found.ari)} refits on {100 * found.subsample:.0f} % of the rows "
        "(adjusted Rand index inside the class: 1 is the same groups, 0 is chance), and p-values "
        "of two nulls: the class is one cloud; there is no gap between its groups. Small ones "
        "speak for groups."
    )
    head = ["Class", "Agreement", "Silhouette", "One cloud", "No gap"]
    p_label = _or_untested(found.label_p_value)
    text = f"Mean agreement: {found.mean_ari:.2f}. That X says nothing of y: p {p_label}."
    return element(
        "section", element("h2", "Stability of the groups"),
        table(said(caption), head, rows, "stability"), element("p", said(text), class_="note"),
    )  # fmt: skip


def method(report: Any) -> str:
    """How it was done."""
    n, held_out = len(report.groups), len(report.rows)
    fitted = (
        "The model had been fitted before, and was judged as it is."
        if report.is_fitted
        else "The model was fitted on the others."
    )
    found = (
        " Groups were inferred inside each class from rows that were not held out, and each "
        "held-out row belongs to one by its columns and its class, never by whether a model is "
        "right about it."
        if report.inferred
        else ""
    )
    text = f"{held_out} of {n} rows were held out, and all models judged on them. {fitted}{found}"
    return element("section", element("h2", "How this was done"), element("p", said(text)))


SECTIONS = (heading, figures, beware, models, groups, stable, method)


def _or_untested(value: float) -> str:
    return "not tested" if math.isnan(value) else f"{value:.2f}"


def _scale(axis: Axis) -> str:
    ends = (element("span", f"{end:.3g}") for end in (axis.low, axis.high))
    return element("span", *ends, class_="scale")


def _pair(score: Score) -> str:
    return f"{score.value:.3f} {_limits(score)}"


def _limits(score: Score) -> str:
    return f"[{score.low:.3f}, {score.high:.3f}]"


def _rows(n: int) -> str:
    return "1 row" if n == 1 else f"{n} rows"


def _metric(report: Any) -> str:
    return report.metric.replace("_", " ")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
