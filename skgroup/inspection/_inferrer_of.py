"""The inferrer inside a fitted pipeline, and the rows as it sees them."""

from typing import Any

from sklearn.pipeline import Pipeline

from skgroup.metrics._inferrer_scorers import has_inferrer

__all__ = ["inferrer_of"]


def inferrer_of(estimator: Any, X: Any, names: Any = None) -> tuple[Any, Any, Any]:
    """The last inferrer of a pipeline, X and the names of its columns as that step gets them.

    Whatever is no pipeline comes back as it is.
    """
    if not isinstance(estimator, Pipeline):
        return estimator, X, names
    if not has_inferrer(estimator):
        raise ValueError(
            "this Pipeline has no fitted group inferrer among its steps: fit it first, or pass an "
            "inferrer."
        )
    last = max(i for i, (_, step) in enumerate(estimator.steps) if has_inferrer(step))
    if last > 0:
        before = estimator[:last]
        X, names = before.transform(X), names if names is not None else _names_out(before)
    return inferrer_of(estimator.steps[last][1], X, names)


def _names_out(steps: Pipeline) -> Any:
    try:
        return steps.get_feature_names_out()
    except AttributeError:  # a step that does not know them
        return None
