import copy
import warnings
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from torch import Tensor, nn

from skgroup._data import Rows
from skgroup._grouped_array import get_groups
from skgroup._sklearn import HasMethods, Interval, StrOptions
from skgroup._tell import tell
from skgroup.classifiers._any_estimator import changed_parameters
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._last_layer import fit_last_layer
from skgroup.classifiers._replace_head import (
    embedding_statistics,
    embeddings,
    replace_head,
    replaceable_head,
)
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Sample, Seeds, Task
from skgroup.exceptions import UnusableGroupsWarning
from skgroup.objectives import MeanLoss
from skgroup.training import Net, TrainingData, as_net

__all__ = ["DFRClassifier", "module_of"]

# Parameters that say nothing of the training of a network.
WITHOUT_TRAINING = {"device", "random_state", "verbose"}


@document_shared
class DFRClassifier(BaseGroupClassifier):
    """Deep feature reweighting: plain training, then a new last layer from balanced groups.

    A network trained by the mean loss often knows the core as well as the shortcut, and only its
    last layer prefers the shortcut. This one is replaced by logistic regression with an l1
    penalty, on the standardised inputs of that layer and on rows that the training has not seen:
    from these reweighting rows, `n_retrains` random subsets are drawn in which all groups of all
    classes are equally large, and the coefficients of the fits are averaged. The training itself
    needs no groups: with `X_val`, `y_val` and `groups_val` those suffice. Where the reweighting
    rows have no groups, the classes of `y` take their place, with a warning.

    Parameters
    ----------
    net : torch.nn.Module, fitted skorch net or fitted classifier with `net_`, default=None
        A trained network to be used as it is, but for its last layer. It is copied and not
        trained, so that parameters of the training are refused. All rows given to `fit` are then
        reweighting rows, and the standardisation is theirs too. Rows that it was not trained on
        serve best. Its number of outputs does not matter. None trains one.
    reweighting : {"held_out", "train"}, default="held_out"
        "held_out": `validation_fraction` of each class x group cell is never trained on and
        makes the reweighting rows; or `X_val`, `y_val` and `groups_val`, when `fit` gets them.
        "train": the rows that the network was trained on, and 10 retrains are usual.
    C : float or sequence of float, default=(1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01)
        Inverse strength of the penalty, above 0. Of several, the best for the worst group on one
        half of the reweighting rows, after a fit on a balanced subset of the other half.
    n_retrains : int, default=20
        Number of subsets.
    penalty : {"l1", "l2"}, default="l1"
        Penalty of the logistic regression; "l1" leaves out features.
    {shared_parameters}

    Attributes
    ----------
    C_ : float
        The chosen C.
    coef_ : ndarray of shape (1, n_inputs), or (n_classes, n_inputs) for more than two classes
        Averaged coefficients, for standardised inputs of the last layer.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Averaged intercepts.
    {shared_attributes}

    Raises
    ------
    ValueError
        If the network does not end with a linear layer that returns the logits, if a class has
        no reweighting row, or if parameters of the training are given beside `net`.

    Warns
    -----
    UnusableGroupsWarning
        If a group has no reweighting row, and has therefore no say in the last layer.

    Notes
    -----
    Reweighting rows are held out whatever `early_stopping` says. When it is on, they also select
    the epoch of the network, by `scoring`; ``early_stopping=False`` trains for `max_epochs`, as
    the authors do. `history_` is that of the network with its own last layer, and empty with
    `net`. `net_` has the new layer, with the standardisation inside, and predicts on its own.

    Of the reweighting rows, `sample_weight` counts inside their groups. Subsets are as large as
    the smallest group allows. For more than two classes the solver is saga, which takes minutes
    for thousands of rows with hundreds of features. The fits run in parallel inside
    ``joblib.parallel_config(n_jobs=...)``.

    References
    ----------
    Kirichenko, Izmailov, Wilson: Last layer re-training is sufficient for robustness to spurious
    correlations, ICLR 2023, arXiv 2204.02937.

    Examples
    --------
    >>> from skgroup import DFRClassifier, ERMClassifier
    >>> from skgroup.datasets import make_shortcut_classification
    >>> from skgroup.metrics import worst_group_accuracy
    >>> X, y, groups = make_shortcut_classification(2000, random_state=0)
    >>> X_new, y_new, groups_new = make_shortcut_classification(
    ...     4000, subset="test", random_state=0
    ... )
    >>> erm = ERMClassifier(max_epochs=10, random_state=0).fit(X, y)
    >>> dfr = DFRClassifier(max_epochs=10, random_state=0).fit(X, y, groups=groups)
    >>> worst = [
    ...     worst_group_accuracy(y_new, clf.predict(X_new), groups_new) for clf in (erm, dfr)
    ... ]
    >>> worst[1] > worst[0] + 0.2
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "net": [nn.Module, HasMethods(["predict_proba"]), None],
        "reweighting": [StrOptions({"held_out", "train"})],
        "C": [Interval(Real, 0, None, closed="neither"), "array-like"],
        "n_retrains": [Interval(Integral, 1, None, closed="left")],
        "penalty": [StrOptions({"l1", "l2"})],
    }

    def __init__(
        self, net: Any = None, *, reweighting: str = "held_out",
        C: Any = (1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01), n_retrains: int = 20, penalty: str = "l1",
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
        self.net = net
        self.reweighting = reweighting
        self.C = C
        self.n_retrains = n_retrains
        self.penalty = penalty

    def _has_own_module(self) -> bool:
        return super()._has_own_module() or self.net is not None

    def _misses_groups(self, X_val: Any, groups_val: Any) -> bool:
        # Groups of the reweighting rows are all that is needed.
        separate = self.net is None and self.reweighting == "held_out"
        return not separate or (groups_val is None and get_groups(X_val) is None)

    def _reserves_rows(self) -> bool:
        return self.reweighting == "held_out"

    def _run(self, sample: Sample, held_out: Sample | None) -> None:
        self._strengths()  # what is wrong with them is said before the training
        if self.net is None:
            super()._run(sample, held_out)
        else:
            self._run_on_net(sample, held_out)

    def _run_on_net(self, sample: Sample, held_out: Sample | None) -> None:
        names = [*(SHARED_CONSTRAINTS.keys() - WITHOUT_TRAINING), "reweighting"]
        changed = changed_parameters(self, names)
        if changed or held_out is not None:
            raise ValueError(
                f"{', '.join(changed) or 'X_val'} would be ignored: with net= no network is "
                "trained, and all rows of X make the last layer. Leave it out."
            )
        seed = Seeds.draw(check_random_state(self.random_state)).method
        data = sample.data(slice(None), self.device)
        module = copy.deepcopy(module_of(self.net)).to(self.device).eval()
        replaceable_head(module, data.rows, "net")
        net = as_net(module, len(self.classes_), device=self.device)
        self.early_stopping_ = False
        self._finish(self._retrain(net, data.rows, sample.weight, data, sample.weight, seed=seed))

    def _fit(self, task: Task) -> Net:
        rows, weight = task.data.rows, _numpy(task.sample_weight)
        if self.reweighting == "train":
            chosen, chosen_weight = self._checked(task.data), weight
        else:
            chosen, chosen_weight = self._checked(task.held_out), _numpy(task.held_out_weight)
        module = self._build(task)
        replaceable_head(module, rows)
        sampler = task.sampler("uniform", self.batch_size)
        net = self._train(task, MeanLoss(task.sample_weight), sampler, module=module)
        return self._retrain(net, rows, weight, chosen, chosen_weight, seed=task.seeds.method)

    def _retrain(
        self, net: Net, rows: Rows, weight: NDArray | None,
        chosen: TrainingData, chosen_weight: NDArray | None, *, seed: int,
    ) -> Net:  # fmt: skip
        """Give `net`, trained on `rows`, a last layer made of the `chosen` rows."""
        tell(self.verbose, self, f"fits the last layer to {len(chosen)} rows")
        module = net.module_
        mean, scale = embedding_statistics(module, rows, weight)
        last = fit_last_layer(
            (embeddings(module, chosen.rows) - mean) / scale,
            chosen.y.cpu().numpy(),
            chosen.groups.cpu().numpy(),
            strengths=self._strengths(),
            n_retrains=self.n_retrains,
            penalty=self.penalty,
            weight=chosen_weight,
            seed=seed,
        )
        self.C_, self.coef_, self.intercept_ = last.C, last.coef, last.intercept
        replace_head(replaceable_head(module, chosen.rows), *last.head(mean, scale))
        return net.initialize_optimizer()  # the old one knows the old layer

    def _strengths(self) -> list[float]:
        values = list(self.C) if isinstance(self.C, Iterable) else [self.C]
        if not values or not all(isinstance(C, Real) and 0 < float(C) < np.inf for C in values):
            raise ValueError(f"C must hold finite numbers above 0, at least one, got {self.C!r}.")
        return [float(C) for C in values]

    def _checked(self, chosen: TrainingData | None) -> TrainingData:
        """Every class must be among the reweighting rows, and every group should be."""
        y = torch.empty(0, dtype=torch.int64) if chosen is None else chosen.y
        absent = _absent(y, len(self.classes_))
        if chosen is None or len(absent):
            raise ValueError(
                f"class {self.classes_.tolist()[absent[0]]!r} has none of the {len(y)} rows for "
                "the last layer: raise validation_fraction (each class x group cell keeps a row "
                "for the training), pass X_val with all classes, or set reweighting='train'."
            )
        absent = _absent(chosen.groups, chosen.n_groups)
        if len(absent):
            labels = self.group_labels_[absent].tolist()
            warnings.warn(
                f"groups without a row for the last layer, in which they have no say: {labels}. "
                "Raise validation_fraction, pass X_val with all groups, or set "
                "reweighting='train'.",
                UnusableGroupsWarning,
                stacklevel=7,
            )
        return chosen


def _absent(codes: Tensor, n: int) -> NDArray[np.int64]:
    return np.flatnonzero(codes.bincount(minlength=n).cpu().numpy() == 0)


def _numpy(weight: Tensor | None) -> NDArray | None:
    return None if weight is None else weight.double().numpy()


def module_of(net: Any) -> nn.Module:
    """The network inside a skorch net or classifier."""
    module = net if isinstance(net, nn.Module) else getattr(net, "net_", net)
    module = getattr(module, "module_", module)
    if not isinstance(module, nn.Module):
        raise ValueError(
            f"net is a {type(net).__name__} without a fitted network. Pass a torch module, a "
            "fitted skorch net or a fitted classifier of skgroup. Cloning, also that of searches, "
            "takes fits away, but not from modules: there pass net=classifier.net_.module_."
        )
    return module
