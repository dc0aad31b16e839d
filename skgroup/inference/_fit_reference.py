"""The reference that the parameters of an inferrer ask for, and what these are."""

from numbers import Integral, Real
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import nn

from skgroup._sklearn import HasMethods, Interval, StrOptions
from skgroup.inference._reference import (
    ClassifierReference,
    NetReference,
    fit_linear,
    fit_module,
    wrap_reference,
)
from skgroup.training import OPTIMIZERS

__all__ = ["REFERENCE_CONSTRAINTS", "document_reference", "fit_reference"]

REFERENCE_CONSTRAINTS: dict[str, list[Any]] = {
    "reference": [StrOptions({"auto", "linear"}), nn.Module, HasMethods(["fit", "get_params"])],
    "module": [nn.Module, callable, None],
    "epochs": [Interval(Real, 0, None, closed="neither"), None],
    "standardize": ["boolean"],
    "optimizer": [StrOptions(set(OPTIMIZERS)), callable],
    "lr": [Interval(Real, 0, None, closed="neither")],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "device": [str, torch.device],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

_TRAINING = """optimizer : {"adam", "adamw", "sgd"} or callable, default="adam"
        Optimiser of `module`.
    lr : float, default=1e-3
        Its learning rate.
    weight_decay : float, default=0.01
        L2 penalty of the reference.
    batch_size : int, default=128
        Rows per step of `module`.
    device : str or torch.device, default="cpu"
        Where the reference lives."""

_PARAMETERS = """reference : {"auto", "linear"}, net or classifier, default="auto"
        "linear": a linear softmax model trained to convergence. "auto": the same for 2-D X
        without `module`, otherwise `module` trained for `epochs`. A torch module, skorch net or
        any classifier with ``predict_proba`` is used as it is when fitted, and cloned and fitted
        when not.
    module : torch.nn.Module or callable, default=None
        The reference network, see :class:`skgroup.ERMClassifier`.
    epochs : float, default=None
        Passes of ERM over the data for `module`; fractions stop inside an epoch. None: 1. A
        reference that was trained for long has fitted the minority too, and no longer shows it.
    standardize : bool, default=True
        Whether the linear reference standardises its inputs.
    {training_parameters}"""

_ATTRIBUTES = """groups_ : ndarray of shape (n_samples,)
        Group of each training row: consecutive ids, each inside one class.
    groups_val_ : ndarray of shape (n_validation_samples,)
        Groups of the validation rows, where `fit` was given any.
    n_groups_ : int
        Number of groups.
    group_table_ : dict of ndarray
        Columns "group", "class", "cluster", "size", "mean_loss" and "error_rate" (of the
        reference). ``pandas.DataFrame(group_table_)`` shows it.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    reference_ : skorch net or classifier
        The reference model.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Feature names, when X is a DataFrame with string names."""

C = TypeVar("C", bound=type)


def document_reference(cls: C) -> C:
    """Fill in the class docstring what stands in braces here."""
    text = {
        "{reference_parameters}": _PARAMETERS,
        "{training_parameters}": _TRAINING,  # a part of the former
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
    epochs: float = 1,
) -> NetReference | ClassifierReference:
    """Fit or wrap the reference of `inferrer`, whose `classes_` are known.

    Of `seeds` the first is for a model of the user, and the first three (weights, batches,
    dropout) are for the module. `source` is what the module has to have gradients of, if any;
    `epochs` is how long it is trained where the inferrer does not say.
    """
    if inferrer.module is not None and inferrer.reference != "auto":
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
    if inferrer.module is not None:
        return fit_module(
            X, y, module=inferrer.module, source=source,
            epochs=epochs if inferrer.epochs is None else inferrer.epochs, seeds=seeds,
            batch_size=inferrer.batch_size, device=inferrer.device,
            optimizer=inferrer.optimizer, lr=inferrer.lr, weight_decay=inferrer.weight_decay,
            verbose=inferrer.verbose,
        )  # fmt: skip
    return fit_linear(
        X, y, standardize=inferrer.standardize, weight_decay=inferrer.weight_decay,
        device=inferrer.device,
    )  # fmt: skip
