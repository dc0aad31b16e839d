"""What a reader of an audit has to be told before the figures are believed."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from skgroup.auditing._verdict import Verdict
from skgroup.exceptions import MissingGroupsWarning, UnstableGroupsWarning, UnusableSplitWarning
from skgroup.inspection import GroupDescriptions

__all__ = ["Finding", "collect_warnings", "doubts_of_scores", "findings_of", "protected_columns"]

# Figures of fewer rows, and wider intervals, say little.
FEW_ROWS, WIDE = 30, 0.2

KINDS: dict[type[Warning], str] = {
    UnstableGroupsWarning: "unstable groups",
    UnusableSplitWarning: "class without a split",
    MissingGroupsWarning: "trained without groups",
}
# Parts of column names; `sex` is no part of Essex, nor `age` of page.
PROTECTED = re.compile(
    r"(?:^|[^a-z])(?:sex|gender|race|ethnic\w*|age|relig\w*|nation\w*|disab\w*|marital\w*|"
    r"pregnan\w*|orientation|birth\w*|skin)(?:$|[^a-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Finding:
    """One thing to beware of: its `kind` in a few words, and a `text` that says what to do."""

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind[0].upper()}{self.kind[1:]}: {self.text}"


FITTED = Finding(
    "fitted model",
    "it was judged as it is. If it was fitted on rows of this audit, its scores are too good, and "
    "groups that it fails are missed.",
)


@contextmanager
def collect_warnings(found: list[Finding]) -> Iterator[None]:
    """Turn the warnings of skgroup inside the block into findings; others are warned of as ever."""
    with warnings.catch_warnings(record=True) as caught:
        for category in KINDS:
            warnings.simplefilter("always", category)
        yield
    for w in caught:
        kind = next((name for own, name in KINDS.items() if issubclass(w.category, own)), None)
        if kind is None:
            warnings.warn_explicit(w.message, w.category, w.filename, w.lineno)
        elif (finding := Finding(kind, _sentence(str(w.message)))) not in found:
            found.append(finding)


def findings_of(report: Any, found: list[Finding], columns: list[str]) -> tuple[Finding, ...]:
    """`found`, and what the report itself gives cause for; `columns` are the names of those of X."""
    told = [FITTED] if report.is_fitted else []
    told += [*found, *doubts_of_scores(report.verdicts[0], report.quoted_titles)]
    if report.inferred:
        told.append(protected_columns(columns, report.descriptions))
    return tuple(told)


def doubts_of_scores(audited: Verdict, titles: dict[Any, str]) -> list[Finding]:
    """Small groups, wide intervals, and a gap that chance explains."""
    found = []
    judged = {g.group for g in audited.groups}
    if unseen := [title for label, title in titles.items() if label not in judged]:
        found.append(Finding(
            "groups without a row",
            f"{_listed(unseen)}: there is no row to judge on. Audit on more rows, or join groups.",
        ))  # fmt: skip
    small = [g for g in audited.groups if g.size < FEW_ROWS]
    if small:
        found.append(Finding(
            "small groups",
            f"{_listed([f'{titles[g.group]} has {_rows(g.size)}' for g in small])} to judge on. "
            "Believe their intervals, not their scores, or audit on more rows.",
        ))  # fmt: skip
    wide = [g for g in audited.groups if g.score.high - g.score.low > WIDE]
    if wide:
        found.append(Finding(
            "wide intervals",
            f"{_listed([titles[g.group] for g in wide])}: the interval is wider than {WIDE:.1f}. "
            "More rows to judge on would tell more.",
        ))  # fmt: skip
    if len(audited.groups) > 1 and audited.worst_score.high >= audited.average.value:
        found.append(Finding(
            "no clear gap",
            "the interval of the worst group, which allows for its having been picked, reaches the "
            "average: no group is worse served than the others as far as these rows tell.",
        ))  # fmt: skip
    return found


def protected_columns(names: list[str], descriptions: GroupDescriptions) -> Finding:
    """That inferred groups may stand for protected attributes, and where they seem to."""
    told = [
        name
        for d in descriptions
        for name in [c.name for r in d.rules[:1] for c in r.conditions]
        if PROTECTED.search(name)
    ]
    named = [repr(name) for name in dict.fromkeys(told)]
    text = (
        "inferred groups are clusters and no kinds of people, but they may stand for protected "
        "attributes, also through columns that go with one."
    )
    if named:
        text += f" The rules of some use {_listed(named)}: check what follows from that."
    elif any(PROTECTED.search(name) for name in names):
        text += " X has such columns, although no rule names one."
    return Finding("protected attributes", text)


def _listed(parts: list[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def _rows(n: int) -> str:
    return "1 row" if n == 1 else f"{n} rows"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
