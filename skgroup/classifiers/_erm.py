from typing import Any, ClassVar

from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._shared import document_shared
from skgroup.classifiers._task import Task
from skgroup.objectives import MeanLoss
from skgroup.training import Net

__all__ = ["ERMClassifier"]


@document_shared
class ERMClassifier(BaseGroupClassifier):
    """Empirical risk minimisation: the mean loss, as everybody trains.

    The yardstick for the robust classifiers, on the same network and training loop. Groups do
    not enter the training: they serve to report and, with `early_stopping`, to select the epoch.
    Early stopping is off by default, because plain ERM does not look at groups.

    Parameters
    ----------
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    Examples
    --------
    >>> from skgroup import ERMClassifier
    >>> from skgroup.datasets import make_group_blobs
    >>> X, y, groups = make_group_blobs(random_state=0)
    >>> clf = ERMClassifier(max_epochs=20, random_state=0).fit(X, y, groups=groups)
    >>> clf.history_["group_accuracy"].shape
    (20, 4)
    """

    _needs_groups: ClassVar[bool] = False

    def __init__(
        self, *, module: Any = None, hidden_layer_sizes: Any = (100, 100), standardize: bool = True,
        optimizer: Any = "adam", lr: float = 1e-3, weight_decay: float = 1e-4, max_epochs: int = 50,
        batch_size: int = 128, early_stopping: Any = False, validation_fraction: float = 0.2,
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

    def _fit(self, task: Task) -> Net:
        return self._train(
            task, MeanLoss(task.sample_weight), task.sampler("uniform", self.batch_size)
        )
