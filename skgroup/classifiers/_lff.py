from numbers import Real
from typing import Any, ClassVar

from skgroup._sklearn import Interval
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Task
from skgroup.modules import Twin
from skgroup.objectives import LfFLoss
from skgroup.training import Net

__all__ = ["LfFClassifier"]


@document_shared
class LfFClassifier(BaseGroupClassifier):
    """Learning from failure: rows on which a biased network fails count more.

    Two networks see the same batches. The biased one minimises the generalised cross-entropy
    ``(1 - p_y^q) / q``, which makes it trust what is learnt easily, such as shortcuts. The other
    one, which predicts, minimises the mean of ``W_i CE_i`` with
    ``W_i = b_i / (b_i + d_i + 1e-8)`` in [0, 1], where ``b_i`` and ``d_i`` are the cross-entropies
    of the biased and of the predicting network for row i: moving averages over its visits, divided
    by the largest of its class. Training needs no groups: they serve to report and, with
    `early_stopping`, to select the epoch.

    Parameters
    ----------
    q : float, default=0.7
        How far the biased network trusts easy rows, in [0, 1]; 0 is the cross-entropy.
    ema : float or None, default=0.7
        Share of the past in the moving averages, in [0, 1). None: the losses of the batch alone,
        not divided by the largest of the class.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    Notes
    -----
    A module that is an instance starts both networks from the same weights; a callable gives them
    different ones. `sample_weight` counts inside the means of both networks.

    References
    ----------
    Nam, Cha, Ahn, Lee, Shin: Learning from failure: training debiased classifier from biased
    classifier, NeurIPS 2020, arXiv 2007.02561.

    Examples
    --------
    >>> from skgroup import ERMClassifier, LfFClassifier
    >>> from skgroup.datasets import make_shortcut_classification
    >>> from skgroup.metrics import worst_group_accuracy
    >>> X, y, groups = make_shortcut_classification(
    ...     n_features=2, shortcut_strength=5.0, random_state=0
    ... )
    >>> plain = ERMClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> clf = LfFClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> scores = [worst_group_accuracy(y, model.predict(X), groups) for model in (plain, clf)]
    >>> bool(scores[1] > scores[0] + 0.1)
    True
    """

    _needs_groups: ClassVar[bool] = False
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "q": [Interval(Real, 0, 1, closed="both")],
        "ema": [Interval(Real, 0, 1, closed="left"), None],
    }

    def __init__(
        self, q: float = 0.7, ema: float | None = 0.7, *,
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
        self.ema = ema

    def _fit(self, task: Task) -> Net:
        objective = LfFLoss(task.data.y, q=self.q, ema=self.ema, sample_weight=task.sample_weight)
        module = Twin(self._build(task), self._build(task.first_stage()))
        sampler = task.sampler("uniform", self.batch_size)
        return self._train(task, objective, sampler, module=module)
