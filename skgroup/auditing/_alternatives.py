"""Models to compare the audited one with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.pipeline import Pipeline

from skgroup._inputs import take_rows
from skgroup._seeded_clone import seeded_clone
from skgroup.classifiers import (
    ERMClassifier,
    GroupDROClassifier,
    ResamplingClassifier,
    ReweightingClassifier,
)
from skgroup.classifiers._any_estimator import check_classifier
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.inference._base import BaseGroupInferrer

__all__ = ["Candidate", "alternatives_of", "fit_model", "name_of"]


@dataclass(frozen=True)
class Candidate:
    """A model with the name that the report calls it by."""

    name: str
    model: Any

    @property
    def reads_numbers(self) -> bool:
        """Whether it reads the encoded columns instead of X: networks do."""
        network = isinstance(self.model, BaseGroupClassifier)
        return network and self.model._estimator() is None


def name_of(model: Any) -> str:
    """The class of a classifier; of a pipeline, that of its last step."""
    while isinstance(model, Pipeline):
        model = model.steps[-1][1]
    return type(model).__name__


def _is_ours(model: Any) -> bool:
    """Whether a model, or the last step of a pipeline, is a classifier of skgroup."""
    while isinstance(model, Pipeline):
        model = model.steps[-1][1]
    return isinstance(model, BaseGroupClassifier)


def _on_top(method: Callable) -> Callable[[Any], Any]:
    """A method that weights or repeats rows: of the audited model, unless that is one of ours."""
    return lambda model: method() if _is_ours(model) else method(model)


NAMED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "erm": ("ERM", lambda model: ERMClassifier()),
    "group_dro": ("Group DRO", lambda model: GroupDROClassifier()),
    "reweighting": ("reweighted", _on_top(ReweightingClassifier)),
    "resampling": ("resampled", _on_top(ResamplingClassifier)),
}
DEFAULT = ("erm", "group_dro", "reweighting")


def alternatives_of(model: Any, given: Any) -> list[Candidate]:
    """The audited model's competitors, unfitted; an unknown one raises ValueError."""
    if isinstance(given, Mapping):
        if name_of(model) in map(str, given):
            raise ValueError(
                f"alternatives has the name {name_of(model)!r}, which is that of the audited "
                "model: choose another one."
            )
        for name, other in given.items():
            check_classifier(f"alternatives[{name!r}]", other)
        return [Candidate(str(name), other) for name, other in given.items()]
    names = [given] if isinstance(given, str) else list(DEFAULT if given is None else given)
    unknown = [name for name in names if not isinstance(name, str) or name not in NAMED]
    if unknown:
        raise ValueError(
            f"alternatives has {', '.join(map(repr, unknown))}, but the names known are "
            f"{sorted(NAMED)}: pass some of these, or a dict from names to classifiers."
        )
    if given is None and isinstance(model, ERMClassifier):
        names.remove("erm")
    if given is None and isinstance(model, GroupDROClassifier):
        names.remove("group_dro")
    found = []
    for name in dict.fromkeys(names):
        title, make = NAMED[name]
        of_model = title[0].islower() and not _is_ours(model)
        found.append(Candidate(f"{name_of(model)}, {title}" if of_model else title, make(model)))
    return found


def fit_model(
    model: Any, X: Any, y: NDArray, groups: NDArray | None, rows: NDArray[np.intp], seed: int
) -> Any:
    """A seeded clone fitted on some rows, with their groups where it takes any."""
    clone, given = seeded_clone(model, seed), {}
    if groups is not None and (name := _groups_name(clone)):
        given[name] = groups[rows]
    # Without routing a pipeline takes what is for its last step by name.
    with config_context(enable_metadata_routing=False):
        return clone.fit(take_rows(X, rows), y[rows], **given)


def _groups_name(model: Any) -> str | None:
    if isinstance(model, BaseGroupClassifier):
        return "groups"
    if not isinstance(model, Pipeline):
        return None
    if any(isinstance(step, BaseGroupInferrer) for _, step in model.steps):
        return None  # it has groups of its own
    step, last = model.steps[-1]
    inner = _groups_name(last)
    return inner and f"{step}__{inner}"
