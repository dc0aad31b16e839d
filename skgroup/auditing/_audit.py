from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from tqdm.auto import tqdm

from skgroup._sklearn import Interval, Options, StrOptions, validate_params
from skgroup.auditing._alternatives import alternatives_of, name_of
from skgroup.auditing._audit_report import AuditReport
from skgroup.auditing._findings import findings_of
from skgroup.auditing._hold_out import hold_out_rows
from skgroup.auditing._study import Seeds, Study
from skgroup.auditing._subject import Subject, check_inferrer
from skgroup.auditing._verdict import Measure, Verdict

__all__ = ["audit"]

METRICS = {"accuracy", "balanced_accuracy", "f1", "precision", "recall"}


@validate_params(
    {
        "y": ["array-like"],
        "alternatives": [str, list, tuple, Mapping, None],
        "test_size": [Interval(Real, 0, 1, closed="neither")],
        "metric": [StrOptions(METRICS), callable],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
        "n_resamples": [Interval(Integral, 1, None, closed="left")],
        "n_refits": [Interval(Integral, 0, None, closed="left")],
        "n_null": [Options(Integral, {0}), Interval(Integral, 19, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def audit(
    model: Any,
    X: Any,
    y: ArrayLike,
    groups: Any = None,
    *,
    inferrer: Any = None,
    alternatives: Any = None,
    test_size: float = 0.3,
    metric: str | Callable[..., float] = "accuracy",
    confidence: float = 0.95,
    n_resamples: int = 1000,
    n_refits: int = 5,
    n_null: int = 19,
    random_state: int | RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> AuditReport:
    """Say which groups a classifier fails, how surely, and what would serve them better.

    The rows are split in two. On the first part the model is fitted, unless it is fitted already,
    groups are inferred, unless they are given, and the alternatives are trained. On the other
    part all models are judged.

    Inferred groups are those that this model fails. In folds of the first part, clones of the
    model predict rows that they have not seen; the gradients of these errors are clustered as
    :class:`skgroup.GradientGroupInferrer` does it, inside each class; and a shallow tree learns the
    clusters from the columns of X. Where a row to judge on belongs is a matter of its columns and
    its class then, and never of whether the model is right about it, so that scores and
    intervals in these groups are as good as in groups that were given.

    Parameters
    ----------
    model : scikit-learn classifier
        Never changed. A fitted one is judged as it is: give rows that it was not fitted on. An
        unfitted one is cloned and fitted. Pipelines are welcome, and so are models without
        ``predict_proba``, of which only the errors are known.
    X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        The model gets it as it is. Networks, inference and descriptions get columns of numbers:
        missing ones replaced by the median, text and categories as columns of 0 and 1.
    y : array-like of shape (n_samples,)
        Class labels, at least 10 rows of each class.
    groups : array-like of shape (n_samples,), or several columns to cross, default=None
        Known groups; -1 or missing for rows of no group. None: those that X carries, or else
        inferred ones.
    inferrer : group inferrer, default=None
        Infers the groups instead, from encoded columns, with a reference of its own.
    alternatives : list of str, dict or None, default=None
        Names among "erm", "group_dro" (networks), "reweighting" and "resampling" (of the model
        itself; of a network where the model is one of skgroup), or a dict from names to
        classifiers. Those of skgroup are given the groups. None: the first three. An empty list
        leaves them out.
    test_size : float, default=0.3
        Share of the rows of each class and group that is judged on. Where nothing has to be
        learnt (a fitted model, known groups, no alternatives) all rows are.
    metric : str or callable, default="accuracy"
        Larger is better: "accuracy", "balanced_accuracy", "f1", "precision", "recall", or a
        callable ``metric(y_true, y_pred)``.
    confidence : float, default=0.95
        Level of the intervals: of each group on its own; of the worst group, whichever it is.
    n_resamples : int, default=1000
        Resamples of the bootstrap, for metrics other than accuracy.
    n_refits : int, default=5
        Refits of the inferrer that show how stable its groups are; 0 leaves that out.
    n_null : int, default=19
        Draws of each null of :func:`skgroup.inspection.stability`; 0 leaves the tests out.
    random_state : int, RandomState instance or None, default=None
        Seed of all that is random. The same seed gives the same report.
    n_jobs : int, default=None
        Models fitted in parallel, through joblib. It does not change the report.
    verbose : int, default=0
        1 shows the progress.

    Returns
    -------
    AuditReport
        ``print`` shows it as text, ``to_frame()`` gives the scores, ``to_html(path)`` a page.

    Raises
    ------
    TypeError
        If the model is no classifier, or the inferrer none.
    GroupsError
        If groups cannot be used.
    ValueError
        If X, y or an option cannot be used, which is said before anything is fitted.

    Examples
    --------
    Column x1 is a shortcut that misleads one row in ten. The groups that it sets apart are found
    from the errors of the model:

    >>> import skgroup
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skgroup.datasets import make_shortcut_classification
    >>> X, y, _ = make_shortcut_classification(
    ...     2000, n_features=5, agreement=0.9, random_state=0
    ... )
    >>> report = skgroup.audit(
    ...     LogisticRegression(), X, y, alternatives=["reweighting"], n_refits=0, random_state=0
    ... )
    >>> for verdict in report.verdicts:
    ...     print(f"{verdict.name}: {verdict.average.value:.2f}, {verdict.worst.score.value:.2f}")
    LogisticRegression: 0.93, 0.44
    LogisticRegression, reweighted: 0.80, 0.76
    >>> worst = report.verdicts[0].worst
    >>> print(report.titles[worst.group], report.descriptions[worst.group].rules[0].conditions[0])
    group 1 (class 0) x1 > 1.785
    """
    check_inferrer(inferrer)
    subject = Subject.check(model, X, y, groups)
    candidates = alternatives_of(model, alternatives)
    rng = check_random_state(random_state)
    drawn = rng.randint(2**31 - 10, size=len(fields(Seeds))).tolist()
    study = _split(subject, candidates, test_size, Seeds(*drawn), n_jobs, rng)
    name = metric if isinstance(metric, str) else getattr(metric, "__name__", "score")
    measure = Measure(name, metric, confidence, n_resamples, study.seeds.metric)
    measure.check(subject.y)
    options = {"n_refits": n_refits, "n_null": n_null}
    with tqdm(total=5, disable=not verbose, unit="step") as bar:
        return _run(study, candidates, measure, inferrer, options, bar)


def _split(
    subject: Subject, candidates: list, test_size: float, seeds: Seeds, n_jobs: Any, rng: Any
) -> Study:
    known = None if subject.groups is None else subject.groups.codes
    if subject.is_fitted and known is not None and not candidates:
        learn, judge = np.array([], dtype=np.intp), np.arange(len(subject.y))
    else:
        learn, judge = hold_out_rows(subject.codes, known, test_size, rng)
    return Study(subject, learn, judge, seeds, n_jobs)


def _run(
    study: Study, candidates: list, measure: Measure, inferrer: Any, options: dict, bar: Any
) -> AuditReport:
    subject, known = study.subject, study.subject.groups
    infers = known is None
    _tell(bar, "fits the model")
    fitted, own_name, found = study.fit_subject(), name_of(subject.model), None
    predictions = {own_name: study.predict(fitted)}
    logits = study.logits(fitted, everywhere=infers)
    _tell(bar, "finds groups")
    if known is None:
        found, read, groups = study.infer(inferrer, logits)
        labels: list = list(range(found.n_groups_))
    else:
        groups, labels = known.codes, known.labels.tolist()
    _tell(bar, "trains alternatives")
    predictions |= study.fit_alternatives(candidates, groups)
    y, codes = subject.y[study.judge], groups[study.judge]
    verdicts = tuple(
        Verdict.judge(title, y, predicted, codes, labels, measure)
        for title, predicted in predictions.items()
    )
    _tell(bar, "describes groups")
    descriptions = study.describe(logits, groups, labels)
    _tell(bar, "tests groups")
    tested = None
    if infers and options["n_refits"]:
        tested = study.test_stability(found, read, **options)
    bar.update()
    report = AuditReport(
        model_name=own_name, metric=measure.name, confidence=measure.confidence,
        classes=subject.classes, groups=groups, group_labels=labels, inferred=infers,
        is_fitted=subject.is_fitted, rows=study.judge, predictions=predictions,
        verdicts=verdicts, descriptions=descriptions, stability=tested, findings=(),
    )  # fmt: skip
    told = findings_of(report, study.findings, study.encoder.names)
    return replace(report, findings=told)


def _tell(bar: Any, what: str) -> None:
    """Name the step that begins, and count the one that ended."""
    if bar.disable:
        return
    if bar.desc:
        bar.update()
    bar.set_description_str(what)
