"""The inferrer inside a pipeline or a search."""

from typing import Any

from sklearn.utils.validation import check_is_fitted

from skgroup.inference._base import BaseGroupInferrer

__all__ = ["find_inferrer"]


def find_inferrer(estimator: Any, X: Any) -> tuple[BaseGroupInferrer, Any]:
    """The fitted inferrer, and X as it reaches it."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if isinstance(estimator, BaseGroupInferrer):
        check_is_fitted(estimator)
        return estimator, X
    steps = [step for _, step in getattr(estimator, "steps", [])]
    for i, step in enumerate(steps):
        if isinstance(step, BaseGroupInferrer):
            check_is_fitted(step)
            return step, estimator[:i].transform(X) if i else X
    raise TypeError(
        f"estimator must be a group inferrer, or a pipeline or search with one, got "
        f"{type(estimator).__name__}: pass one such as GradientGroupInferrer().fit(X, y)."
    )
