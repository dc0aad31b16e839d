"""An audit as plain text."""

import textwrap
from typing import Any

from skgroup.auditing._verdict import Verdict

__all__ = ["headline", "percent", "plain_text"]

WIDTH = 88


def plain_text(report: Any) -> str:
    """The report in paragraphs and tables that fit into a terminal."""
    parts = [_wrapped(headline(report)), _models(report), _groups(report), _what_they_are(report)]
    if report.stability is not None:
        parts.append(f"Stability\n{_lines(str(report.stability))}")
    if report.findings:
        told = [_wrapped(f"- {finding}", "  ") for finding in report.findings]
        parts.append("\n".join(["Beware", *told]))
    return "\n\n".join(parts)


def headline(report: Any) -> str:
    """The finding in a few sentences."""
    own, *others = report.verdicts
    kind = "inferred" if report.inferred else "given"
    text = (
        f"{report.model_name} has {_of(report)} {own.average.value:.3f} on {len(report.rows)} "
        f"held-out rows, and {own.worst.score.value:.3f} in the worst of {len(own.groups)} {kind} "
        f"groups, {report.quoted_titles[own.worst.group]}: a gap of {own.gap:.3f}."
    )
    better = [v for v in others if v.worst.score.value > own.worst.score.value]
    if better:
        best = max(better, key=lambda v: v.worst.score.value)
        text += (
            f" {best.name} has {best.worst.score.value:.3f} in its worst group, and "
            f"{best.average.value:.3f} on average."
        )
    elif others:
        text += " None of the alternatives does better in its worst group."
    return text


def _of(report: Any) -> str:
    article = "an" if report.metric[:1] in "aeiou" else "a"
    return f"{article} {report.metric.replace('_', ' ')} of"


def _models(report: Any) -> str:
    width = max(len(v.name) for v in report.verdicts)
    level = f"{100 * report.confidence:g} % intervals"
    lines = [f"Models, {report.metric} with {level}"]
    lines.append(f"  {'':{width}}  {'average':21}  {'worst group':21}     gap")
    lines += [
        f"  {v.name:{width}}  {v.average!s:21}  {v.worst_score!s:21}  {v.gap:6.3f}"
        for v in report.verdicts
    ]
    return "\n".join(lines)


def _groups(report: Any) -> str:
    titles, own = report.titles, report.verdicts[0]
    width = max(len(titles[g.group]) for g in own.groups)
    order = sorted(range(len(own.groups)), key=lambda i: own.groups[i].score.value)
    names = "; ".join(v.name for v in report.verdicts)
    lines = [_wrapped(f"Groups, {report.metric} of the models in this order: {names}")]
    for i in order:
        group = own.groups[i]
        cells = "  ".join(f"{_score(v, i):.3f}" for v in report.verdicts)
        interval = f"[{group.score.low:.3f}, {group.score.high:.3f}]"
        lines.append(f"  {titles[group.group]:{width}}  {group.size:6} rows  {interval}  {cells}")
    if report.n_outliers:
        lines.append(f"  {report.n_outliers} rows of no group count for the average only.")
    return "\n".join(lines)


def _score(verdict: Verdict, i: int) -> float:
    return verdict.groups[i].score.value


def _what_they_are(report: Any) -> str:
    told = []
    for d in report.descriptions:
        name = f"outliers of class {d.class_label}"
        title = name if d.is_outliers else report.titles[d.group]
        rule = f"Rule: {d.rules[0]}." if d.rules else ""
        rows = "1 row" if d.size == 1 else f"{d.size} rows"
        own = f"{rows}, {percent(d.share)} of class {d.class_label}."
        parts = [f"{title}: {own}", d.told_features(), rule]
        told.append(_wrapped(" ".join(part for part in parts if part), "  "))
    return "\n".join(["What the groups are", *told])


def percent(share: float) -> str:
    """A share in words, with a digit behind the point where it is small."""
    return f"{100 * share:.1f} %" if share < 0.095 else f"{100 * share:.0f} %"


def _lines(text: str) -> str:
    return "\n".join(_wrapped(line, "  ") for line in text.splitlines())


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
