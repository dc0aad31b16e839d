import warnings
from collections.abc import Callable
from dataclasses import replace
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import sklearn
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.utils.validation import has_fit_parameter
from torch import nn

from skgroup._seeded_clone import seeded_clone
from skgroup._sklearn import HasMethods, Interval
from skgroup._tell import tell
from skgroup.classifiers import GroupDROClassifier
from skgroup.exceptions import UnusableSplitWarning
from skgroup.inference._base import BaseGroupInferrer
from skgroup.inference._cross_judging import judge_partitions
from skgroup.inference._fit_reference import document_reference, epochs_of_steps
from skgroup.inference._gradient import GradientGroupInferrer
from skgroup.inference._group_ids import GroupIds
from skgroup.inference._reference import as_frame

__all__ = ["GroupInferrerSearch"]

STEPS = (8, 20, 80)  # of the references of a network


@document_reference
class GroupInferrerSearch(BaseGroupInferrer):
    """Choose among inferrers, from X and y alone.

    Every candidate splits the rows. On each of these partitions a robust classifier, the judge,
    is trained, and on held-out rows it is asked how it serves the worst group of *every*
    partition. The score of a candidate is the mean of these accuracies over the partitions, plus
    half of the average accuracy of its judge. The best one is kept if it leads the first by more
    than 0.04; else the first is, as smaller leads are often chance.

    How compact or how stable clusters are does not tell whether they are worth training on. Here a
    partition wins when training on it mends groups that others found as well. Noise cannot be
    mended, and groups that any model serves decide nothing.

    Parameters
    ----------
    candidates : list of inferrers, default=None
        Unfitted ones, of any kind in :mod:`skgroup.inference`; the first is what is expected to do
        well. None, without `module`: ``GradientGroupInferrer()``, the same with
        ``reference="linear"``, and with ``scale="weighted"`` besides. With `module`: networks after
        8, 20 and 80 steps. One with ``k=1`` leaves the classes whole; it wins where training on no
        groups helps, but also where there are too few rows to tell.
    judge : classifier, default=None
        Robust classifier with ``groups=`` in its `fit`. None: :class:`skgroup.GroupDROClassifier`
        with `module`.
    module : torch.nn.Module or callable, default=None
        The network of the default candidates and of the default judge.
    max_judged : int, default=2000
        Held-out rows wanted, at least 1. A quarter of the rows is held out at a time, at most four
        times, until there are that many.
    n_jobs : int, default=None
        Fits in parallel, through joblib.
    random_state : int, RandomState instance or None, default=None
        Seed of candidates and judges whose own is None, and of the rows held out.
    verbose : int, default=0
        1 shows a line for each stage, 2 the score of each candidate too.

    Attributes
    ----------
    best_inferrer_ : inferrer
        The chosen candidate, fitted on all rows.
    best_index_ : int
        Its position.
    inferrers_ : list of inferrers
        All candidates, fitted on all rows.
    results_ : dict of ndarray
        Columns "candidate", "n_groups", "score", "mean_worst_group" (over partitions),
        "own_worst_group" and "average_accuracy". ``pandas.DataFrame(results_)`` shows it.
    worst_groups_ : ndarray of shape (n_candidates, n_candidates)
        Held-out accuracy of the judge trained on the groups of one candidate (rows) in the worst
        group of another (columns).
    {group_attributes}

    Warns
    -----
    UnusableSplitWarning
        If leaving the classes whole is best.

    See Also
    --------
    skgroup.inspection.stability : Whether the chosen groups come again in other samples.

    Notes
    -----
    The cost is that of the candidates and of one to four fits of the judge for each. Partitions
    are those of all rows, held-out ones too; the judges do not see these rows.

    Examples
    --------
    >>> from skgroup import GroupInferrerSearch
    >>> from skgroup.datasets import make_shortcut_classification
    >>> from skgroup.metrics import within_class_ari
    >>> X, y, true_groups = make_shortcut_classification(
    ...     2000, core_strength=0.5, shortcut_strength=2.0, random_state=0
    ... )
    >>> search = GroupInferrerSearch(random_state=0).fit(X, y)
    >>> within_class_ari(true_groups, search.groups_, y) > 0.8
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "candidates": [list, tuple, None],
        "judge": [HasMethods(["fit", "predict"]), None],
        "module": [nn.Module, callable, None],
        "max_judged": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self, candidates: Any = None, *, judge: Any = None,
        module: nn.Module | Callable | None = None, max_judged: int = 2000,
        n_jobs: int | None = None, random_state: Any = None, verbose: int = 0,
    ):  # fmt: skip
        self.candidates = candidates
        self.judge = judge
        self.module = module
        self.max_judged = max_judged
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _own_module(self) -> bool:
        given = self.candidates or []
        return self.module is not None or any(
            isinstance(c, BaseGroupInferrer) and c._own_module() for c in given
        )

    def _candidates(self, n_rows: int) -> list[Any]:
        if self.candidates is not None:
            _check_candidates(self.candidates)
            return list(self.candidates)
        make, module = GradientGroupInferrer, self.module
        if module is not None:
            lengths = [epochs_of_steps(steps, n_rows, make().batch_size) for steps in STEPS]
            return [make(module=module, epochs=epochs) for epochs in lengths]
        linear = make(reference="linear")
        return [make(), linear, make(reference="linear", scale="weighted")]

    def _fit_reference(self, X: Any, y: NDArray, random_state: Any) -> None:
        if not hasattr(X, "shape"):
            raise TypeError(
                f"X is a {type(X).__name__}, whose rows cannot be held out: fit a single inferrer, "
                "or give X as an array."
            )
        candidates, judge = self._candidates(X.shape[0]), self._judge()
        seeds = random_state.randint(np.iinfo(np.int32).max, size=2).tolist()
        tell(self.verbose, self, f"fits {len(candidates)} candidates")
        labels, rows = self.classes_[y], as_frame(X, getattr(self, "feature_names_in_", None))
        self.inferrers_ = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_quietly)(candidate, rows, labels, seeds[0]) for candidate in candidates
        )
        groups = [inferrer.groups_ for inferrer in self.inferrers_]
        tell(self.verbose, self, "trains the judge on the groups of each candidate")
        verdict = judge_partitions(
            judge, X, labels, y, groups,
            max_judged=self.max_judged, n_jobs=self.n_jobs, seed=seeds[1],
        )  # fmt: skip
        self.worst_groups_ = verdict.worst_groups
        self.best_index_ = verdict.best
        self.best_inferrer_ = self.inferrers_[self.best_index_]
        self.reference_ = self.best_inferrer_.reference_
        self.results_ = {
            "candidate": np.array([" ".join(str(c).split()) for c in candidates], dtype=object),
            "n_groups": np.array([inferrer.n_groups_ for inferrer in self.inferrers_]),
            "score": verdict.scores,
            "mean_worst_group": verdict.means,
            "own_worst_group": verdict.worst_groups.diagonal().copy(),
            "average_accuracy": verdict.averages,
        }
        self._tell_choice()

    def _tell_choice(self) -> None:
        names, scores = self.results_["candidate"], self.results_["score"]
        for i, (name, score) in enumerate(zip(names, scores, strict=True)):
            tell(self.verbose, self, f"candidate {i}, {name}: score {score:.3f}", least=2)
        best = self.best_index_
        text = f"chose candidate {best}, {names[best]}: score {scores[best]:.3f}"
        tell(self.verbose, self, text)

    def _judge(self) -> Any:
        if self.judge is None:
            return GroupDROClassifier(module=self.module)
        if not has_fit_parameter(self.judge, "groups"):
            raise TypeError(
                f"judge {type(self.judge).__name__} has no groups= in its fit: pass a robust "
                "classifier such as GroupDROClassifier()."
            )
        return self.judge

    def _partition(self, X: Any, codes: NDArray, random_state: Any) -> NDArray[np.int64]:
        return self.best_inferrer_.groups_

    def _number(self, codes: NDArray, clusters: NDArray) -> GroupIds:
        # Group ids of the best one take the place of clusters; the table still shows its clusters.
        ids = GroupIds.fit(codes, clusters, 0.0, merge=False)
        return replace(ids, pairs=self.best_inferrer_._ids.pairs)

    def _unsplit(self) -> list[tuple[str, str]]:
        if self.best_inferrer_.n_groups_ > len(self.classes_):
            return self.best_inferrer_._unsplit()
        return [("every class", "training on the groups of no candidate serves the worst better")]

    def _assign(self, X: Any, codes: NDArray) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        embedded, clusters = self.best_inferrer_._assign(X, codes)
        return embedded, self.best_inferrer_._ids.lookup(codes, clusters)

    def _probabilities(self, X: Any) -> NDArray:
        return self.best_inferrer_._probabilities(X)


def _check_candidates(candidates: Any) -> None:
    if not candidates:
        raise ValueError(
            "candidates is empty: give at least one inferrer, or None for the default."
        )
    for candidate in candidates:
        if not isinstance(candidate, BaseGroupInferrer):
            raise TypeError(
                f"candidates must be group inferrers, got {type(candidate).__name__}: pass "
                "instances such as GradientGroupInferrer()."
            )


def _fit_quietly(candidate: Any, X: Any, y: NDArray, seed: int) -> Any:
    """Only the chosen candidate has to say what it could not split; parameters are checked."""
    with warnings.catch_warnings(), sklearn.config_context(skip_parameter_validation=False):
        warnings.simplefilter("ignore", UnusableSplitWarning)
        return seeded_clone(candidate, seed).fit(X, y)
