"""Group-wise metrics, their confidence intervals, and scorers for model selection."""

from skgroup.metrics._average_accuracy import adjusted_average_accuracy, group_balanced_accuracy
from skgroup.metrics._group_agreement import cluster_purity, group_agreement, within_class_ari
from skgroup.metrics._group_scorers import (
    group_balanced_scorer,
    make_group_scorer,
    worst_class_scorer,
    worst_group_scorer,
)
from skgroup.metrics._group_scores import group_scores
from skgroup.metrics._inferrer_scorers import silhouette_scorer, worst_pseudo_group_scorer
from skgroup.metrics._intervals import bootstrap_interval, wilson_interval
from skgroup.metrics._worst_group import (
    worst_class_accuracy,
    worst_group_accuracy,
    worst_group_interval,
)

__all__ = [
    "adjusted_average_accuracy",
    "bootstrap_interval",
    "cluster_purity",
    "group_agreement",
    "group_balanced_accuracy",
    "group_balanced_scorer",
    "group_scores",
    "make_group_scorer",
    "silhouette_scorer",
    "wilson_interval",
    "within_class_ari",
    "worst_class_accuracy",
    "worst_class_scorer",
    "worst_group_accuracy",
    "worst_group_interval",
    "worst_group_scorer",
    "worst_pseudo_group_scorer",
]
