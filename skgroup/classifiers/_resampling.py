from dataclasses import replace
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from skgroup._data import SubsetRows
from skgroup._sklearn import StrOptions
from skgroup.classifiers._any_estimator import ESTIMATOR, fit_weighted
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Sample, Task
from skgroup.objectives import MeanLoss
from skgroup.objectives._group_weights import weights_within_groups
from skgroup.samplers._equal_rows import repeated_rows, subsampled_rows
from skgroup.training import Net, TrainingData

__all__ = ["ResamplingClassifier"]


@document_shared
class ResamplingClassifier(BaseGroupClassifier):
    """Show all groups equally often: by repeating rows of small ones, or by leaving out others.

    Both minimise ``(1 / G) sum_g L_g`` in expectation, G being the number of groups. Without
    groups the classes of `y` take their place, with a warning. It works with any scikit-learn
    classifier too, as `estimator`.

    Parameters
    ----------
    estimator : scikit-learn classifier or None, default=None
        None: the network. Otherwise a clone of it is fitted on the chosen rows of `X` as they
        are. What is said of the network below has to stay at its default then.
    strategy : {"balanced", "subsample"}, default="balanced"
        "balanced": each batch has the same share of every group, and no row comes again before
        all others of its group did; an estimator gets whole copies of each group and a random
        part of it, in all about as many rows as there are. "subsample": as many random rows of
        every group as the smallest has, chosen once per fit; the rest is never seen, and an
        epoch is a pass over those kept.
    by : {"group", "class"}, default="group"
        What is balanced. With "class" no groups are needed: they serve for validation.
    {shared_parameters}

    Attributes
    ----------
    estimator_ : scikit-learn classifier
        The fitted clone, instead of `net_`, when there is an `estimator`; `history_` is empty.
    {shared_attributes}

    Notes
    -----
    `sample_weight` counts inside a group, not between groups.

    References
    ----------
    Idrissi, Arjovsky, Pezeshki, Lopez-Paz: Simple data balancing achieves competitive worst-group
    accuracy, CLeaR 2022, arXiv 2110.14503.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skgroup import ResamplingClassifier
    >>> from skgroup.datasets import make_group_blobs
    >>> from skgroup.metrics import worst_group_accuracy
    >>> X, y, groups = make_group_blobs(random_state=0)
    >>> plain = KNeighborsClassifier(15).fit(X, y)
    >>> clf = ResamplingClassifier(KNeighborsClassifier(15), strategy="subsample", random_state=0)
    >>> clf.fit(X, y, groups=groups).estimator_.n_samples_fit_  # 100 of each of the four groups
    400
    >>> worst = [worst_group_accuracy(y, model.predict(X), groups) for model in (plain, clf)]
    >>> worst[0] < worst[1]
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "estimator": ESTIMATOR,
        "strategy": [StrOptions({"balanced", "subsample"})],
        "by": [StrOptions({"group", "class"})],
    }

    def __init__(
        self, estimator: Any = None, *, strategy: str = "balanced", by: str = "group",
        module: Any = None, hidden_layer_sizes: Any = (100, 100), standardize: bool = True,
        optimizer: Any = "adam", lr: float = 1e-3, weight_decay: float = 3e-3, max_epochs: int = 50,
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
        self.estimator = estimator
        self.strategy = strategy
        self.by = by

    @property
    def _needs_groups(self) -> bool:  # type: ignore[override]
        return self.by == "group"

    def _fit(self, task: Task) -> Net:
        kind = f"{self.by}_balanced"
        if self.strategy == "subsample":
            kept = subsampled_rows(self._codes(task), task.seeds.method)
            task, kind = _only(task, kept), "uniform"
        weight = weights_within_groups(task.sample_weight, self._codes(task))
        return self._train(task, MeanLoss(weight), task.sampler(kind, self.batch_size))

    def _codes(self, task: Task) -> Tensor:
        return (task.data.groups if self.by == "group" else task.data.y).cpu()

    def _fit_estimator(self, sample: Sample, y: NDArray, seed: int) -> Any:
        codes = torch.from_numpy(sample.groups if self.by == "group" else sample.y)
        choose = repeated_rows if self.strategy == "balanced" else subsampled_rows
        chosen = choose(codes, seed)
        weight = None
        if sample.weight is not None:
            given = torch.from_numpy(sample.weight)[chosen]
            weight = weights_within_groups(given, codes[chosen]).numpy()  # type: ignore[union-attr]
        rows = sample.rows[chosen.numpy()]
        return fit_weighted(self.estimator, sample.X, y, rows, weight, seed)


def _only(task: Task, kept: Tensor) -> Task:
    """The same task on some of its training rows."""
    data = task.data
    rows, there = SubsetRows(data.rows, kept), kept.to(data.y.device)
    data = TrainingData(rows, data.y[there], data.groups[there], data.n_groups)
    weight = None if task.sample_weight is None else task.sample_weight[kept]
    return replace(task, data=data, sample_weight=weight)
