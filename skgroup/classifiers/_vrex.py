from numbers import Integral, Real
from typing import Any, ClassVar

from skgroup._sklearn import Interval, StrOptions
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Task
from skgroup.objectives import VRExLoss
from skgroup.training import Net

__all__ = ["VRExClassifier"]


@document_shared
class VRExClassifier(BaseGroupClassifier):
    """Risk extrapolation: the mean loss of the groups, and a penalty on its differences.

    The environments e are the groups. It minimises ``mean_e R_e + penalty var_e R_e``, where
    ``R_e`` is the mean loss of an environment and the variance is the mean square of the
    differences from the mean. Without groups the classes of `y` take their place, with a warning.

    Parameters
    ----------
    penalty : float, default=10.0
        Weight >= 0 of the variance; 0 is group-balanced ERM. A large one makes the losses equal,
        if need be by making all of them large.
    anneal_steps : int, default=500
        Steps (batches) until the penalty has its weight, at least 0; before, the weight is 1, or
        `penalty` if that is smaller. A short training may never get there.
    sampler : {"group_balanced", "class_balanced", "uniform"}, default="group_balanced"
        Which rows fill a batch: by default every environment fills the same share.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    References
    ----------
    Krueger, Caballero, Jacobsen, Zhang, Binas, Zhang, Le Priol, Courville: Out-of-distribution
    generalization via risk extrapolation (REx), ICML 2021, arXiv 2003.00688.

    Examples
    --------
    >>> from skgroup import ERMClassifier, VRExClassifier
    >>> from skgroup.datasets import make_shortcut_classification
    >>> from skgroup.metrics import worst_group_accuracy
    >>> data = {"core_strength": 2.0, "random_state": 0}
    >>> X, y, groups = make_shortcut_classification(**data)
    >>> X_test, y_test, test_groups = make_shortcut_classification(subset="test", **data)
    >>> settings = {"hidden_layer_sizes": (), "lr": 0.03, "max_epochs": 20, "random_state": 0}
    >>> erm = ERMClassifier(**settings).fit(X, y)
    >>> vrex = VRExClassifier(**settings).fit(X, y, groups=groups)
    >>> worst = [worst_group_accuracy(y_test, m.predict(X_test), test_groups) for m in (erm, vrex)]
    >>> worst[0] < 0.8 < 0.9 < worst[1]
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "penalty": [Interval(Real, 0, None, closed="left")],
        "anneal_steps": [Interval(Integral, 0, None, closed="left")],
        "sampler": [StrOptions({"group_balanced", "class_balanced", "uniform"})],
    }

    def __init__(
        self, penalty: float = 10.0, anneal_steps: int = 500, *, sampler: str = "group_balanced",
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
        objective = VRExLoss(
            task.data.n_groups,
            penalty=self.penalty,
            anneal_steps=self.anneal_steps,
            sample_weight=task.sample_weight,
        )
        return self._train(task, objective, task.sampler(self.sampler, self.batch_size))
