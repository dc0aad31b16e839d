import warnings
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skgroup._inputs import n_rows_of
from skgroup._sklearn import Interval, StrOptions
from skgroup._tell import tell
from skgroup.classifiers._any_estimator import (
    ESTIMATOR,
    check_classifier,
    fit_weighted,
    pick_rows,
    resample,
)
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._first_stage import logits_of, over_rows_of_X, train_first_stage
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Sample, Task
from skgroup.exceptions import UnusableSplitWarning
from skgroup.objectives import MeanLoss
from skgroup.samplers import RepeatedSampler, UniformSampler, WeightedSampler
from skgroup.training import Net

__all__ = ["JTTClassifier"]


@document_shared
class JTTClassifier(BaseGroupClassifier):
    """Just train twice: once to find the rows that are got wrong, once more with more of them.

    A first network is trained briefly by the mean loss; E are the training rows that it
    misclassifies. A second one, from weights of its own, minimises
    ``(sum_{i not in E} l_i + u sum_{i in E} l_i) / (n - |E| + u |E|)`` with u = `upweight`.
    No groups are needed for that: they serve to report and to select the epoch.

    Parameters
    ----------
    estimator : scikit-learn classifier or None, default=None
        None: the network. Otherwise clones of it are fitted on `X` as it is. A strong one, such
        as boosted trees, makes few errors on its training rows, and none that tell of a
        shortcut: give a weak `identifier`. What is said of the network below has to stay at its
        default then.
    identification_epochs : float, default=1
        Epochs of the first training, at least 0; 0 takes the errors of the initial network.
        Published: 60 (Waterbirds), 1 (CelebA), 2 (texts).
    upweight : float, default=20.0
        How much a row of E counts, at least 1. Published: 100 (Waterbirds), 50 (CelebA), 4 and 6
        (texts). A whole number with ``mode="repeat"``.
    count : {"paper", "code"}, default="paper"
        "paper": rows of E count `upweight`-fold. "code": they are added that often to all rows,
        as in the authors' code, and count ``upweight + 1``-fold.
    mode : {"repeat", "sample", "weight"}, default="repeat"
        Rows of E are repeated, which makes epochs longer; or drawn that much more often, in
        epochs of the same length; or their losses are weighted. The objective is the same. An
        estimator whose `fit` has no `sample_weight` gets drawn rows instead of weights.
    identifier : scikit-learn classifier or None, default=None
        With an `estimator`, what a clone is fitted of first; None: the estimator too.
    {shared_parameters}

    Attributes
    ----------
    error_set_ : ndarray of shape (n_samples,), bool
        The rows of `X` that are in E. False for rows that were not trained on: outliers,
        validation rows, and rows without weight.
    identification_net_ : skorch net
        The first network.
    identifier_, estimator_ : scikit-learn classifiers
        The fitted clones, instead of the two networks, when there is an `estimator`; `history_`
        is empty.
    {shared_attributes}

    Warns
    -----
    UnusableSplitWarning
        If E is empty; the second training is then a plain one.

    Notes
    -----
    `callbacks`, `checkpoint_dir` and the progress bar serve both trainings; Ctrl-C during the first
    one leaves its network in `net_`.

    References
    ----------
    Liu, Haghgoo, Chen, Raghunathan, Koh, Sagawa, Liang, Finn: Just train twice: improving group
    robustness without training group information, ICML 2021, arXiv 2107.09044.

    Examples
    --------
    >>> from skgroup import ERMClassifier, JTTClassifier
    >>> from skgroup.datasets import make_group_blobs
    >>> from skgroup.metrics import worst_group_accuracy
    >>> X, y, groups = make_group_blobs(random_state=0)
    >>> jtt = JTTClassifier(upweight=5, max_epochs=20, random_state=0).fit(X, y)
    >>> erm = ERMClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> worst = [worst_group_accuracy(y, model.predict(X), groups) for model in (erm, jtt)]
    >>> worst[0] < worst[1]
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "estimator": ESTIMATOR,
        "identification_epochs": [Interval(Real, 0, None, closed="left")],
        "upweight": [Interval(Real, 1, None, closed="left")],
        "count": [StrOptions({"paper", "code"})],
        "mode": [StrOptions({"repeat", "sample", "weight"})],
        "identifier": ESTIMATOR,
    }
    _needs_groups: ClassVar[bool] = False
    _network_only: ClassVar[tuple[str, ...]] = ("identification_epochs",)

    def __init__(
        self, estimator: Any = None, *, identification_epochs: float = 1, upweight: float = 20.0,
        count: str = "paper", mode: str = "repeat", identifier: Any = None, module: Any = None,
        hidden_layer_sizes: Any = (100, 100), standardize: bool = True, optimizer: Any = "adam",
        lr: float = 1e-3, weight_decay: float = 1e-4, max_epochs: int = 50, batch_size: int = 128,
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
        self.estimator = estimator
        self.identification_epochs = identification_epochs
        self.upweight = upweight
        self.count = count
        self.mode = mode
        self.identifier = identifier

    def _fit(self, task: Task) -> Net:
        self._check()
        self.identification_net_ = train_first_stage(self, task, self.identification_epochs)
        logits = logits_of(self.identification_net_, task)
        errors = logits.argmax(dim=1) != task.data.y.cpu()
        self.error_set_ = over_rows_of_X(task, errors.numpy(), False)
        self._tell_errors()
        if not errors.any():
            _warn_of_no_errors()
            return self._train(
                task, MeanLoss(task.sample_weight), task.sampler("uniform", self.batch_size)
            )
        objective, sampler = self._second_stage(task, self._counts(errors))
        return self._train(task, objective, sampler)

    def _second_stage(self, task: Task, counts: Tensor) -> tuple[MeanLoss, Any]:
        size, seed, weight = self.batch_size, task.seeds.sampler, task.sample_weight
        if self.mode == "weight":
            weight = counts.float() * (1.0 if weight is None else weight)
            return MeanLoss(weight), UniformSampler(len(counts), size, seed)
        if weight is not None:  # mean 1 over the rows that are drawn
            weight = weight * (counts.sum() / (counts * weight).sum()).float()
        objective = MeanLoss(weight, normalize=False)
        if self.mode == "sample":
            return objective, WeightedSampler(counts, size, seed)
        return objective, RepeatedSampler(counts.long(), size, seed)

    def _fit_estimator(self, sample: Sample, y: NDArray, seed: int) -> Any:
        self._check()
        first = self.estimator if self.identifier is None else self.identifier
        X, rows, weight = sample.X, sample.rows, sample.weight
        other_seed = int(np.random.default_rng(seed).integers(np.iinfo(np.int32).max))
        self.identifier_ = fit_weighted(first, X, y, rows, weight, other_seed)
        errors = self.identifier_.predict(pick_rows(X, rows)) != y[rows]
        self.error_set_ = np.zeros(n_rows_of(X), dtype=bool)
        self.error_set_[rows] = errors
        self._tell_errors()
        if not errors.any():
            _warn_of_no_errors()
            return fit_weighted(self.estimator, X, y, rows, weight, seed)
        counts = self._counts(torch.from_numpy(errors)).numpy()
        if self.mode == "weight":
            weight = counts * (1.0 if weight is None else weight)
            return fit_weighted(self.estimator, X, y, rows, weight, seed)
        if self.mode == "repeat":
            picked = np.repeat(np.arange(len(rows)), counts.astype(np.int64))
        else:
            picked = resample(y[rows], counts, seed)
        weight = None if weight is None else weight[picked]
        return fit_weighted(self.estimator, X, y, rows[picked], weight, seed)

    def _tell_errors(self) -> None:
        n_errors = np.count_nonzero(self.error_set_)
        tell(self.verbose, self, f"the first model gets {n_errors} rows wrong")

    def _counts(self, errors: Tensor) -> Tensor:
        """How much each row counts."""
        return 1.0 + errors.double() * (self.upweight - (self.count == "paper"))

    def _check(self) -> None:
        if self.mode == "repeat" and self.upweight != int(self.upweight):
            raise ValueError(
                f"upweight must be a whole number with mode='repeat', got {self.upweight}: rows "
                "cannot be repeated in part. Use mode='weight' or mode='sample'."
            )
        if self.identifier is not None and self.estimator is None:
            raise ValueError(
                "identifier is for use with estimator=: a network is identified by its own first "
                "training. Give an estimator too, or leave identifier out."
            )
        if self.identifier is not None:
            check_classifier("identifier", self.identifier)


def _warn_of_no_errors() -> None:
    warnings.warn(
        "The first training got every row right, so that there is none to give more weight to: "
        "the second one is plain ERM. Train the first one less (identification_epochs, or a "
        "weaker identifier).",
        UnusableSplitWarning,
        stacklevel=6,
    )
