"""What all classifiers share. Think twice before adding to it: a method belongs in its own file."""

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import nn

from skgroup._data import as_rows, forward
from skgroup._groups import check_same_index, resolve_groups
from skgroup._inputs import check_X, check_X_y
from skgroup._sklearn import _check_sample_weight, _fit_context
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, check_layer_sizes
from skgroup.classifiers._task import Sample, Seeds, Task, make_task, validation_sample
from skgroup.modules import build_module, check_module_output
from skgroup.training import RECORDED, Interrupted, Net, train

__all__ = ["BaseGroupClassifier"]

# Parameters that the training loop takes as they are.
PASSED_ON = (
    "optimizer",
    "lr",
    "weight_decay",
    "max_epochs",
    "patience",
    "callbacks",
    "checkpoint_dir",
    "device",
    "verbose",
)


class BaseGroupClassifier(ClassifierMixin, BaseEstimator):
    """Checks input, resolves groups, holds out validation rows, predicts.

    A method adds its parameters and `_fit`, which composes objective, sampler and stages.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = SHARED_CONSTRAINTS
    # A request for groups, so that metadata routing works without `set_fit_request`.
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}
    _needs_groups: ClassVar[bool] = True

    def __init__(
        self, *, module, hidden_layer_sizes, standardize, optimizer, lr, weight_decay, max_epochs,
        batch_size, early_stopping, validation_fraction, patience, scoring, callbacks,
        checkpoint_dir, device, random_state, verbose,
    ):  # fmt: skip
        self.module = module
        self.hidden_layer_sizes = hidden_layer_sizes
        self.standardize = standardize
        self.optimizer = optimizer
        self.lr = lr
        self.weight_decay = weight_decay
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.scoring = scoring
        self.callbacks = callbacks
        self.checkpoint_dir = checkpoint_dir
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @abstractmethod
    def _fit(self, task: Task) -> Net:
        """Train on `task` and return the net that predicts."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X, y=None, groups=None, *, sample_weight=None, X_val=None, y_val=None, groups_val=None
    ):
        """Train the classifier.

        Parameters
        ----------
        X : array-like or CSR matrix of shape (n_samples, n_features)
            Training data; it may carry groups (:class:`skgroup.GroupedArray`). With `module` also
            an array or tensor with more dimensions, a dict of arrays, or a torch Dataset.
        y : array-like of shape (n_samples,)
            Class labels; None only for a Dataset of (input, label) pairs.
        groups : array-like of shape (n_samples,), or several columns to cross, default=None
            Group labels; -1 and missing values mark outliers, which are left out of training.
            None: the groups carried by `X`.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, inside the group means where the method has any.
        X_val, y_val, groups_val : like X, y and groups, default=None
            Validation data for early stopping, which they switch on, instead of a share of the
            training rows. Without `groups_val` the classes are compared.

        Returns
        -------
        self

        Raises
        ------
        GroupsError
            If groups cannot be read or do not fit X and y.
        ValueError
            If X or y has NaN, lengths differ, or there is a single class.

        Warns
        -----
        MissingGroupsWarning
            If the method trains on groups and there are none; the classes take their place.
        """
        check_same_index(X=X, y=y, groups=groups, sample_weight=sample_weight)
        own_module = self.module is not None
        checked, codes, self.classes_ = check_X_y(self, X, y, own_module=own_module)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, codes, ensure_non_negative=True)
        name = type(self).__name__ if self._needs_groups else None
        found = resolve_groups(X, self.classes_[codes], groups, fallback_for=name)
        sample = Sample.create(checked, codes, self.classes_, found, sample_weight)
        self.group_labels_, self.n_groups_ = sample.labels, len(sample.labels)
        self.n_outliers_ = 0 if found is None else int(np.count_nonzero(found.codes < 0))
        held_out = validation_sample(self, sample, X_val, y_val, groups_val)
        self._run(sample, held_out)
        return self

    def _run(self, sample: Sample, held_out: Sample | None) -> None:
        check_layer_sizes(self.hidden_layer_sizes)
        seeds = Seeds.draw(check_random_state(self.random_state))
        task = make_task(self, sample, held_out, seeds)
        self.early_stopping_ = task.validation is not None
        try:
            self._finish(self._fit(task))
        except Interrupted as stop:
            self._finish(stop.net)
            raise

    def _finish(self, net: Net) -> None:
        self.net_ = net
        recorded = [name for name in RECORDED if len(net.history) and name in net.history[0]]
        self.history_ = {name: np.array(net.history[:, name]) for name in recorded}

    def _train(self, task: Task, objective: nn.Module, sampler: Any, **options: Any) -> Net:
        """Train a new network on `task` with this classifier's settings."""
        module = build_module(
            self.module,
            task.n_features,
            task.n_classes,
            hidden_layer_sizes=self.hidden_layer_sizes,
            standardize=task.standardize,
            seed=task.seeds.module,
        )
        module.to(self.device)
        check_module_output(module, task.data.rows, task.n_classes)
        settings = {name: getattr(self, name) for name in PASSED_ON} | options
        return train(
            module, objective, task.data, sampler=sampler, n_classes=task.n_classes,
            validation=task.validation, seed=task.seeds.training, **settings,
        )  # fmt: skip

    def _logits(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self, "net_")
        X = check_X(self, X, own_module=self.module is not None)
        logits = forward(self.net_.module_.eval(), as_rows(X, device=self.device))
        return logits.double().cpu().numpy()

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of each class.

        Parameters
        ----------
        X : like in `fit`
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`; rows sum to 1.
        """
        return torch.softmax(torch.from_numpy(self._logits(X)), dim=1).numpy()

    def predict(self, X: Any) -> NDArray:
        """Predict class labels.

        Parameters
        ----------
        X : like in `fit`
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        codes = self._logits(X).argmax(axis=1)
        return self.classes_[codes]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
