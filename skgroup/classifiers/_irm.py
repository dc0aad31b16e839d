import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import torch

from skgroup._sklearn import Interval, StrOptions
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Task
from skgroup.exceptions import UnusableGroupsWarning
from skgroup.objectives import IRMLoss
from skgroup.training import Net

__all__ = ["IRMClassifier"]


@document_shared
class IRMClassifier(BaseGroupClassifier):
    """Invariant risk minimisation: features on which one head is optimal in all environments.

    The environments e are the groups. It minimises
    ``mean_e R_e + penalty mean_e (dR_e / ds)^2``, where ``R_e`` is the mean loss and ``s``, at 1,
    scales the logits: a head that could be improved in some environment by scaling costs. The
    square is estimated as the product of two halves of the environment's rows in the batch, so
    that `batch_size` should hold several rows of each. Without groups the classes of `y` take
    their place, with a warning.

    The groups meant here are attributes, each with rows of several classes: places, hospitals,
    colours. In groups that live inside classes, as :func:`skgroup.cross_groups` and the inferrers
    make them, no head is optimal short of certainty, and the penalty means nothing.

    Parameters
    ----------
    penalty : float, default=100.0
        Weight >= 0 of the penalty. Where it is above 1, the sum is divided by it, so that the step
        keeps its size.
    anneal_steps : int, default=500
        Steps (batches) until the penalty has its weight, at least 0; before, the weight is 1, or
        `penalty` if that is smaller. A short training may never get there.
    sampler : {"group_balanced", "class_balanced", "uniform"}, default="group_balanced"
        Which rows fill a batch: by default every environment fills the same share.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    Warns
    -----
    UnusableGroupsWarning
        If every group has rows of one class only.

    References
    ----------
    Arjovsky, Bottou, Gulrajani, Lopez-Paz: Invariant risk minimization, arXiv 1907.02893.

    Examples
    --------
    >>> import numpy as np
    >>> from skgroup import ERMClassifier, IRMClassifier
    >>> from skgroup.datasets import make_shortcut_classification
    >>> def place(agreement, seed):
    ...     return make_shortcut_classification(
    ...         shortcut_strength=2.0, agreement=agreement, random_state=seed
    ...     )[:2]
    >>> (X_0, y_0), (X_1, y_1) = place(0.95, 0), place(0.8, 1)
    >>> X, y, places = np.vstack([X_0, X_1]), np.r_[y_0, y_1], np.repeat([0, 1], 1000)
    >>> settings = {"hidden_layer_sizes": (), "lr": 0.03, "max_epochs": 20, "random_state": 0}
    >>> erm = ERMClassifier(**settings).fit(X, y)
    >>> irm = IRMClassifier(penalty=10, anneal_steps=0, **settings).fit(X, y, groups=places)
    >>> elsewhere = place(0.1, 2)  # where the shortcut points the other way
    >>> irm.score(*elsewhere) > erm.score(*elsewhere)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "penalty": [Interval(Real, 0, None, closed="left")],
        "anneal_steps": [Interval(Integral, 0, None, closed="left")],
        "sampler": [StrOptions({"group_balanced", "class_balanced", "uniform"})],
    }

    def __init__(
        self, penalty: float = 100.0, anneal_steps: int = 500, *, sampler: str = "group_balanced",
        module: Any = None, hidden_layer_sizes: Any = (100, 100),
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
        self.penalty = penalty
        self.anneal_steps = anneal_steps
        self.sampler = sampler

    def _fit(self, task: Task) -> Net:
        self._check_environments(task)
        objective = IRMLoss(
            task.data.n_groups,
            penalty=self.penalty,
            anneal_steps=self.anneal_steps,
            sample_weight=task.sample_weight,
        )
        return self._train(task, objective, task.sampler(self.sampler, self.batch_size))

    def _check_environments(self, task: Task) -> None:
        if task.groups_from == "classes":  # which was warned about
            return
        cells = torch.stack([task.data.groups, task.data.y]).unique(dim=1).shape[1]
        if cells == task.data.n_groups:
            warnings.warn(
                "every group has rows of one class only, where the IRM penalty means nothing: pass "
                "the attribute alone as groups, not crossed with the class, or use a method for "
                "groups inside classes, such as GroupDROClassifier.",
                UnusableGroupsWarning,
                stacklevel=6,
            )
