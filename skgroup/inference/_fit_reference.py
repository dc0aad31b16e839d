"""The reference that the parameters of an inferrer ask for, and what these are."""

from numbers import Integral, Real
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import nn

from skgroup._sklearn import HasMethods, Interval, StrOptions
from skgroup.inference._linear_reference import fit_linear
from skgroup.inference._reference import (
    ClassifierReference,
    NetReference,
    fit_module,
    wrap_reference,
)
from skgroup.samplers._uniform import batch_lengths
from skgroup.training import OPTIMIZERS

__all__ = ["REFERENCE_CONSTRAINTS", "document_reference", "epochs_of_steps", "fit_reference"]

# Steps of Adam after which a network has learnt a shortcut and little else. What counts is the
# number of steps, whatever the number of rows.
EARLY_STEPS = 20
DECAY = 0.01
# Of two classes. A softmax over K classes bends by 1 / K as much along a difference of logits.
RIDGE_DECAY = 1.0

REFERENCE_CONSTRAINTS: dict[str, list[Any]] = {
    "reference": [
        StrOptions({"auto", "linear", "ridge"}),
        nn.Module,
        HasMethods(["fit", "get_params"]),
    ],
    "module": [nn.Module, callable, None],
    "epochs": [Interval(Real, 0, None, closed="neither"), None],
    "standardize": ["boolean"],
    "optimizer": [StrOptions(set(OPTIMIZERS)), callable],
    "lr": [Interval(Real, 0, None, closed="neither")],
    "weight_decay": [Interval(Real, 0, None, closed="left"), None],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "device": [str, torch.device],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

_TRAINING = """optimizer : {"adam", "adamw", "sgd"} or callable, default="adam"
        Optimiser of `module`.
    lr : float, default=1e-3
        Its learning rate.
    weight_decay : float, default=None
        L2 penalty of the reference. None: 2 / n_classes for "ridge", else .01. Without any, a
        linear model that separates the classes has no residuals left to look at.
    batch_size : int, default=128
        Rows per step of `module`.
    device : str or torch.device, default="cpu"
        Where the reference lives."""

_MODULE = """module : torch.nn.Module or callable, default=None
        The reference network, see :class:`skgroup.ERMClassifier`.
    epochs : float, default=None
        Passes of ERM over the data for a network; fractions stop inside an epoch. None: as many as
        20 steps are. A reference that was trained for long has fitted the minority too, and no
        longer shows it: what counts is the number of steps, whatever the number of rows."""

_RUN = """n_jobs : int, default=None
        Classes clustered in parallel, through joblib.
    random_state : int, RandomState instance or None, default=None
        Seed of weights, batches, projections and clusterers.
    verbose : int, default=0
        1 shows a line for each stage and the progress of `module`, 2 a line for each of its
        epochs and for each class."""

_PARAMETERS = """reference : {"auto", "linear", "ridge"}, net or classifier, default="auto"
        "linear": a linear softmax model trained to convergence. "ridge": the same with a strong
        penalty, on columns that count by how far they set the classes apart, see
        :class:`skgroup.GradientGroupInferrer`. "auto": "linear" for 2-D X without `module`,
        otherwise `module` trained for `epochs`. A torch module, skorch net or
        any classifier with ``predict_proba`` is used as it is when fitted, and cloned and fitted
        when not.
    {module_parameters}
    standardize : bool, default=True
        Whether "linear" and "ridge" standardise their inputs.
    {training_parameters}"""

_ATTRIBUTES = """groups_ : ndarray of shape (n_samples,)
        Group of each training row: consecutive ids, each inside one class, and -1 for outliers.
    groups_val_ : ndarray of shape (n_validation_samples,)
        Groups of the validation rows, where `fit` was given any.
    n_groups_ : int
        Number of groups, outliers not counted.
    group_table_ : dict of ndarray
        Columns "group", "class", "cluster", "size", "mean_loss" and "error_rate" (of the
        reference); outliers have one row a class. ``pandas.DataFrame(group_table_)`` shows it.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    reference_ : skorch net or classifier
        The reference model.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Feature names, when X is a DataFrame with string names."""

C = TypeVar("C", bound=type)


def document_reference(cls: C) -> C:
    """Fill in the class docstring what stands in braces here."""
    text = {
        "{reference_parameters}": _PARAMETERS,
        "{module_parameters}": _MODULE,  # this and the next are parts of the former
        "{training_parameters}": _TRAINING,
        "{run_parameters}": _RUN,  # of inferrers that cluster
        "{group_attributes}": _ATTRIBUTES,
    }
    for name, value in text.items():
        cls.__doc__ = (cls.__doc__ or "").replace(name, value)
    return cls


def fit_reference(
    inferrer: Any,
    X: Any,
    y: NDArray,
    seeds: list[int],
    *,
    source: str | None = None,
    epochs: float | None = None,
    auto: str = "linear",
) -> NetReference | ClassifierReference:
    """Fit or wrap the reference of `inferrer`, whose `classes_` are known.

    Of `seeds` the first is for a model of the user, and the first three (weights, batches,
    dropout) are for the module. `source` is what the module has to have gradients of, if any;
    `epochs` is how long it is trained where the inferrer does not say; None: `EARLY_STEPS` steps.
    `auto` is the linear model that "auto" stands for.
    """
    module = inferrer.module
    if module is not None and inferrer.reference != "auto":
        raise ValueError(
            "module and reference were both given: pass the network as `module` to have it "
            "trained here, or as `reference` to use it as it is."
        )
    if not isinstance(inferrer.reference, str):
        names = getattr(inferrer, "feature_names_in_", None)
        return wrap_reference(
            inferrer.reference, X, y, inferrer.classes_, names=names, seed=seeds[0],
            device=inferrer.device,
        )  # fmt: skip
    if module is not None:
        n_epochs = epochs if inferrer.epochs is None else inferrer.epochs
        return fit_module(
            X, y, module=module, source=source, seeds=seeds,
            epochs=epochs_of_steps(EARLY_STEPS, len(y), inferrer.batch_size)
            if n_epochs is None else n_epochs,
            batch_size=inferrer.batch_size, device=inferrer.device, optimizer=inferrer.optimizer,
            lr=inferrer.lr, weight_decay=weight_decay_of(inferrer, "module"),
            verbose=inferrer.verbose,
        )  # fmt: skip
    kind = auto if inferrer.reference == "auto" else inferrer.reference
    return fit_linear(
        X, y, by_effect=kind == "ridge", standardize=inferrer.standardize,
        weight_decay=weight_decay_of(inferrer, kind), device=inferrer.device, random_state=seeds[0],
    )  # fmt: skip


def weight_decay_of(inferrer: Any, kind: str) -> float:
    """What `weight_decay` is, or what None stands for."""
    if inferrer.weight_decay is not None:
        return float(inferrer.weight_decay)
    return 2 * RIDGE_DECAY / len(inferrer.classes_) if kind == "ridge" else DECAY


def epochs_of_steps(n_steps: int, n_rows: int, batch_size: int) -> float:
    """The epochs that a number of steps are; the last batch of an epoch is often a smaller one."""
    return n_steps / len(batch_lengths(n_rows, min(batch_size, n_rows)))
