import math
from collections.abc import Mapping
from numbers import Real
from typing import Any, ClassVar

import torch
from torch import Tensor

from skgroup._sklearn import Interval, StrOptions
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Task
from skgroup.exceptions import GroupsError
from skgroup.objectives import GroupDROLoss
from skgroup.training import Net

__all__ = ["GroupDROClassifier"]


@document_shared
class GroupDROClassifier(BaseGroupClassifier):
    """Group distributionally robust optimisation: train for the group with the largest loss.

    Each batch raises the weights of the groups with large losses,
    ``q_g <- q_g exp(step_size (L_g + C / sqrt(n_g)))``, normalises them, and steps on
    ``sum_g q_g L_g``. Without groups the classes of `y` take their place, with a warning.

    Parameters
    ----------
    step_size : float, default=0.01
        Step of the group weights; 0 keeps them equal (group-balanced ERM).
    adjustment : float or mapping from group label to float, default=0.0
        Generalization adjustment C >= 0; a larger one favours small groups. Labels that a mapping
        leaves out get 0.
    sampler : {"group_balanced", "class_balanced", "uniform"}, default="group_balanced"
        Which rows fill a batch. It does not change the objective, only how often small groups
        are seen.
    normalize_losses : bool, default=False
        Divide the adjusted losses by their sum before they move the weights.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    References
    ----------
    Sagawa, Koh, Hashimoto, Liang: Distributionally robust neural networks for group shifts: on
    the importance of regularization for worst-case generalization, ICLR 2020, arXiv 1911.08731.

    Examples
    --------
    >>> from skgroup import GroupDROClassifier
    >>> from skgroup.datasets import make_group_blobs
    >>> from skgroup.metrics import worst_group_accuracy
    >>> X, y, groups = make_group_blobs(variance=0.01, random_state=0)
    >>> clf = GroupDROClassifier(random_state=0).fit(X, y, groups=groups)
    >>> worst_group_accuracy(y, clf.predict(X), groups)
    1.0
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "step_size": [Interval(Real, 0, None, closed="left")],
        "adjustment": [Interval(Real, 0, None, closed="left"), Mapping],
        "sampler": [StrOptions({"group_balanced", "class_balanced", "uniform"})],
        "normalize_losses": ["boolean"],
    }

    def __init__(
        self, step_size: float = 0.01, adjustment: Any = 0.0, *, sampler: str = "group_balanced",
        normalize_losses: bool = False, module: Any = None, hidden_layer_sizes: Any = (100, 100),
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
        self.step_size = step_size
        self.adjustment = adjustment
        self.sampler = sampler
        self.normalize_losses = normalize_losses

    def _fit(self, task: Task) -> Net:
        objective = GroupDROLoss(
            task.group_sizes(),
            step_size=self.step_size,
            adjustment=self._adjustment(),
            normalize_losses=self.normalize_losses,
            sample_weight=task.sample_weight,
        )
        return self._train(task, objective, task.sampler(self.sampler, self.batch_size))

    def _adjustment(self) -> float | Tensor:
        if not isinstance(self.adjustment, Mapping):
            return self.adjustment
        labels = self.group_labels_.tolist()
        unknown = [label for label in self.adjustment if label not in labels]
        if unknown:
            raise GroupsError(
                f"adjustment names groups that do not occur: {unknown}. The groups are {labels}."
            )
        values = [self.adjustment.get(label, 0.0) for label in labels]
        if not all(isinstance(value, Real) and 0 <= float(value) < math.inf for value in values):
            raise ValueError(
                f"adjustment must map group labels to finite numbers >= 0, got {values} for the "
                f"groups {labels}."
            )
        return torch.tensor(values, dtype=torch.float64)
