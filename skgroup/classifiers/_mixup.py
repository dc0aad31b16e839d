from numbers import Real
from typing import Any, ClassVar

from skgroup._mixing import Mix, check_mixable
from skgroup._sklearn import Interval
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Task
from skgroup.objectives import MixedLoss
from skgroup.samplers import MixupPairs
from skgroup.training import Net

__all__ = ["MixupClassifier"]


@document_shared
class MixupClassifier(BaseGroupClassifier):
    """Mixup: train on weighted means of two random rows and of their labels.

    Each batch is paired with itself in another order, and with one share
    ``s ~ Beta(alpha, alpha)`` for the batch the network trains on ``s x_i + (1 - s) x_j`` at the
    loss ``s CE(., y_i) + (1 - s) CE(., y_j)``. Groups do not enter the training: they serve to
    report and, with `early_stopping`, to select the epoch.

    Parameters
    ----------
    alpha : float, default=0.2
        Of the Beta distribution, above 0: towards 0 nothing is mixed (ERM), 1 is uniform, and
        large values mix half and half.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    Raises
    ------
    TypeError
        If X has integers that the network receives as such, like token ids: they have no mean.

    Notes
    -----
    Inputs are mixed, in a dict all of them, and never features inside the network. The losses
    and accuracies of `history_` are those of the rows themselves, after the epoch. With
    `sample_weight`, partners are drawn from all rows in proportion to their weights.

    References
    ----------
    Zhang, Cisse, Dauphin, Lopez-Paz: mixup: Beyond empirical risk minimization, ICLR 2018,
    arXiv 1710.09412.

    Examples
    --------
    >>> from skgroup import ERMClassifier, MixupClassifier
    >>> from skgroup.datasets import make_group_blobs
    >>> X, y, groups = make_group_blobs(random_state=0)
    >>> mixup = MixupClassifier(alpha=1.0, random_state=0).fit(X, y, groups=groups)
    >>> erm = ERMClassifier(random_state=0).fit(X, y, groups=groups)
    >>> bool(mixup.predict_proba(X).max() < erm.predict_proba(X).max())  # it is less certain
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "alpha": [Interval(Real, 0, None, closed="neither")],
    }
    _needs_groups: ClassVar[bool] = False

    def __init__(
        self, alpha: float = 0.2, *,
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
        self.alpha = alpha

    def _fit(self, task: Task) -> Net:
        check_mixable(task.data.rows)
        sampler = MixupPairs(
            len(task.data), self.batch_size, task.seeds.sampler, task.sample_weight
        )
        module = Mix(self._build(task), self.alpha)
        return self._train(task, MixedLoss(task.sample_weight), sampler, module=module)
