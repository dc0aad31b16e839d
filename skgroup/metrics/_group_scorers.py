"""Scorers by known groups, for `scoring=` of scikit-learn's searches and cross-validation."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike
from sklearn.metrics import make_scorer
from sklearn.utils.metadata_routing import MetadataRequest

from skgroup._grouped_array import get_groups
from skgroup._groups import check_same_index
from skgroup._sklearn import validate_params
from skgroup.exceptions import GroupsError
from skgroup.metrics._average_accuracy import group_balanced_accuracy
from skgroup.metrics._worst_group import worst_class_accuracy, worst_group_accuracy

__all__ = [
    "group_balanced_scorer",
    "make_group_scorer",
    "worst_class_scorer",
    "worst_group_scorer",
]


_NO_GROUPS = (
    "{} got no groups and X carries none. Without metadata routing scikit-learn hands `groups=` "
    "to the splitter, never to a scorer. Either let X carry them, `X = GroupedArray(X, groups)`, "
    "or route them: `sklearn.set_config(enable_metadata_routing=True)`, then "
    "`cross_validate(..., params={{'groups': groups}})` or `search.fit(X, y, groups=groups)`. "
    "For groups found by an inferrer in the pipeline, use `worst_pseudo_group_scorer`."
)


_ONLY_LABELS = (
    "{} got no groups: what tunes a threshold hands a scorer labels, and no X that could carry "
    "them. Route them: `sklearn.set_config(enable_metadata_routing=True)`, then "
    "`fit(X, y, groups=groups)`."
)


class _GroupScorer:
    """A metric of (y_true, y_pred, groups) as a scorer that requests `groups`."""

    _response_method = "predict"

    def __init__(self, metric: Callable[..., float], sign: int, kwargs: dict[str, Any]) -> None:
        self._metric = metric
        self._sign = sign
        self._kwargs = kwargs
        self._request: bool | str | None = True

    def __call__(self, estimator: Any, X: Any, y: ArrayLike, groups: Any = None) -> float:
        check_same_index(X=X, y=y, groups=groups)
        groups = get_groups(X) if groups is None else groups
        if groups is None:
            raise GroupsError(_NO_GROUPS.format(self))
        return self._sign * self._metric(y, estimator.predict(X), groups, **self._kwargs)

    def _score_func(
        self, y_true: ArrayLike, y_pred: ArrayLike, groups: Any = None, **kwargs: Any
    ) -> float:
        """The metric, as :class:`sklearn.model_selection.TunedThresholdClassifierCV` calls it."""
        if groups is None:
            raise GroupsError(_ONLY_LABELS.format(self))
        return self._metric(y_true, y_pred, groups, **kwargs)

    def set_score_request(self, *, groups: bool | str | None) -> _GroupScorer:
        """Return a copy with another request: an alias, or False to score by carried groups."""
        other = copy.copy(self)  # scorers are shared by all their users
        other._request = groups
        other.get_metadata_routing()  # raises on an alias that is no identifier
        return other

    def get_metadata_routing(self) -> MetadataRequest:
        """The request for `groups`, built at each call: it needs no routing to be enabled."""
        request = MetadataRequest(owner=repr(self))
        request.score.add_request(param="groups", alias=self._request)
        return request

    def _accept_sample_weight(self) -> bool:
        return False  # asked by scikit-learn's searches

    def __repr__(self) -> str:
        name = getattr(self._metric, "__name__", repr(self._metric))
        sign = "" if self._sign > 0 else ", greater_is_better=False"
        extra = "".join(f", {key}={value!r}" for key, value in self._kwargs.items())
        return f"make_group_scorer({name}{sign}{extra})"


@validate_params(
    {"metric": [callable], "greater_is_better": ["boolean"]}, prefer_skip_nested_validation=True
)
def make_group_scorer(
    metric: Callable[..., float], *, greater_is_better: bool = True, **kwargs: Any
) -> _GroupScorer:
    """Make a scorer of a metric that needs groups, for `scoring=` of searches.

    The scorer takes the groups that metadata routing hands it (it requests `groups`, which
    ``set_score_request(groups=...)`` renames or, with False, turns off), else those that X
    carries (:class:`~skgroup.GroupedArray`). Outliers (-1 or missing) are the metric's business;
    the metrics of this module leave them out.

    Parameters
    ----------
    metric : callable
        ``metric(y_true, y_pred, groups, **kwargs) -> float``. Use a function that can be
        imported, or the scorer cannot be pickled.
    greater_is_better : bool, default=True
        Whether a higher value is better. If not, the scorer returns the negative value.
    **kwargs : dict
        Passed to `metric`.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, groups=None) -> float``.

    Raises
    ------
    GroupsError
        By the scorer, if it gets no groups and X carries none.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skgroup import GroupedArray
    >>> from skgroup.metrics import make_group_scorer, worst_group_accuracy
    >>> X, y = np.tile([[0.0], [0.0], [1.0], [1.0]], (5, 1)), np.tile([0, 0, 1, 1], 5)
    >>> X = GroupedArray(X, np.tile(["a", "b"], 10))
    >>> scorer = make_group_scorer(worst_group_accuracy, min_size=2)
    >>> cross_val_score(DecisionTreeClassifier(), X, y, scoring=scorer)
    array([1., 1., 1., 1., 1.])
    """
    return _GroupScorer(metric, 1 if greater_is_better else -1, kwargs)


worst_group_scorer = make_group_scorer(worst_group_accuracy)
worst_group_scorer.__doc__ = """Accuracy of the worst group, for `scoring=`.

Takes routed groups, else those carried by X; see :func:`make_group_scorer`. The criterion for
model selection when the validation rows have known groups.
"""

group_balanced_scorer = make_group_scorer(group_balanced_accuracy)
group_balanced_scorer.__doc__ = """Mean of the group accuracies, for `scoring=`.

Takes routed groups, else those carried by X; see :func:`make_group_scorer`.
"""

worst_class_scorer = make_scorer(worst_class_accuracy)
worst_class_scorer.__doc__ = """Accuracy of the worst class, for `scoring=`.

Needs no groups. The criterion for model selection when no groups are known or inferred.
"""
