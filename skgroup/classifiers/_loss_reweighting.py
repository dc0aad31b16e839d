from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cross_entropy

from skgroup._data import forward
from skgroup._sklearn import HasMethods, Interval, StrOptions
from skgroup.classifiers._any_estimator import fit_rows, fit_weighted, pick_rows
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Sample, Task
from skgroup.objectives import LossWeightedLoss
from skgroup.training import Net

__all__ = ["LossReweightingClassifier"]

# A probability of 0, as of neighbours that agree, has a finite loss.
SMALLEST = np.finfo(np.float64).eps


@document_shared
class LossReweightingClassifier(BaseGroupClassifier):
    """Give rows with large losses large weights, by a formula of your choice.

    Minimises the weighted mean loss, with weights that have mean 1 and are computed from the
    losses themselves: "power", in proportion to ``(l + 1e-8)^gamma``; "tilted", to
    ``exp(l / tau)``; "top", equal on the largest losses, a share `alpha` of all (CVaR). Weights
    are constants in each step. ``gamma=0``, ``tau=inf`` and ``alpha=1`` are ERM.

    With `estimator` any scikit-learn classifier takes the place of the network: one clone is
    fitted without weights (or with `sample_weight`), and a second one with weights from the
    losses of the first. An estimator that knows no weights is fitted on rows drawn in proportion
    to them.

    Groups do not enter the training: they serve to report and, with `early_stopping`, to select
    the epoch.

    Parameters
    ----------
    estimator : classifier, default=None
        With `predict_proba`; None: the network. Parameters of the network, `refresh` and
        `warmup_epochs` must then stay at their defaults, and attributes of the network are
        replaced by `estimator_`.
    scheme : {"power", "tilted", "top"}, default="power"
        Formula of the weights.
    gamma : float, default=1.0
        Exponent >= 0 of "power".
    tau : float, default=1.0
        Temperature > 0 of "tilted"; near 0 only the largest loss counts.
    alpha : float, default=0.2
        Share of "top", in (0, 1].
    clip : float or None, default=10.0
        Weights are cut off there, at least 1, and then scaled to mean 1 again; None: never.
    refresh : {"batch", "epoch"}, default="batch"
        Whether weights are those of the batch at hand, or of all training rows after each epoch,
        from a pass over them.
    warmup_epochs : int, default=1
        Epochs of ERM before, at least 0.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}
    estimator_ : classifier
        The second clone, with `estimator` only; there is no `net_` then, and `history_` is empty.

    Raises
    ------
    ValueError
        If the weights leave no sample of a class to fit `estimator` on.

    Notes
    -----
    With `sample_weight`, a row of weight 2 counts as two rows with the same loss. Losses are those
    on the training rows: an `estimator` that learns them by heart has none to tell apart.

    References
    ----------
    Li, Beirami, Sanjabi, Smith: Tilted empirical risk minimization, ICLR 2021, arXiv 2007.01162.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skgroup import LossReweightingClassifier
    >>> from skgroup.datasets import make_shortcut_classification
    >>> from skgroup.metrics import worst_group_accuracy
    >>> data = {"core_strength": 2.0, "random_state": 0}
    >>> X, y, _ = make_shortcut_classification(**data)
    >>> X_test, y_test, groups = make_shortcut_classification(subset="test", **data)
    >>> plain = LogisticRegression().fit(X, y)
    >>> clf = LossReweightingClassifier(LogisticRegression(), scheme="tilted").fit(X, y)
    >>> worst = [worst_group_accuracy(y_test, m.predict(X_test), groups) for m in (plain, clf)]
    >>> worst[0] < worst[1]
    True
    """

    _needs_groups: ClassVar[bool] = False
    _network_only: ClassVar[tuple[str, ...]] = ("refresh", "warmup_epochs")
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "estimator": [HasMethods(["fit", "predict"]), None],
        "scheme": [StrOptions({"power", "tilted", "top"})],
        "gamma": [Interval(Real, 0, None, closed="left")],
        "tau": [Interval(Real, 0, None, closed="right")],
        "alpha": [Interval(Real, 0, 1, closed="right")],
        "clip": [Interval(Real, 1, None, closed="left"), None],
        "refresh": [StrOptions({"batch", "epoch"})],
        "warmup_epochs": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self, estimator: Any = None, *, scheme: str = "power", gamma: float = 1.0,
        tau: float = 1.0, alpha: float = 0.2, clip: float | None = 10.0, refresh: str = "batch",
        warmup_epochs: int = 1, module: Any = None, hidden_layer_sizes: Any = (100, 100),
        standardize: bool = True, optimizer: Any = "adam", lr: float = 1e-3,
        weight_decay: float = 1e-4, max_epochs: int = 50, batch_size: int = 128,
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
        self.scheme = scheme
        self.gamma = gamma
        self.tau = tau
        self.alpha = alpha
        self.clip = clip
        self.refresh = refresh
        self.warmup_epochs = warmup_epochs

    def _objective(self, **options: Any) -> LossWeightedLoss:
        names = ("gamma", "tau", "alpha", "clip", "warmup_epochs")
        settings = {name: getattr(self, name) for name in names}
        return LossWeightedLoss(self.scheme, **settings, **options)

    def _fit(self, task: Task) -> Net:
        data = task.data
        n_samples = len(data) if self.refresh == "epoch" else None
        objective = self._objective(n_samples=n_samples, sample_weight=task.sample_weight)
        objective.to(data.y.device)

        def refresh(module: nn.Module) -> None:
            if n_samples is not None and not objective.in_warmup:
                logits = forward(module.eval(), data.rows)
                objective.refresh(cross_entropy(logits, data.y, reduction="none"))

        def after_epoch(module: nn.Module) -> None:
            objective.end_epoch()
            refresh(module)

        module = self._build(task)
        refresh(module)  # without warm-up the first weights are those of the initial network
        sampler = task.sampler("uniform", self.batch_size)
        return self._train(task, objective, sampler, module=module, after_epoch=after_epoch)

    def _fit_estimator(self, sample: Sample, y: NDArray, seed: int) -> Any:
        if not hasattr(self.estimator, "predict_proba"):
            raise TypeError(
                f"{type(self.estimator).__name__} has no predict_proba, and weights come from the "
                "losses of its probabilities: pass a classifier that has it."
            )
        X, rows, own = sample.X, sample.rows, sample.weight
        if own is None:
            first, own = fit_rows(self.estimator, X, y, rows, seed), np.ones(len(rows))
        else:
            first = fit_weighted(self.estimator, X, y, rows, own, seed)
        _check_classes(first.classes_, self.classes_)
        column = np.searchsorted(self.classes_, y[rows])
        proba = first.predict_proba(pick_rows(X, rows))[np.arange(len(rows)), column]
        losses = -np.log(np.clip(proba.astype(np.float64), SMALLEST, 1.0))
        weight = own * self._objective().weigh(*map(torch.from_numpy, (losses, own))).numpy()
        kept = weight > 0
        _check_classes(y[rows[kept]], self.classes_)
        final = fit_weighted(self.estimator, X, y, rows[kept], weight[kept], seed)
        _check_classes(final.classes_, self.classes_)
        return final


def _check_classes(found: NDArray, classes: NDArray) -> None:
    """Raise unless every class is among those that have weight, or that a clone has seen."""
    lost = np.setdiff1d(classes, found)
    if len(lost):
        raise ValueError(
            f"no sample of class {lost.tolist()[0]!r} has enough weight to be trained on: its "
            "losses, or its weights, are too small. Use a larger alpha or tau, or a smaller gamma."
        )
