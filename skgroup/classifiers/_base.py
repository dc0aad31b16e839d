"""What all classifiers share. Think twice before adding to it: a method belongs in its own file."""

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import nn

from skgroup._data import as_rows, forward
from skgroup._groups import check_same_index, resolve_groups
from skgroup._inputs import check_X, check_X_y, forget_fit, n_rows_of
from skgroup._sklearn import _check_sample_weight, _fit_context
from skgroup._tell import tell
from skgroup.classifiers._any_estimator import check_input, plain, refuse_network_parameters
from skgroup.classifiers._shared import SHARED_CONSTRAINTS, check_layer_sizes
from skgroup.classifiers._task import Sample, Seeds, Task, make_task, validation_sample
from skgroup.modules import build_module, check_module_output
from skgroup.training import RECORDED, Diverged, Interrupted, Net, train

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


def _gives_probabilities(classifier: Any) -> bool:
    """Whether there are probabilities: networks have them, not every estimator does."""
    estimator = getattr(classifier, "estimator_", classifier._estimator())
    return estimator is None or hasattr(estimator, "predict_proba")


class BaseGroupClassifier(ClassifierMixin, BaseEstimator):
    """Checks input, resolves groups, holds out validation rows, predicts.

    A method adds its parameters and `_fit`, which composes objective, sampler and stages.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = SHARED_CONSTRAINTS
    # A request for groups, so that metadata routing works without `set_fit_request`.
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}
    _needs_groups: ClassVar[bool] = True
    # Parameters of the method that only a network can follow, where it takes an `estimator`.
    _network_only: ClassVar[tuple[str, ...]] = ()

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
        FloatingPointError
            If the training diverges. It names the epoch, the batch and the group; `net_` has the
            last good weights.

        Warns
        -----
        MissingGroupsWarning
            If the method trains on groups and there are none; the classes take their place.
        """
        check_same_index(X=X, y=y, groups=groups, sample_weight=sample_weight)
        forget_fit(self)
        if self._estimator() is None:
            own_module = self._has_own_module()
            checked, codes, self.classes_ = check_X_y(self, X, y, own_module=own_module)
        else:
            refuse_network_parameters(self, self._network_only)
            checked, codes, self.classes_ = check_input(self, X, y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, codes, ensure_non_negative=True)
        name = type(self).__name__ if self._misses_groups(X_val, groups_val) else None
        found = resolve_groups(X, self.classes_[codes], groups, fallback_for=name)
        sample = Sample.create(checked, codes, self.classes_, found, sample_weight)
        self.group_labels_, self.n_groups_ = sample.labels, len(sample.labels)
        self.n_outliers_ = 0 if found is None else int(np.count_nonzero(found.codes < 0))
        tell(self.verbose, self, self._summary(sample))
        if self._estimator() is None:
            self._run(sample, validation_sample(self, sample, X_val, y_val, groups_val))
        else:
            self._run_estimator(sample, X_val, y_val, groups_val)
        return self

    def _summary(self, sample: Sample) -> str:
        """What is trained on, for `verbose`."""
        text = f"trains on {len(sample.rows)} rows in {self.n_groups_} groups"
        return f"{text}, without {self.n_outliers_} outliers" if self.n_outliers_ else text

    def _estimator(self) -> Any:
        """The scikit-learn classifier that takes the place of the network, if any."""
        return getattr(self, "estimator", None)

    def _has_own_module(self) -> bool:
        """Whether the network is the user's, so that X may be whatever it reads."""
        return self.module is not None

    def _misses_groups(self, X_val: Any, groups_val: Any) -> bool:
        """Whether the classes are no full substitute for groups that are not given."""
        return self._needs_groups

    def _reserves_rows(self) -> bool:
        """Whether rows are held out also where no epoch is selected on them."""
        return False

    def _fit_estimator(self, sample: Sample, y: NDArray, seed: int) -> Any:
        """Fit clones of `estimator` on rows of `sample`; `y` are the labels of all rows of X."""
        raise AttributeError(f"{type(self).__name__} has no parameter estimator.")

    def _run_estimator(self, sample: Sample, *held_out: Any) -> None:
        if any(part is not None for part in held_out):
            raise ValueError(
                "X_val, y_val and groups_val select the epoch of a network, and with estimator= "
                "there is none: leave them out."
            )
        seed = Seeds.draw(check_random_state(self.random_state)).method
        y = np.zeros(n_rows_of(sample.X), dtype=np.int64)
        y[sample.rows] = sample.y
        self.early_stopping_ = False
        self.history_: dict[str, NDArray] = {}
        self.estimator_ = self._fit_estimator(sample, self.classes_[y], seed)

    def _run(self, sample: Sample, held_out: Sample | None) -> None:
        check_layer_sizes(self.hidden_layer_sizes)
        seeds = Seeds.draw(check_random_state(self.random_state))
        task = make_task(self, sample, held_out, seeds, reserve=self._reserves_rows())
        self.early_stopping_ = task.validation is not None
        try:
            self._finish(self._fit(task))
        except (Interrupted, Diverged) as stop:
            self._finish(stop.net)
            raise

    def _finish(self, net: Net) -> None:
        self.net_ = net = net.unwrapped()
        recorded = [name for name in RECORDED if len(net.history) and name in net.history[0]]
        self.history_ = {name: np.array(net.history[:, name]) for name in recorded}

    def _build(self, task: Task) -> nn.Module:
        """A new network for `task`, checked against its rows."""
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
        return module

    def _train(
        self,
        task: Task,
        objective: nn.Module,
        sampler: Any,
        *,
        module: nn.Module | None = None,
        **options: Any,
    ) -> Net:
        """Train `module`, by default a new network, on `task` with this classifier's settings."""
        settings = {name: getattr(self, name) for name in PASSED_ON} | options
        return train(
            self._build(task) if module is None else module, objective, task.data,
            sampler=sampler, n_classes=task.n_classes, validation=task.validation,
            seed=task.seeds.training, **settings,
        )  # fmt: skip

    def _logits(self, X: Any) -> NDArray[np.float64]:
        X = check_X(self, X, own_module=self._has_own_module())
        logits = forward(self.net_.module_.eval(), as_rows(X, device=self.device))
        return logits.double().cpu().numpy()

    def _check_for_estimator(self, X: Any) -> Any:
        X = plain(X)
        if getattr(X, "ndim", 2) == 2:  # the estimator knows best what to say of others
            validate_data(self, X, reset=False, skip_check_array=True)
        return X

    @available_if(_gives_probabilities)
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
        check_is_fitted(self)
        if hasattr(self, "estimator_"):
            return self.estimator_.predict_proba(self._check_for_estimator(X))
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
        check_is_fitted(self)
        if hasattr(self, "estimator_"):
            return self.estimator_.predict(self._check_for_estimator(X))
        codes = self._logits(X).argmax(axis=1)
        return self.classes_[codes]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "net_") or hasattr(self, "estimator_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        estimator = self._estimator()
        if hasattr(estimator, "__sklearn_tags__") and not isinstance(estimator, type):
            tags.input_tags = get_tags(estimator).input_tags
        return tags
