"""The work behind an audit, step by step."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from skgroup._inputs import take_rows
from skgroup._seeded_clone import seeded_clone
from skgroup.auditing._alternatives import Candidate, fit_model
from skgroup.auditing._column_encoder import ColumnEncoder
from skgroup.auditing._failure_inferrer import FailureGroupInferrer
from skgroup.auditing._findings import Finding, collect_warnings
from skgroup.auditing._hold_out import folds_of
from skgroup.auditing._known_logits import held_out_logits, join
from skgroup.auditing._model_view import ModelView, describe_rows, in_terms_of
from skgroup.auditing._subject import Subject
from skgroup.inspection import GroupDescriptions, Stability, stability

__all__ = ["Seeds", "Study"]


@dataclass(frozen=True)
class Seeds:
    """One seed for each step, so that none depends on how many numbers another one drew."""

    model: int
    folds: int
    inferrer: int
    describe: int
    stability: int
    metric: int


@dataclass(eq=False)
class Study:
    """A subject, the rows to learn from and to judge on, and what was found so far."""

    subject: Subject
    learn: NDArray[np.intp]
    judge: NDArray[np.intp]
    seeds: Seeds
    n_jobs: int | None
    findings: list[Finding] = field(default_factory=list)

    @cached_property
    def encoder(self) -> ColumnEncoder:
        return ColumnEncoder.fit(take_rows(self.subject.X, self._learnt_from))

    @cached_property
    def features(self) -> NDArray[np.float64]:
        """The encoded columns of all rows."""
        return self.encoder.transform(self.subject.X)

    @property
    def _learnt_from(self) -> NDArray[np.intp]:
        return self.learn if len(self.learn) else self.judge

    def fit_subject(self) -> Any:
        """The audited model, fitted on the rows to learn from unless it was fitted before."""
        subject = self.subject
        if subject.is_fitted:
            return subject.model
        with collect_warnings(self.findings):
            return fit_model(
                subject.model, subject.X, subject.y, self._given(), self.learn, self.seeds.model
            )

    def predict(self, fitted: Any) -> NDArray:
        """What a model predicts for the rows to judge on."""
        return np.asarray(fitted.predict(take_rows(self.subject.X, self.judge)))

    def _given(self) -> NDArray | None:
        return None if self.subject.groups is None else self.subject.groups.codes

    def logits(self, fitted: Any, *, everywhere: bool) -> NDArray[np.float64]:
        """What the model says of rows that it has not seen, NaN where that is not known.

        `everywhere`: of the rows to learn from too, which clones in folds have not seen.
        """
        X, y, classes = self.subject.X, self.subject.y, self.subject.classes
        result = np.full((len(y), len(classes)), np.nan)
        unseen = np.arange(len(y)) if self.subject.is_fitted else self.judge
        result[unseen] = held_out_logits(fitted, take_rows(X, unseen), classes)
        if everywhere and not self.subject.is_fitted:
            folds = folds_of(self.subject.codes, self.learn, self.seeds.folds)
            with collect_warnings(self.findings):
                models = Parallel(n_jobs=self.n_jobs)(
                    delayed(fit_model)(self.subject.model, X, y, self._given(), part, seed)
                    for seed, (part, _) in enumerate(folds, start=self.seeds.model)
                )
            for model, (_, rest) in zip(models, folds, strict=True):
                result[rest] = held_out_logits(model, take_rows(X, rest), classes)
        return result

    def infer(self, inferrer: Any, logits: NDArray) -> tuple[Any, NDArray, NDArray[np.int64]]:
        """A fitted inferrer, the matrix that it reads, and the group of every row."""
        if inferrer is None:
            inferrer = FailureGroupInferrer(len(self.subject.classes), n_jobs=self.n_jobs)
            X = join(self.features, logits)
        else:
            X = self.features
        y, groups = self.subject.y, np.empty(len(self.subject.y), dtype=np.int64)
        with collect_warnings(self.findings):
            fitted = seeded_clone(inferrer, self.seeds.inferrer).fit(X[self.learn], y[self.learn])
        groups[self.learn] = fitted.groups_
        groups[self.judge] = fitted.predict(X[self.judge], y[self.judge])
        return fitted, X, groups

    def fit_alternatives(
        self, candidates: list[Candidate], groups: NDArray[np.int64]
    ) -> dict[str, NDArray]:
        """What each alternative predicts for the rows to judge on."""
        with collect_warnings(self.findings):
            found = Parallel(n_jobs=self.n_jobs)(
                delayed(_fit_and_predict)(
                    c.model, self.features if c.reads_numbers else self.subject.X,
                    self.subject.y, groups, self.learn, self.judge, self.seeds.model,
                )
                for c in candidates
            )  # fmt: skip
        return {c.name: predicted for c, predicted in zip(candidates, found, strict=True)}

    def describe(self, logits: NDArray, groups: NDArray, labels: list) -> GroupDescriptions:
        """What sets the groups apart, on all rows whose logits are known."""
        rows = np.flatnonzero(~np.isnan(logits[:, 0]))
        subject = self.subject
        view = ModelView(self.features[rows], logits[rows], subject.codes[rows], subject.classes)
        found = describe_rows(view, self.encoder.names, groups[rows], labels, self.seeds.describe)
        return in_terms_of(rows, found, len(subject.y))

    def test_stability(self, inferrer: Any, X: NDArray, *, n_refits: int, n_null: int) -> Stability:
        """Whether the groups change with the rows, and whether chance explains them."""
        with collect_warnings(self.findings):
            return stability(
                inferrer, X[self.learn], self.subject.y[self.learn], n_resamples=n_refits,
                n_seeds=1, n_null=n_null, n_jobs=self.n_jobs, random_state=self.seeds.stability,
            )  # fmt: skip


def _fit_and_predict(
    model: Any, X: Any, y: NDArray, groups: NDArray, learn: NDArray, judge: NDArray, seed: int
) -> NDArray:
    fitted = fit_model(model, X, y, groups, learn, seed)
    return np.asarray(fitted.predict(take_rows(X, judge)))
