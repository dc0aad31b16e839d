"""Which of several partitions makes the model that serves the groups of all of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from skgroup._seeded_clone import seeded_clone

__all__ = ["Verdict", "hold_out", "judge_partitions"]

FOLDS = 4
MIN_ROWS = 10
# What an average accuracy counts against a worst group: enough to tell models apart that serve
# their worst groups alike.
AVERAGE_COUNTS = 0.5
# Less than this of the score is noise of the rows held out and of the judges' seeds.
LEAD = 0.04


@dataclass(frozen=True, eq=False)
class Verdict:
    """How the models of several partitions did on rows that they had not seen.

    Attributes
    ----------
    worst_groups : ndarray of shape (n_models, n_partitions)
        Accuracy of each model in the worst group of each partition.
    averages : ndarray of shape (n_models,)
        Average accuracy of each model.
    counts : ndarray of shape (n_partitions,), bool
        Partitions that split some class; the others do not judge.
    """

    worst_groups: NDArray[np.float64]
    averages: NDArray[np.float64]
    counts: NDArray[np.bool_]

    @property
    def means(self) -> NDArray[np.float64]:
        """Mean over partitions of the accuracy in the worst group, for each model."""
        counts = self.counts if self.counts.any() else np.ones_like(self.counts)
        return self.worst_groups[:, counts].mean(axis=1)

    @property
    def scores(self) -> NDArray[np.float64]:
        """What the best model has most of."""
        return self.means + AVERAGE_COUNTS * self.averages

    @property
    def best(self) -> int:
        """The model with the highest score, or the first where none leads it clearly."""
        best = int(self.scores.argmax())
        return best if self.scores[best] > self.scores[0] + LEAD else 0


def judge_partitions(
    judge: Any,
    X: Any,
    y: NDArray,
    codes: NDArray,
    partitions: list[NDArray],
    *,
    max_judged: int,
    n_jobs: int | None,
    seed: int,
) -> Verdict:
    """Train a clone of `judge` on each partition, fold by fold, and test it on the groups of all.

    A partition that isolates what cannot be learnt (noise, rows that are hard in every respect)
    helps nobody's worst group; one that splits what is learnt anyway loses nobody's. The model of
    a partition that finds a shortcut does well on the groups of the others too.
    """
    folds = hold_out(codes, max_judged, seed)
    jobs = [(groups, fold) for groups in partitions for fold in folds]
    predicted = Parallel(n_jobs=n_jobs)(
        delayed(_predict)(judge, X, y, with_every_class(groups, codes, fold[0]), *fold, seed)
        for groups, fold in jobs
    )
    rows = np.concatenate([test for _, test in folds])
    right = [
        np.concatenate(predicted[i : i + len(folds)]) == y[rows]
        for i in range(0, len(jobs), len(folds))
    ]
    worst = [[_worst(correct, groups[rows]) for groups in partitions] for correct in right]
    n_classes = len(np.unique(codes))
    counts = [len(np.unique(groups[groups >= 0])) > n_classes for groups in partitions]
    return Verdict(np.array(worst), np.mean(right, axis=1), np.array(counts))


def hold_out(
    codes: NDArray, max_judged: int, seed: int
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Folds of a quarter of the rows, as many as it takes to hold out `max_judged` of them."""
    n_folds = min(FOLDS, int(np.bincount(codes).min()))
    if n_folds < 2:  # the only row of a class has to be trained on
        rows = np.arange(len(codes))
        return [(rows, rows)]
    split = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    folds = list(split.split(codes[:, None], codes))
    needed = int(np.ceil(max_judged * n_folds / len(codes)))
    return folds[: max(1, needed)]


def with_every_class(groups: NDArray, codes: NDArray, train: NDArray) -> NDArray:
    """`groups`, where a class with nothing but outliers to train on is one group."""
    result = groups.copy()
    for c in np.setdiff1d(codes, codes[train[groups[train] >= 0]]):
        result[codes == c] = groups.max() + 1 + c
    return result


def _predict(
    judge: Any, X: Any, y: NDArray, groups: NDArray, train: NDArray, test: NDArray, seed: int
) -> NDArray:
    model = seeded_clone(judge, seed)
    with sklearn.config_context(skip_parameter_validation=False):  # they are the user's
        return model.fit(X[train], y[train], groups=groups[train]).predict(X[test])


def _worst(correct: NDArray, groups: NDArray) -> float:
    """Accuracy in the worst group with enough rows, or in the worst of all when none has."""
    if (groups < 0).all():  # nothing but outliers was held out
        groups = np.zeros_like(groups)
    kept = groups >= 0
    size = np.bincount(groups[kept])
    present = size > 0
    accuracy = np.bincount(groups[kept], correct[kept])[present] / size[present]
    large = size[present] >= MIN_ROWS
    return float(accuracy[large].min() if large.any() else accuracy.min())
