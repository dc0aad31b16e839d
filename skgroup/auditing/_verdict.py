"""Scores of one model on the rows that were held out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup.metrics import group_scores

__all__ = ["GroupScore", "Measure", "Score", "Verdict"]


@dataclass(frozen=True)
class Measure:
    """What is measured: larger is better.

    Attributes
    ----------
    name : str
        What it is called.
    metric : str or callable
        What :func:`skgroup.metrics.group_scores` takes.
    confidence : float
        Level of the intervals.
    n_resamples : int
        Of the bootstrap, for a metric that is no accuracy.
    seed : int
        Of the bootstrap.
    """

    name: str
    metric: str | Callable[..., float]
    confidence: float
    n_resamples: int
    seed: int

    def check(self, y: NDArray) -> None:
        """Raise what the metric raises for these classes, before anything is fitted."""
        group_scores(y, y, np.zeros(len(y), int), metrics={"score": self.metric}, interval=None)

    def by_group(
        self, y: NDArray, y_pred: NDArray, groups: NDArray, level: float
    ) -> dict[str, NDArray]:
        """Scores and intervals per group, as `group_scores` gives them."""
        return group_scores(
            y, y_pred, groups, metrics={"score": self.metric}, confidence=level,
            n_resamples=self.n_resamples, random_state=self.seed,
        )  # fmt: skip


@dataclass(frozen=True)
class Score:
    """A score with its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class GroupScore:
    """Score of one group; `joint` limits hold for all groups of a model together."""

    group: Any
    size: int
    score: Score
    joint: Score


@dataclass(frozen=True)
class Verdict:
    """Scores of one model.

    Attributes
    ----------
    name : str
        The model.
    average : Score
        Over all held-out rows, those of no group too.
    groups : tuple of GroupScore
        One a group, in the order of the labels.
    """

    name: str
    average: Score
    groups: tuple[GroupScore, ...]

    @classmethod
    def judge(
        cls, name: str, y: NDArray, y_pred: NDArray, groups: NDArray, labels: list, measure: Measure
    ) -> "Verdict":
        """Score predictions; `groups` are codes of the `labels`, -1 for outliers."""
        level, everything = measure.confidence, np.zeros_like(groups)
        average = _scores(measure.by_group(y, y_pred, everything, level))[0]
        found = measure.by_group(y, y_pred, groups, level)
        joint = measure.by_group(y, y_pred, groups, level ** (1 / len(found["group"])))
        rows = zip(
            [labels[code] for code in found["group"]], found["size"].tolist(), _scores(found),
            _scores(joint), strict=True,
        )  # fmt: skip
        return cls(name, average, tuple(GroupScore(*row) for row in rows))

    @property
    def worst(self) -> GroupScore:
        """The group with the lowest score."""
        return min(self.groups, key=lambda group: group.score.value)

    @property
    def worst_score(self) -> Score:
        """Score of the worst group, with an interval for whichever group that is."""
        joint = [group.joint for group in self.groups]
        low, high = min(j.low for j in joint), min(j.high for j in joint)
        return Score(self.worst.score.value, low, high)

    @property
    def gap(self) -> float:
        """How much worse than on average the model does in its worst group."""
        return self.average.value - self.worst.score.value


def _scores(found: dict[str, NDArray]) -> list[Score]:
    columns = (found[name].tolist() for name in ("score", "score_low", "score_high"))
    return [Score(*row) for row in zip(*columns, strict=True)]
