import warnings
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skgroup._sklearn import Interval, StrOptions
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._first_stage import logits_of, over_rows_of_X
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Task
from skgroup.exceptions import SettingsWarning
from skgroup.modules import FrozenBatchNorm
from skgroup.objectives import ExtrapolationLoss, MeanLoss
from skgroup.objectives._group_weights import weights_within_groups
from skgroup.samplers import ExtrapolationPairSampler
from skgroup.training import Net, Validation

__all__ = ["GERNEClassifier", "least_confident"]


@document_shared
class GERNEClassifier(BaseGroupClassifier):
    """Gradient extrapolation: step beyond what a less biased batch says.

    Inside class y, attribute a (what groups tell apart there) has a share ``alpha`` of the rows.
    Each step draws a batch with these shares and a less biased one, with shares
    ``(1 - c) alpha + c / A_y`` where ``A_y`` is the number of attributes in the class, both
    balanced over classes, and follows ``grad L_lb + beta (grad L_lb - grad L_b)``. On average this
    is the gradient of a loss in which the attribute weighs
    ``alpha + c (1 + beta) (1 / A_y - alpha)``: from the data's share (`beta` = -1) through equal
    shares (``c (1 + beta) = 1``) to more than that for minorities.

    Without annotations (``attributes="unknown"``) a biased network is trained first, on
    class-balanced batches with the learning rate divided by 10 and twice the weight decay (where
    `optimizer` is a name). The rows of each class that it is least sure of become one attribute,
    the others the second, and a new network is trained on these. Groups are then not needed:
    where there are any, they serve for validation only.

    Parameters
    ----------
    c : float, default=0.5
        Above 0, at most 1: how much less biased the second batch is. At 1 the shares are equal.
    beta : float of at least -1, or "auto", default="auto"
        How far to extrapolate. "auto" is ``1 / c - 1``: equal weights. More favours minorities, up
        to a bound (`beta_bounds_`) above which the largest group has a negative weight.
    attributes : {"known", "unknown"}, default="known"
        "known": groups are crossed with the classes, so that an attribute and groups that already
        live inside classes are the same. Without groups the classes take their place, with a
        warning, and `beta` only adds noise. "unknown": see above.
    minority_share : float, default=0.05
        Between 0 and 1, the share of least confident rows in each class, where attributes are
        unknown: at least one row and never all.
    group_batch_size : int, default=32
        Each of the two batches holds A times as many rows of every class, where A is the largest
        number of attributes in one class. An epoch has as many pairs of batches as it takes to
        fill one of the two with as many rows as there are. `batch_size` is for the biased network
        of ``attributes="unknown"`` alone.
    counts : {"largest_remainder", "multinomial"}, default="largest_remainder"
        How shares become whole numbers of rows: rounded, the same in each step; or drawn at
        random, which is exact on average.
    overlap : float, default=0.0
        From 0 to 1, the share of rows that both batches have in common, which lowers the noise of
        the extrapolation.
    allow_beyond_bound : bool, default=False
        Whether a `beta` above the bound is accepted without complaint.
    freeze_batch_norm : bool, default=True
        Whether batch-normalisation layers keep the statistics that they have at the start of the
        training by extrapolation: the two batches differ in theirs.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}
    beta_ : float
        The `beta` in use.
    beta_bounds_ : tuple of two floats
        Between these values of `beta` no group has a negative weight; infinite where nothing binds.
    batch_shares_ : dict of ndarray
        One row per class x attribute: "class", "group" (its label, or the pseudo-attribute),
        "share" (in the data, sample weights counted), and "biased", "less_biased" and
        "extrapolated" as whole numbers of rows realise them (with counts="multinomial": on
        average). Realised shares may cross a bound that exact ones respect.
    pseudo_attribute_ : ndarray of shape (n_samples,)
        Where attributes are unknown: 1 for the least confident rows, 2 for the others, -1 for rows
        that were not trained on.

    Raises
    ------
    ValueError
        If `beta` is above the bound for groups given to `fit`.

    Warns
    -----
    SettingsWarning
        If `beta` is above the bound for inferred groups, carried by X, or for pseudo-attributes:
        there this can be meant, as these mix the true ones.

    Notes
    -----
    `sample_weight` counts inside groups and in their shares, as if rows were repeated. Losses in
    `history_` are means over the rows drawn, not the extrapolated loss, which may be negative.

    References
    ----------
    Asaad, Shadaydeh, Denzler: Gradient extrapolation for debiased representation learning,
    ICCV 2025, arXiv 2503.13236.

    Examples
    --------
    >>> from skgroup import GERNEClassifier
    >>> from skgroup.datasets import make_group_blobs
    >>> from skgroup.metrics import worst_group_accuracy
    >>> X, y, groups = make_group_blobs(variance=0.01, random_state=0)
    >>> clf = GERNEClassifier(group_batch_size=30, random_state=0).fit(X, y, groups=groups)
    >>> worst_group_accuracy(y, clf.predict(X), groups)
    1.0
    >>> clf.batch_shares_["biased"].round(2), clf.batch_shares_["extrapolated"].round(2)
    (array([0.8, 0.2, 0.2, 0.8]), array([0.5, 0.5, 0.5, 0.5]))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "c": [Interval(Real, 0, 1, closed="right")],
        "beta": [Interval(Real, -1, None, closed="left"), StrOptions({"auto"})],
        "attributes": [StrOptions({"known", "unknown"})],
        "minority_share": [Interval(Real, 0, 1, closed="neither")],
        "group_batch_size": [Interval(Integral, 1, None, closed="left")],
        "counts": [StrOptions({"largest_remainder", "multinomial"})],
        "overlap": [Interval(Real, 0, 1, closed="both")],
        "allow_beyond_bound": ["boolean"],
        "freeze_batch_norm": ["boolean"],
    }

    def __init__(
        self, c: float = 0.5, beta: Any = "auto", *, attributes: str = "known",
        minority_share: float = 0.05, group_batch_size: int = 32,
        counts: str = "largest_remainder", overlap: float = 0.0, allow_beyond_bound: bool = False,
        freeze_batch_norm: bool = True, module: Any = None, hidden_layer_sizes: Any = (100, 100),
        standardize: bool = True, optimizer: Any = "adam", lr: float = 1e-3,
        weight_decay: float = 3e-3, max_epochs: int = 50, batch_size: int = 128,
        early_stopping: Any = "auto", validation_fraction: float = 0.2, patience: int = 10,
        scoring: Any = "auto", callbacks: Any = None, checkpoint_dir: Any = None,
        device: Any = "cpu", random_state: Any = None, verbose: int = 0,
    ):  # fmt: skip
        super().__init__(
            module=module, hidden_layer_sizes=hidden_layer_sizes, standardize=standardize,
            optimizer=optimizer, lr=lr, weight_decay=weight_decay, max_epochs=max_epochs,
            batch_size=batch_size, early_stopping=early_stopping,
            validation_fraction=validation_fraction, patience=patience, scoring=scoring,
            callbacks=callbacks, checkpoint_dir=checkpoint_dir, device=device,
            random_state=random_state, verbose=verbose,
        )  # fmt: skip
        self.c = c
        self.beta = beta
        self.attributes = attributes
        self.minority_share = minority_share
        self.group_batch_size = group_batch_size
        self.counts = counts
        self.overlap = overlap
        self.allow_beyond_bound = allow_beyond_bound
        self.freeze_batch_norm = freeze_batch_norm

    @property
    def _needs_groups(self) -> bool:  # type: ignore[override]
        return self.attributes == "known"

    def _fit(self, task: Task) -> Net:
        self.__dict__.pop("pseudo_attribute_", None)
        known = self.attributes == "known"
        attribute = task.data.groups.cpu() if known else self._pseudo_attribute(task)
        sampler = ExtrapolationPairSampler(
            task.data.y.cpu(), attribute, c=self.c, group_batch_size=self.group_batch_size,
            counts=self.counts, overlap=self.overlap, seed=task.seeds.sampler,
            sample_weight=task.sample_weight,
        )  # fmt: skip
        self.beta_ = 1 / self.c - 1 if self.beta == "auto" else float(self.beta)
        self.beta_bounds_ = sampler.shares.beta_bounds(self.c)
        self._check_bound(may_be_beyond=not known or task.groups_from == "carried")
        self.batch_shares_ = self._batch_shares(sampler)
        cells = torch.from_numpy(sampler.shares.cell)
        weight = weights_within_groups(task.sample_weight, cells)
        objective = ExtrapolationLoss(self.beta_, sample_weight=weight)
        module = self._build(task)
        if self.freeze_batch_norm and _has_batch_norm(module):
            module = FrozenBatchNorm(module)
        return self._train(task, objective, sampler, module=module)

    def _pseudo_attribute(self, task: Task) -> Tensor:
        """1 for the rows of each class that a biased network is least sure of, 2 for the others."""
        stage = task.first_stage()
        if task.validation is not None:
            held_out = task.validation.data
            classes = replace(held_out, groups=held_out.y, n_groups=task.n_classes)
            stage = replace(stage, validation=Validation(classes, "group_balanced"))
        y = task.data.y.cpu()
        net = self._train(
            stage, MeanLoss(weights_within_groups(task.sample_weight, y)),
            stage.sampler("class_balanced", self.batch_size), stage="biased", lr=self.lr / 10,
            weight_decay=2 * self.weight_decay,
        )  # fmt: skip
        chosen = least_confident(logits_of(net, task), y, self.minority_share)
        attribute = torch.where(chosen, 1, 2)
        self.pseudo_attribute_ = over_rows_of_X(task, attribute.numpy(), -1)
        return attribute

    def _check_bound(self, *, may_be_beyond: bool) -> None:
        bound = self.beta_bounds_[1]
        if self.beta_ <= bound or self.allow_beyond_bound:
            return
        text = (
            f"beta={self.beta_:g} is above the bound {bound:.4g} for c={self.c:g} and these groups:"
            " beyond it the largest group has a negative weight, and the loss can fall without end."
        )
        if not may_be_beyond:
            raise ValueError(f"{text} Lower beta, or set allow_beyond_bound=True.")
        warnings.warn(
            f"{text} If that is meant, set allow_beyond_bound=True; if not, lower beta.",
            SettingsWarning,
            stacklevel=6,
        )

    def _batch_shares(self, sampler: ExtrapolationPairSampler) -> dict[str, NDArray]:
        shares = sampler.shares
        biased, less_biased = sampler.expected_shares()
        known = self.attributes == "known"
        columns = {
            "class": self.classes_[shares.y],
            "group": self.group_labels_[shares.attribute] if known else shares.attribute,
            "share": shares.data,
            "biased": biased,
            "less_biased": less_biased,
            "extrapolated": (1 + self.beta_) * less_biased - self.beta_ * biased,
        }
        order = np.lexsort((shares.attribute, shares.y))
        return {name: column[order] for name, column in columns.items()}


def least_confident(logits: Tensor, y: Tensor, share: float) -> Tensor:
    """Mark the `share` of each class whose own class is least probable: one row at least, not all.

    Ties go to the first rows. A class of a single row has none.
    """
    confidence = torch.log_softmax(logits.double(), dim=1).gather(1, y[:, None]).flatten()
    chosen = torch.zeros(len(y), dtype=torch.bool)
    for label in torch.unique(y):
        rows = torch.nonzero(y == label).flatten()
        # Rounded first: 29 % of 100 rows are 29, whatever .29 is in binary.
        n = int(round(share * len(rows), 6))
        n = min(max(n, 1), len(rows) - 1)
        chosen[rows[confidence[rows].argsort(stable=True)[:n]]] = True
    return chosen


def _has_batch_norm(module: nn.Module) -> bool:
    return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in module.modules())
