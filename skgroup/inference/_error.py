from numbers import Real
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from skgroup._sklearn import Interval, StrOptions
from skgroup.classifiers._gerne import least_confident
from skgroup.inference._base import BaseGroupInferrer
from skgroup.inference._fit_reference import REFERENCE_CONSTRAINTS, document_reference
from skgroup.inference._group_ids import GroupIds
from skgroup.inference._two_sides import number_sides, one_sided

__all__ = ["ErrorGroupInferrer"]


@document_reference
class ErrorGroupInferrer(BaseGroupInferrer):
    """Infer groups from the errors of a reference: two parts of each class.

    A model that has learnt a shortcut is wrong about the rows that break it, or at least less sure
    of them than of others. These rows of a class are one group (cluster 1 in `group_table_`), the
    others of that class another.

    Parameters
    ----------
    rule : {"error", "least_confident"}, default="error"
        "error": the rows that the reference misclassifies, the error set of JTT.
        "least_confident": the share `minority_share` of each class to whose label the reference
        gives the lowest probability, as GERNE takes them; ties go to the first rows.
    minority_share : float, default=0.05
        Above 0 and below 1, for "least_confident": at least one row of a class, and never all.
    {reference_parameters}
    random_state : int, RandomState instance or None, default=None
        Seed of the reference.
    verbose : int, default=0
        1 shows a line for each stage and the progress of `module`, 2 a line for each of its
        epochs and for each class.

    Attributes
    ----------
    {group_attributes}

    See Also
    --------
    JTTClassifier : Finds the errors of a first training itself, and repeats them in a second.
    GERNEClassifier : Takes the least confident rows itself, with ``attributes="unknown"``.

    Notes
    -----
    New and validation rows are judged by the same rule: by their error, or by the probability that
    lies halfway between the two parts of their class. Rows of a class that is one group are in
    that group.

    `embed` is the margin by which the label leads over the best other class, or the probability of
    the label.

    References
    ----------
    Liu, Haghgoo, Chen, Raghunathan, Koh, Sagawa, Liang, Finn: Just train twice: improving group
    robustness without training group information, ICML 2021, arXiv 2107.09044.

    Asaad, Shadaydeh, Denzler: Gradient extrapolation for debiased representation learning,
    ICCV 2025, arXiv 2503.13236.

    Examples
    --------
    >>> from skgroup import ErrorGroupInferrer
    >>> from skgroup.datasets import make_group_blobs
    >>> X, y, _ = make_group_blobs(variance=0.01, random_state=0)
    >>> table = ErrorGroupInferrer().fit(X, y).group_table_
    >>> table["error_rate"]
    array([0., 1., 0., 1.])
    >>> table["size"] / len(y)
    array([0.4, 0.1, 0.4, 0.1])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "rule": [StrOptions({"error", "least_confident"})],
        "minority_share": [Interval(Real, 0, 1, closed="neither")],
        **REFERENCE_CONSTRAINTS,
    }

    def __init__(
        self, rule: str = "error", *, minority_share: float = 0.05, reference: Any = "auto",
        module: Any = None, epochs: float | None = None, standardize: bool = True,
        optimizer: Any = "adam", lr: float = 1e-3, weight_decay: float | None = None,
        batch_size: int = 128, device: Any = "cpu", random_state: Any = None, verbose: int = 0,
    ):  # fmt: skip
        self.rule = rule
        self.minority_share = minority_share
        self.reference = reference
        self.module = module
        self.epochs = epochs
        self.standardize = standardize
        self.optimizer = optimizer
        self.lr = lr
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _partition(self, X: Any, codes: NDArray, random_state: Any) -> NDArray[np.int64]:
        if self.rule == "error":
            return self._assign(X, codes)[1]
        p = self._probabilities(X)
        log_p = torch.from_numpy(np.log(np.maximum(p, np.finfo(np.float64).tiny)))
        chosen = least_confident(log_p, torch.from_numpy(codes), self.minority_share).numpy()
        own = p[np.arange(len(codes)), codes]
        self._thresholds = np.array(
            [halfway(own[codes == c], chosen[codes == c]) for c in range(len(self.classes_))]
        )
        return chosen.astype(np.int64)

    def _assign(self, X: Any, codes: NDArray) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        p, rows = self._probabilities(X), np.arange(len(codes))
        own = p[rows, codes]
        if self.rule == "least_confident":
            return own[:, None], (own <= self._thresholds[codes]).astype(np.int64)
        others = p.copy()
        others[rows, codes] = -np.inf
        wrong = p.argmax(axis=1) != codes
        return (own - others.max(axis=1))[:, None], wrong.astype(np.int64)

    def _number(self, codes: NDArray, clusters: NDArray) -> GroupIds:
        return number_sides(codes, clusters)

    def _unsplit(self) -> list[tuple[str, str]]:
        right, wrong = (f"the reference gets all its rows {how}" for how in ("right", "wrong"))
        none = right if self.rule == "error" else "it has a single row"
        return one_sided(self._ids, self.classes_, (none, wrong))


def halfway(probabilities: NDArray, chosen: NDArray) -> float:
    """Between the highest of the chosen probabilities and the lowest of the others.

    Not the highest itself: in other batches a network's outputs differ in the last digits.
    """
    if not chosen.any():
        return -np.inf
    return float(probabilities[chosen].max() + probabilities[~chosen].min()) / 2
