"""The parameters that every classifier has, and their documentation."""

import os
from numbers import Integral, Real
from typing import Any, TypeVar

import torch
from torch import nn

from skgroup._sklearn import Interval, StrOptions
from skgroup.training import OPTIMIZERS, SCORINGS

__all__ = ["SHARED_CONSTRAINTS", "check_layer_sizes", "document_shared"]

SHARED_CONSTRAINTS: dict[str, list[Any]] = {
    "module": [nn.Module, callable, None],
    "hidden_layer_sizes": ["array-like"],
    "standardize": ["boolean"],
    "optimizer": [StrOptions(set(OPTIMIZERS)), callable],
    "lr": [Interval(Real, 0, None, closed="neither")],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "max_epochs": [Interval(Integral, 1, None, closed="left")],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "early_stopping": ["boolean", StrOptions({"auto"})],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "patience": [Interval(Integral, 1, None, closed="left")],
    "scoring": [StrOptions({"auto", *SCORINGS}), callable],
    "callbacks": [list, None],
    "checkpoint_dir": [str, os.PathLike, None],
    "device": [str, torch.device],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

_PARAMETERS = """module : torch.nn.Module, callable, or None, default=None
        The network; it returns logits of shape (n_samples, n_classes). A callable
        ``(n_features, n_classes) -> Module`` builds one; an instance is deep-copied for each fit;
        None is a fully connected ReLU network.
    hidden_layer_sizes : sequence of int, default=(100, 100)
        Units per hidden layer of the default network; ``()`` is a linear model.
    standardize : bool, default=True
        Whether the default network standardises its inputs in a first layer.
    optimizer : {"adam", "adamw", "sgd"} or callable, default="adam"
        "sgd" has momentum 0.9. A callable takes parameters and returns a torch optimiser; `lr`
        and `weight_decay` are then its own business.
    lr : float, default=1e-3
        Learning rate.
    weight_decay : float, default={weight_decay}
        L2 penalty on all weights. Where groups are balanced it has to be larger than in plain
        training, since the few rows of a small group come again and again.
    max_epochs : int, default=50
        Passes over as many rows as the training set has.
    batch_size : int, default=128
        Rows per step.
    early_stopping : bool or "auto", default={early_stopping}
        Keep the best epoch on held-out rows. "auto": when there are at least 2,000 rows and every
        group (or class) has at least 10 rows to validate on.
    validation_fraction : float, default=0.2
        Share of each class x group cell held out for early stopping, unless `fit` gets `X_val`.
    patience : int, default=10
        Epochs without a better one before training stops.
    scoring : {"auto", "worst_group", "group_balanced", "worst_class", "accuracy"} or callable, \
default="auto"
        What makes an epoch better. "auto": worst-group accuracy when there are groups, true or
        inferred, else worst-class accuracy. A callable gets ``(y_true, y_pred, groups)`` as
        integer codes.
    callbacks : list of skorch callbacks, default=None
        For logging, schedules and the like.
    checkpoint_dir : path-like, default=None
        Folder where each epoch is saved, so that a killed fit goes on from there, if
        `random_state` is an int. Several fits may share it. Callbacks start anew, and two torch
        Datasets are told apart by length, y and groups only. A damaged file is not read: it raises
        a :class:`skgroup.exceptions.CheckpointError`.
    device : str or torch.device, default="cpu"
        Where the network is trained.
    random_state : int, RandomState instance or None, default=None
        Seed of weights, batches and split. An int makes fits repeatable and leaves NumPy's and
        torch's global generators alone; None draws one seed from NumPy's, as in scikit-learn.
    verbose : int, default=0
        1 shows a line for each stage and a progress bar with loss, average and worst-group
        accuracy; 2 shows these in a line for each epoch."""

_ATTRIBUTES = """classes_ : ndarray of shape (n_classes,)
        Class labels.
    net_ : skorch net
        The trained network; it speaks in class codes 0 to n_classes - 1.
    group_labels_ : ndarray of shape (n_groups,)
        Labels of the training groups, sorted; the classes when there were no groups.
    n_groups_ : int
        Number of groups.
    n_outliers_ : int
        Rows left out of training because their group is -1 or missing.
    early_stopping_ : bool
        Whether an epoch was selected on held-out rows.
    history_ : dict of ndarray
        One row per epoch: "train_loss", "train_accuracy", "group_loss" and "group_accuracy" of
        shape (n_epochs, n_groups); with early stopping also "valid_score", "valid_accuracy",
        "valid_group_accuracy" (columns like `group_labels_`, then groups that only validation
        data have) and "valid_best" (whether it was the best epoch so far: the last of these is
        kept); "group_weights" where the method has them. What callbacks record is in
        ``net_.history``.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Feature names, when X is a DataFrame with string names."""

C = TypeVar("C", bound=type)


def check_layer_sizes(sizes: Any) -> None:
    """Raise ValueError unless `sizes` holds positive integers."""
    if not all(isinstance(size, Integral) and int(size) >= 1 for size in sizes):
        raise ValueError(
            f"hidden_layer_sizes must hold integers of at least 1, got {sizes!r}: leave a layer "
            "out, or use () for a linear model."
        )


def document_shared(cls: C) -> C:
    """Fill ``{shared_parameters}`` and ``{shared_attributes}`` in the class docstring."""
    defaults = cls.__init__.__kwdefaults__  # type: ignore[misc]
    parameters = _PARAMETERS
    for name in ("early_stopping", "weight_decay"):
        parameters = parameters.replace(f"{{{name}}}", repr(defaults[name]))
    text = {
        "{shared_parameters}": parameters,
        "{shared_attributes}": _ATTRIBUTES,
    }
    for name, value in text.items():
        cls.__doc__ = (cls.__doc__ or "").replace(name, value)
    return cls
