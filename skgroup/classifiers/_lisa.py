import warnings
from numbers import Real
from typing import Any, ClassVar

from skgroup._mixing import Mix, check_mixable
from skgroup._sklearn import Interval
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Task
from skgroup.exceptions import UnusableGroupsWarning
from skgroup.objectives import MixedLoss
from skgroup.samplers import LISAPairs
from skgroup.training import Net

__all__ = ["LISAClassifier"]


@document_shared
class LISAClassifier(BaseGroupClassifier):
    """LISA: mix rows of one class across groups, and rows of one group across classes.

    Each batch takes for its rows partners that, with probability `p_same_class`, have the same
    class and another group, so that what tells groups apart is mixed away, and else the same
    group and another class, so that only what tells classes apart remains. The network trains on
    ``s x_i + (1 - s) x_j`` at the loss ``s CE(., y_i) + (1 - s) CE(., y_j)``, with a share
    ``s ~ Beta(alpha, alpha)`` for each pair. A row without such a partner stays as it is.

    The groups meant here are attributes, each with rows of several classes: places, hospitals,
    colours. Groups that live inside classes, as :func:`skgroup.cross_groups` and the inferrers
    make them, have no second kind of pair: then all partners are of the same class.

    Parameters
    ----------
    alpha : float, default=2.0
        Of the Beta distribution, above 0: towards 0 nothing is mixed, 1 is uniform, and large
        values mix half and half.
    p_same_class : float, default=0.5
        Share of batches, from 0 to 1, whose partners have the same class. Where only one kind
        of pair exists in the data, every batch is of that kind.
    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    Raises
    ------
    TypeError
        If X has integers that the network receives as such, like token ids: they have no mean.

    Warns
    -----
    UnusableGroupsWarning
        If no row has a partner of either kind, so that nothing is mixed.

    Notes
    -----
    Inputs are mixed, in a dict all of them, and never features inside the network, which the
    authors do for text. Without groups the classes of `y` take their place, with a warning, and
    nothing is mixed. The losses and accuracies of `history_` are those of the rows themselves,
    after the epoch. With `sample_weight`, partners are drawn in proportion to their weights.

    References
    ----------
    Yao, Wang, Li, Zhang, Liang, Zou, Finn: Improving out-of-distribution robustness via selective
    augmentation, ICML 2022, arXiv 2201.00299.

    Examples
    --------
    >>> from skgroup import ERMClassifier, LISAClassifier
    >>> from skgroup.datasets import make_shortcut_classification
    >>> from skgroup.metrics import worst_group_accuracy
    >>> X, y, groups = make_shortcut_classification(random_state=0)
    >>> X_new, y_new, groups_new = make_shortcut_classification(subset="test", random_state=0)
    >>> erm = ERMClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> lisa = LISAClassifier(max_epochs=20, random_state=0).fit(X, y, groups=groups % 2)
    >>> worst = [
    ...     worst_group_accuracy(y_new, clf.predict(X_new), groups_new) for clf in (erm, lisa)
    ... ]
    >>> worst[1] > worst[0] + 0.2
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "alpha": [Interval(Real, 0, None, closed="neither")],
        "p_same_class": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self, alpha: float = 2.0, p_same_class: float = 0.5, *,
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
        self.p_same_class = p_same_class

    def _fit(self, task: Task) -> Net:
        check_mixable(task.data.rows)
        sampler = LISAPairs(
            task.data.y, task.data.groups, self.batch_size, task.seeds.sampler,
            p_same_class=self.p_same_class, sample_weight=task.sample_weight,
        )  # fmt: skip
        if not sampler.has_pairs and task.groups_from != "classes":  # which was warned about
            warnings.warn(
                "no two rows have the same class and different groups, or the same group and "
                "different classes: LISAClassifier mixes nothing and trains like ERMClassifier. "
                "Pass groups that split the classes.",
                UnusableGroupsWarning,
                stacklevel=5,
            )
        module = Mix(self._build(task), self.alpha, per_pair=True)
        return self._train(task, MixedLoss(task.sample_weight), sampler, module=module)
