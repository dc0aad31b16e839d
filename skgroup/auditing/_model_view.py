"""The audited model as `describe_groups` wants to see it."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skgroup.auditing._known_logits import KnownLogits, join
from skgroup.inspection import GroupDescriptions, describe_groups

__all__ = ["ModelView", "describe_rows", "in_terms_of"]


class ModelView(BaseEstimator):
    """Takes the place of an inferrer whose reference is the audited model.

    It knows some rows: their encoded features and the model's held-out logits.
    """

    def __init__(self, features: NDArray, logits: NDArray, codes: NDArray, classes: NDArray):
        self.features = features
        self.logits = logits
        self.codes = codes
        self.classes = classes

    def __sklearn_is_fitted__(self) -> bool:
        return True

    @property
    def classes_(self) -> NDArray:
        return self.classes

    def fit(self, X: Any, y: Any = None) -> "ModelView":
        """Do nothing: what there is to know is given."""
        return self

    def predict(self, X: Any, y: Any = None) -> NDArray:
        """The classes: groups are given to `describe_groups`."""
        return self.codes

    def embed(self, X: Any, y: Any = None) -> NDArray[np.float64]:
        """Gradients of the known rows."""
        joined = join(self.features, self.logits)
        return KnownLogits(joined, len(self.classes)).embed(joined, self.codes)

    def _check_new(self, X: Any, y: Any) -> tuple[NDArray, NDArray]:
        return self.features, self.codes

    def _probabilities(self, X: Any) -> NDArray[np.float64]:
        return np.exp(self.logits)


def describe_rows(
    view: ModelView, names: list[str], groups: NDArray, labels: list, seed: int
) -> GroupDescriptions:
    """What the groups are; `groups` are codes of the `labels`, -1 for outliers."""
    found = describe_groups(
        view, view.features, view.codes, names, groups=groups, max_features=3, n_examples=3,
        random_state=seed,
    )  # fmt: skip
    told = tuple(d if d.is_outliers else replace(d, group=labels[d.group]) for d in found)
    return replace(found, descriptions=told)


def in_terms_of(rows: NDArray, found: GroupDescriptions, n_samples: int) -> GroupDescriptions:
    """Descriptions of some rows, with positions among all `n_samples`."""
    held_out = np.zeros(n_samples, dtype=bool)
    held_out[rows[found.held_out]] = True

    def among_all(own: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(rows[list(own)].tolist())

    told = tuple(
        replace(
            d,
            typical=among_all(d.typical),
            borderline=among_all(d.borderline),
            extreme=among_all(d.extreme),
        )
        for d in found
    )
    return GroupDescriptions(told, held_out, found.note)
