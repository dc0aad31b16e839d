"""Scorers by inferred groups, for `scoring=` of scikit-learn's searches and cross-validation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline

from skgroup._groups import check_same_index
from skgroup.exceptions import GroupsError
from skgroup.metrics._worst_group import worst_group_accuracy

__all__ = ["silhouette_scorer", "worst_pseudo_group_scorer"]


class _InferrerScorer:
    """A score that needs the group inferrer of a pipeline and the rows as that step sees them."""

    def __init__(self, score: Callable[[Any, Any, Any, Any, Any], float]) -> None:
        self._score = score

    def __call__(self, estimator: Any, X: Any, y: ArrayLike) -> float:
        check_same_index(X=X, y=y)
        if not has_inferrer(estimator):
            raise GroupsError(
                f"{self} needs a fitted group inferrer, but {type(estimator).__name__} neither is "
                "one nor is a pipeline with one among its steps: put an inferrer before the "
                "classifier, or score by known groups with `worst_group_scorer`."
            )
        inferrer, Xt = _locate_inferrer(estimator, X)
        return self._score(inferrer, Xt, estimator, X, y)

    def _accept_sample_weight(self) -> bool:
        return False  # asked by scikit-learn's searches

    def __repr__(self) -> str:
        return f"{self._score.__name__.lstrip('_')}_scorer"


def _is_inferrer(step: Any) -> bool:
    return hasattr(step, "groups_") and hasattr(step, "embed")


def has_inferrer(estimator: Any) -> bool:
    """Whether `estimator` is a fitted inferrer, or a pipeline with one inside."""
    estimator = getattr(estimator, "best_estimator_", estimator)  # a search inside a search
    steps = estimator.steps if isinstance(estimator, Pipeline) else []
    return _is_inferrer(estimator) or any(has_inferrer(step) for _, step in steps)


def _locate_inferrer(estimator: Any, X: Any) -> tuple[Any, Any]:
    """The last inferrer inside an estimator that has one, and X as that step sees it."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if _is_inferrer(estimator):
        return estimator, X
    last = max(i for i, (_, step) in enumerate(estimator.steps) if has_inferrer(step))
    Xt = estimator[:last].transform(X) if last > 0 else X
    return _locate_inferrer(estimator.steps[last][1], Xt)


def _final_step(estimator: Any) -> Any:
    estimator = getattr(estimator, "best_estimator_", estimator)
    return _final_step(estimator.steps[-1][1]) if isinstance(estimator, Pipeline) else estimator


def _silhouette(inferrer: Any, Xt: Any, estimator: Any, X: Any, y: ArrayLike) -> float:
    return float(inferrer.score(Xt, y))


def _worst_pseudo_group(inferrer: Any, Xt: Any, estimator: Any, X: Any, y: ArrayLike) -> float:
    if _final_step(estimator) is inferrer:
        raise GroupsError(
            f"worst_pseudo_group_scorer got a {type(inferrer).__name__} as the last step, whose "
            "predictions are groups and no classes: put a classifier behind it, or judge the "
            "inferrer itself with `silhouette_scorer`."
        )
    return worst_group_accuracy(y, estimator.predict(X), inferrer.predict(Xt, y))


silhouette_scorer = _InferrerScorer(_silhouette)
silhouette_scorer.__doc__ = """Silhouette of the groups found inside a pipeline, for `scoring=`.

Runs X through the steps before the last group inferrer of the (possibly nested) pipeline and
returns ``inferrer.score(Xt, y)``. Selects clustering parameters without any group annotation,
also when a classifier follows; what the classifier does makes no difference.
"""

worst_pseudo_group_scorer = _InferrerScorer(_worst_pseudo_group)
worst_pseudo_group_scorer.__doc__ = """Accuracy of the worst inferred group, for `scoring=`.

Runs X through the steps before the last group inferrer of the (possibly nested) pipeline, assigns
the rows to groups by ``inferrer.predict(Xt, y)`` and returns the smallest accuracy of the whole
pipeline over them; outliers are left out. The criterion for model selection when groups are
inferred. Candidates that infer other groups are judged on other groups: use it to choose the
parameters of the classifier, and `silhouette_scorer` for those of the inferrer.
"""
