from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skgroup._sklearn import Interval, StrOptions
from skgroup.inference._base import BaseGroupInferrer
from skgroup.inference._environments import loss_slopes, split_rows
from skgroup.inference._fit_reference import REFERENCE_CONSTRAINTS, document_reference
from skgroup.inference._group_ids import GroupIds
from skgroup.inference._two_sides import number_sides, one_sided

__all__ = ["EIILGroupInferrer"]


@document_reference
class EIILGroupInferrer(BaseGroupInferrer):
    """Infer groups as two environments that disagree about the reference (EIIL).

    Rows are divided between two environments so that a fixed reference is as far as it can be from
    optimal in both: the sum of the squared slopes of the two risks, in a factor on its logits, is
    as large as possible. Rows that follow the reference's shortcut would like larger logits, rows
    that break it smaller ones. Groups are the environments crossed with the classes. Environment 1
    (`cluster` in `group_table_`) is that of the rows with larger losses than expected.

    Parameters
    ----------
    solver : {"adam", "exact"}, default="adam"
        "adam": soft assignments from random ones, by gradient steps, as published. Rows that
        hardly count, those that the reference is sure of and right about, may stay where chance
        put them. "exact": the optimum, which needs no steps: environment 1 has the rows with a
        positive slope, those with a larger loss than the entropy of the reference's prediction.
    scope : {"global", "class"}, default="global"
        Find the environments among all rows, or in each class on its own. The exact optimum is
        the same.
    step_size : float, default=1e-3
        Learning rate of "adam".
    max_steps : int, default=10000
        Its steps.
    {reference_parameters}
    random_state : int, RandomState instance or None, default=None
        Seed of the first assignment, and of the reference.
    verbose : int, default=0
        1 shows a line for each stage and the progress of `module`, 2 a line for each of its
        epochs and for each class.

    Attributes
    ----------
    {group_attributes}

    See Also
    --------
    ErrorGroupInferrer : Rows that the reference gets wrong, or is least sure of.

    Notes
    -----
    The published reference stops early: give a network as `module`, which trains for 20 steps
    unless `epochs` says otherwise. New and validation rows are put where the exact rule says: the
    gradient of a row's assignment has the sign of its slope times a number that all rows share, so
    that this is where its assignment would move. With "adam" the rule may differ from `groups_` on
    training rows that stayed where they began.

    With two classes and symmetric logits the slope is positive exactly where the reference is
    wrong, so that "exact" finds its errors.

    References
    ----------
    Creager, Jacobsen, Zemel: Environment inference for invariant learning, ICML 2021,
    arXiv 2010.07249.

    Examples
    --------
    >>> from skgroup import EIILGroupInferrer
    >>> from skgroup.datasets import make_group_blobs
    >>> from skgroup.metrics import group_agreement
    >>> X, y, true_groups = make_group_blobs(variance=0.01, random_state=0)
    >>> inferrer = EIILGroupInferrer("exact").fit(X, y)
    >>> group_agreement(true_groups, inferrer.groups_, y)["within_class_ari"]
    1.0
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "solver": [StrOptions({"adam", "exact"})],
        "scope": [StrOptions({"global", "class"})],
        "step_size": [Interval(Real, 0, None, closed="neither")],
        "max_steps": [Interval(Integral, 1, None, closed="left")],
        **REFERENCE_CONSTRAINTS,
    }

    def __init__(
        self, solver: str = "adam", *, scope: str = "global", step_size: float = 1e-3,
        max_steps: int = 10000, reference: Any = "auto", module: Any = None,
        epochs: float | None = None, standardize: bool = True, optimizer: Any = "adam",
        lr: float = 1e-3, weight_decay: float | None = None, batch_size: int = 128,
        device: Any = "cpu", random_state: Any = None, verbose: int = 0,
    ):  # fmt: skip
        self.solver = solver
        self.scope = scope
        self.step_size = step_size
        self.max_steps = max_steps
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
        slopes = loss_slopes(self._probabilities(X), codes)
        u = random_state.standard_normal(len(slopes))
        parts = np.zeros_like(codes) if self.scope == "global" else codes
        environments = np.empty(len(slopes), dtype=np.int64)
        for part in np.unique(parts):
            rows = parts == part
            environments[rows] = split_rows(
                slopes[rows], u[rows], solver=self.solver, step_size=self.step_size,
                max_steps=self.max_steps,
            )  # fmt: skip
        return environments

    def _assign(self, X: Any, codes: NDArray) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        slopes = loss_slopes(self._probabilities(X), codes)
        return slopes[:, None], (slopes > 0).astype(np.int64)

    def _number(self, codes: NDArray, clusters: NDArray) -> GroupIds:
        return number_sides(codes, clusters)

    def _unsplit(self) -> list[tuple[str, str]]:
        return one_sided(self._ids, self.classes_, ("all its rows are in one environment",) * 2)
