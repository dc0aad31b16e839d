from numbers import Real
from typing import Any, ClassVar

from skgroup._sklearn import Interval
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Task
from skgroup.modules import Twin
from skgroup.objectives import LogitCorrectionLoss
from skgroup.training import Net

__all__ = ["LogitCorrectionClassifier"]


@document_shared
class LogitCorrectionClassifier(BaseGroupClassifier):
    """Logit correction: what a biased network knows of the class need not be learnt again.

    Two networks see the same batches. The biased one minimises the generalised cross-entropy
    ``(1 - p_y^q) / q``; the class ``a`` that it predicts stands for the shortcut. ``P[y, a]``, a
    moving average of the probability that it gives to the true class, divided by its sum over y,
    says what the shortcut tells of the class. The other network, which predicts, minimises the
    cross-entropy of ``logits + log(P[., a]^eta + 1e-4)`` and predicts without the correction.
    Training needs no groups: they serve to report and, with `early_stopping`, to select the epoch.

    Parameters
    ----------
    q : float, default=0.7
        How far the biased network trusts easy rows, in [0, 1]; 0 is the cross-entropy.
    eta : float, default=1.0
        Strength of the correction, at least 0; 0 is plain training.
    momentum : float, default=0.9
        Share of the past in P at each batch, in [0, 1).
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    Notes
    -----
    The published method also mixes rows of a class whose shortcut agrees with it with rows whose
    shortcut does not. This part is left out: what is here is the corrected loss alone.

    Where the biased network is right about nearly every row, the correction says all, and the
    other network learns next to nothing.

    A module that is an instance starts both networks from the same weights; a callable gives them
    different ones. `sample_weight` counts inside all means.

    References
    ----------
    Liu, Zhang, Sekhar, Wu, Singhal, Fernandez-Granda: Avoiding spurious correlations via logit
    correction, ICLR 2023, arXiv 2212.01433.

    Examples
    --------
    >>> from skgroup import ERMClassifier, LogitCorrectionClassifier
    >>> from skgroup.datasets import make_group_blobs
    >>> from skgroup.metrics import worst_group_accuracy
    >>> X, y, groups = make_group_blobs(variance=0.5, random_state=0)
    >>> plain = ERMClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> clf = LogitCorrectionClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> scores = [worst_group_accuracy(y, model.predict(X), groups) for model in (plain, clf)]
    >>> bool(scores[1] > scores[0] + 0.1)
    True
    """

    _needs_groups: ClassVar[bool] = False
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "q": [Interval(Real, 0, 1, closed="both")],
        "eta": [Interval(Real, 0, None, closed="left")],
        "momentum": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self, q: float = 0.7, eta: float = 1.0, momentum: float = 0.9, *,
        module: Any = None, hidden_layer_sizes: Any = (100, 100), standardize: bool = True,
        optimizer: Any = "adam", lr: float = 1e-3, weight_decay: float = 1e-4, max_epochs: int = 50,
        batch_size: int = 128, early_stopping: Any = "auto", validation_fraction: float = 0.2,
        patience: int = 10, scoring: Any = "auto", callbacks: Any = None,
        checkpoint_dir: Any = None, device: Any = "cpu", random_state: Any = None, verbose: int = 0,
    ):  # fmt: skip
        super().__init__(
            module=module, hidden_layer_sizes=hidden_layer_sizes, standardize=standardize,
            optimizer=optimizer, lr=lr, weight_decay=weight_decay, max_epochs=max_epochs,
            batch_size=batch_size, early_stopping=early_stopping,
            validation_fraction=validation_fraction, patience=patience, scoring=scoring,
            callbacks=callbacks, checkpoint_dir=checkpoint_dir, device=device,
            random_state=random_state, verbose=verbose,
        )  # fmt: skip
        self.q = q
        self.eta = eta
        self.momentum = momentum

    def _fit(self, task: Task) -> Net:
        objective = LogitCorrectionLoss(
            task.n_classes,
            q=self.q,
            eta=self.eta,
            momentum=self.momentum,
            sample_weight=task.sample_weight,
        )
        module = Twin(self._build(task), self._build(task.first_stage()))
        sampler = task.sampler("uniform", self.batch_size)
        return self._train(task, objective, sampler, module=module)
