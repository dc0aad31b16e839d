from numbers import Real
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skgroup._sklearn import Interval, StrOptions
from skgroup.classifiers._any_estimator import ESTIMATOR, fit_weighted
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, document_shared
from skgroup.classifiers._task import Sample, Task
from skgroup.objectives import MeanLoss, group_weights
from skgroup.training import Net

__all__ = ["ReweightingClassifier"]


@document_shared
class ReweightingClassifier(BaseGroupClassifier):
    """Weigh rows of small groups more: the mean of ``w_g l_i``, ``w_g`` falling with size ``n_g``.

    With "inverse" weights and "mean1" the loss over all rows is ``(1 / G) sum_g L_g``: every one
    of the G groups counts the same. Without groups the classes of `y` take their place, with a
    warning. It works with any scikit-learn classifier too, as `estimator`.

    Parameters
    ----------
    estimator : scikit-learn classifier or None, default=None
        None: the network. Otherwise a clone of it is fitted on `X` as it is, with the weights as
        `sample_weight`; where its `fit` has none, on rows drawn in proportion to them. What is
        said of the network below has to stay at its default then.
    scheme : {"inverse", "sqrt", "class_balanced"}, default="inverse"
        ``w_g`` in proportion to ``1 / n_g``, to ``1 / sqrt(n_g)``, or to
        ``(1 - b) / (1 - b ** n_g)``.
    by : {"group", "class"}, default="group"
        Whose sizes count. With "class" no groups are needed: they serve for validation.
    normalize : {"mean1", "groups"}, default="mean1"
        "mean1": the mean weight of the rows is 1, so that `lr` means what it means in plain
        training. "groups": the weights sum to the number of groups, as published.
    b : float, default=0.9999
        Of "class_balanced", at least 0 and below 1. 0 weighs all groups the same.
    {shared_parameters}

    Attributes
    ----------
    group_weights_ : ndarray of shape (n_groups,), or (n_classes,) with ``by="class"``
        Weight of a row in each group, in the order of `group_labels_` (or of `classes_`).
    estimator_ : scikit-learn classifier
        The fitted clone, instead of `net_`, when there is an `estimator`; `history_` is empty.
    {shared_attributes}

    Notes
    -----
    Weights multiply `sample_weight`. The size of a group is then its share of the total weight,
    times the number of rows.

    References
    ----------
    Cui, Jia, Lin, Song, Belongie: Class-balanced loss based on effective number of samples,
    CVPR 2019, arXiv 1901.05555 ("class_balanced").

    Yang, Zhang, Katabi, Ghassemi: Change is hard: a closer look at subpopulation shift, ICML 2023,
    arXiv 2302.12254 (the published normalisation).

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skgroup import ReweightingClassifier
    >>> from skgroup.datasets import make_group_blobs
    >>> from skgroup.metrics import worst_group_accuracy
    >>> X, y, groups = make_group_blobs(random_state=0)
    >>> plain = LogisticRegression().fit(X, y)
    >>> clf = ReweightingClassifier(LogisticRegression()).fit(X, y, groups=groups)
    >>> clf.group_weights_
    array([0.625, 2.5  , 2.5  , 0.625])
    >>> worst = [worst_group_accuracy(y, model.predict(X), groups) for model in (plain, clf)]
    >>> worst[0] < worst[1]
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SHARED_CONSTRAINTS,
        "estimator": ESTIMATOR,
        "scheme": [StrOptions({"inverse", "sqrt", "class_balanced"})],
        "by": [StrOptions({"group", "class"})],
        "normalize": [StrOptions({"mean1", "groups"})],
        "b": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self, estimator: Any = None, *, scheme: str = "inverse", by: str = "group",
        normalize: str = "mean1", b: float = 0.9999, module: Any = None,
        hidden_layer_sizes: Any = (100, 100), standardize: bool = True, optimizer: Any = "adam",
        lr: float = 1e-3, weight_decay: float = 3e-3, max_epochs: int = 50, batch_size: int = 128,
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
        self.estimator = estimator
        self.scheme = scheme
        self.by = by
        self.normalize = normalize
        self.b = b

    @property
    def _needs_groups(self) -> bool:  # type: ignore[override]
        return self.by == "group"

    def _fit(self, task: Task) -> Net:
        codes = (task.data.groups if self.by == "group" else task.data.y).cpu()
        weight = self._row_weights(codes, task.sample_weight).float()
        # Of mean 1 where that is asked for, else as published.
        objective = MeanLoss(weight, normalize=False)
        return self._train(task, objective, task.sampler("uniform", self.batch_size))

    def _fit_estimator(self, sample: Sample, y: NDArray, seed: int) -> Any:
        codes = torch.from_numpy(sample.groups if self.by == "group" else sample.y)
        given = None if sample.weight is None else torch.from_numpy(sample.weight)
        weight = self._row_weights(codes, given).numpy()
        if sample.weight is not None:  # estimators may heed their sum
            weight = weight * np.mean(sample.weight)
        return fit_weighted(self.estimator, sample.X, y, sample.rows, weight, seed)

    def _row_weights(self, codes: Tensor, given: Tensor | None) -> Tensor:
        """Group weight times sample weight, the latter scaled to a mean of 1."""
        given = torch.ones(len(codes)).double() if given is None else given.double()
        given = given / given.mean()
        sizes = given.new_zeros(int(codes.max()) + 1).index_add(0, codes, given)
        found = group_weights(sizes, self.scheme, normalize=self.normalize, b=self.b)
        self.group_weights_ = found.numpy()
        return given * found[codes]
