"""Predictions of one or several models, and their scores in each group and on all rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skgroup._encode_groups import encode_groups
from skgroup.exceptions import GroupsError
from skgroup.metrics import group_scores

__all__ = ["check_some_rows", "named_models", "responses", "score_models"]


def named_models(models: Any, what: str) -> dict[str, Any]:
    """A mapping as it is, and a single model under the name of its class."""
    if not isinstance(models, Mapping):
        last = models[-1] if hasattr(models, "named_steps") else models
        return {type(last).__name__ if what == "estimator" else "model": models}
    if not models:
        raise ValueError(f"{what} is an empty mapping: give at least one model.")
    return {str(name): model for name, model in models.items()}


def responses(models: dict[str, Any], X: Any, method: str) -> dict[str, NDArray]:
    """What each model says of X; of the probabilities of two classes, those of the second."""
    found = {}
    for name, model in models.items():
        if not hasattr(model, method):
            raise TypeError(
                f"{name} ({type(model).__name__}) has no {method}: pass fitted classifiers, and a "
                "response_method that all of them have."
            )
        values = np.asarray(getattr(model, method)(X))
        two_columns = method == "predict_proba" and values.shape[1:] == (2,)
        found[name] = values[:, 1] if two_columns else values
    return found


def score_models(
    y_true: ArrayLike, predictions: dict[str, Any], groups: Any, options: dict[str, Any]
) -> tuple[str, dict[str, dict[str, Any]], dict[str, float]]:
    """Name of the metric; for each model its scores per group, and that on all their rows."""
    codes, _ = encode_groups(groups, check_some_rows("y_true", y_true))
    together = np.minimum(codes, 0)
    scores = {p: group_scores(y_true, y, groups, **options) for p, y in predictions.items()}
    name = next(key for key in next(iter(scores.values())) if key not in ("group", "size"))
    plain = options | {"interval": None}
    averages = {
        p: float(group_scores(np.asarray(y_true), np.asarray(y), together, **plain)[name][0])
        for p, y in predictions.items()
    }
    return name, scores, averages


def check_some_rows(name: str, values: Any) -> int:
    """The number of rows; GroupsError where there are none."""
    if not hasattr(values, "__len__"):
        raise GroupsError(f"{name} must be array-like, got {type(values).__name__}.")
    if len(values) == 0:
        raise GroupsError(f"{name} is empty, so there is nothing to draw: give at least one row.")
    return len(values)
