"""An audit as plain text."""

import textwrap
from typing import Any

from skgroup.auditing._verdict import Verdict

__all__ = ["headline", "plain_text"]

WIDTH = 88


def plain_text(report: Any) -> str:
    """The report in paragraphs and tables that fit into a terminal."""
    parts = [_wrapped(headline(report)), _models(report), _groups(report), _what_they_are(report)]
    if report.stability is not None:
        parts.append(f"Stability\n{textwrap.indent(str(report.stability), '  ')}")
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
        f"groups, {report.titles[own.worst.group]}: a gap of {own.gap:.3f}."
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
    lines = [f"Groups, {report.metric} of " + ", ".join(v.name for v in report.verdicts)]
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
    told = [
        _wrapped(str(d).replace("The reference", "The model"), "  ") for d in report.descriptions
    ]
    return "\n".join(["What the groups are", *told])


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
