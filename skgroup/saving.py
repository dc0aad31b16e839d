"""Fitted classifiers in files that hold numbers and text, and nothing that could run."""

import json
import re
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from skgroup._optional import optional
from skgroup.classifiers._base import BaseGroupClassifier
from skgroup.classifiers._dfr import module_of
from skgroup.modules import build_module
from skgroup.training import as_net

__all__ = ["load_weights", "save_weights"]

KINDS = "biufU"  # of labels that text can hold
_DTYPE = re.compile(rf"object|[<>=|]?[{KINDS}]\d{{1,4}}")  # none that makes short labels huge


def save_weights(classifier: BaseGroupClassifier, path: str | PathLike[str]) -> None:
    """Save what a fitted classifier predicts with, as a safetensors file.

    The file holds the weights, the class labels and the names of the features. Unlike a pickle it
    can be loaded from anybody, and read by other programs. Parameters are not part of it, nor is
    the record of the training (`history_`, the groups).

    Parameters
    ----------
    classifier : fitted classifier
        One whose model is a network.
    path : path-like
        File to write; usually named ``*.safetensors``.

    Raises
    ------
    NotFittedError
        If `classifier` is not fitted.
    TypeError
        If `classifier` is a pipeline or else none of skgroup's, has no network, because of
        ``estimator=``, or has class labels other than numbers, booleans and strings.

    See Also
    --------
    load_weights : The way back.

    Notes
    -----
    Needs the package safetensors: ``pip install "skgroup[safetensors]"``.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skgroup import GroupDROClassifier
    >>> from skgroup.saving import load_weights, save_weights
    >>> from skgroup.datasets import make_group_blobs
    >>> X, y, groups = make_group_blobs(20, random_state=0)
    >>> clf = GroupDROClassifier(max_epochs=2, random_state=0).fit(X, y, groups)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_weights(clf, f"{folder}/clf.safetensors")
    ...     loaded = load_weights(GroupDROClassifier(), f"{folder}/clf.safetensors")
    >>> bool(np.array_equal(loaded.predict_proba(X), clf.predict_proba(X)))
    True
    """
    if not isinstance(classifier, BaseGroupClassifier):
        raise TypeError(
            f"save_weights saves classifiers of skgroup, got a {type(classifier).__name__}: of a "
            "pipeline save the last step, `save_weights(pipe[-1], path)`, and the steps before "
            "with skops or joblib."
        )
    save_file = optional("safetensors.torch", "save_weights", "safetensors").save_file
    check_is_fitted(classifier)
    if not hasattr(classifier, "net_"):
        raise TypeError(
            f"{type(classifier).__name__} has no network to save, but a "
            f"{type(classifier.estimator_).__name__}: save the classifier with skops or joblib."
        )
    facts: dict[str, Any] = {"classifier": type(classifier).__name__}
    facts["classes"] = _as_text(classifier.classes_)
    facts["n_features"] = getattr(classifier, "n_features_in_", None)
    if hasattr(classifier, "feature_names_in_"):
        facts["feature_names"] = classifier.feature_names_in_.tolist()
    # Copied, because layers may share weights, and safetensors takes no memory twice.
    state = classifier.net_.module_.state_dict()
    tensors = {name: value.detach().cpu().clone().contiguous() for name, value in state.items()}
    save_file(tensors, path, metadata={"skgroup": json.dumps(facts)})


def load_weights(classifier: BaseGroupClassifier, path: str | PathLike[str]) -> BaseGroupClassifier:
    """Make `classifier` what was saved: it predicts the same, to the last bit.

    Parameters
    ----------
    classifier : classifier
        Of the class that was saved, with the same `module`, `hidden_layer_sizes` and `standardize`
        (and `net`). Its other parameters do not matter, and an earlier fit is forgotten.
    path : path-like
        What :func:`save_weights` wrote.

    Returns
    -------
    classifier
        The one given, fitted as far as predicting goes.

    Raises
    ------
    ValueError
        If the file does not come from :func:`save_weights`, or holds another classifier or network.

    Examples
    --------
    See :func:`save_weights`.

    >>> from skgroup import ERMClassifier
    >>> from skgroup.saving import load_weights
    >>> try:
    ...     load_weights(ERMClassifier(), "nowhere.safetensors")
    ... except FileNotFoundError as error:
    ...     print("no such file")
    no such file
    """
    facts, classes, tensors = _read(path)
    held, name = facts["classifier"], type(classifier).__name__
    if held != name:
        raise ValueError(
            f"the file holds a {held}, not a {name}: load it into a classifier of the class that "
            "was saved."
        )
    module = _rebuilt(classifier, facts["n_features"], len(classes), tensors)
    for fitted in [name for name in vars(classifier) if name.endswith("_")]:
        delattr(classifier, fitted)
    classifier.classes_ = classes
    if facts["n_features"] is not None:
        classifier.n_features_in_ = facts["n_features"]
    if "feature_names" in facts:
        classifier.feature_names_in_ = np.array(facts["feature_names"], dtype=object)
    classifier.net_ = as_net(module.eval(), len(classes), device=classifier.device)
    return classifier


def _read(path: str | PathLike[str]) -> tuple[dict[str, Any], NDArray, dict[str, Tensor]]:
    """The facts, the classes and the weights of a file, which may come from anybody."""
    safetensors = optional("safetensors", "load_weights", "safetensors")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get("skgroup")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file, or is damaged: {error}.") from error
    if text is None:
        raise ValueError(f"{path} holds a model of another program: load what save_weights wrote.")
    try:
        facts = json.loads(text)
        return facts, _checked_classes(facts), tensors
    except (LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(
            f"{path} does not describe a classifier as save_weights does ({error!r}): it was "
            "changed, or written by another version."
        ) from error


def _checked_classes(facts: dict[str, Any]) -> NDArray:
    """The class labels, once the facts are known to be of the types that they should be."""
    n_features, names = facts["n_features"], facts.get("feature_names")
    values, dtype = facts["classes"]["values"], facts["classes"]["dtype"]
    described = (
        isinstance(facts["classifier"], str)
        and (n_features is None or (type(n_features) is int and n_features > 0))
        and (names is None or _kinds(names) == [str] * (n_features or 0))
        and set(_kinds(values)) <= {bool, int, float, str}
        and _DTYPE.fullmatch(dtype)
    )
    if not described:
        raise ValueError("classes, n_features or feature_names are of another type")
    return np.array(values, dtype=dtype)


def _kinds(values: Any) -> list[type]:
    """The types of what a list holds; of anything else, that it is no list."""
    return [type(value) for value in values] if isinstance(values, list) else [type(values), list]


def _rebuilt(
    classifier: Any, n_features: int | None, n_classes: int, tensors: dict[str, Tensor]
) -> nn.Module:
    """The network that the parameters describe, with weights from the file."""
    given = classifier.module
    if getattr(classifier, "net", None) is not None:
        given = module_of(classifier.net)
    if n_features is None and not isinstance(given, nn.Module):
        raise ValueError(
            "the file does not say how many features X has, because it was no array: give `module` "
            "as an instance of torch.nn.Module."
        )
    wrong = (
        "the file holds weights of another network: give the classifier the same module, "
        "hidden_layer_sizes and standardize as the one that was saved. "
    )
    # The size comes from the file, and a first layer of that size would be made before it is seen.
    if given is None and (n_features or 0) > sum(value.numel() for value in tensors.values()):
        raise ValueError(f"{wrong}It has fewer weights than features.")
    default = given is None and classifier.standardize
    unknown = (np.zeros(n_features or 0), np.ones(n_features or 0))
    module = build_module(
        given, n_features or 0, n_classes, hidden_layer_sizes=classifier.hidden_layer_sizes,
        standardize=unknown if default else None,
    )  # fmt: skip
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(wrong + " ".join(str(error).split())) from error
    return module.to(classifier.device)


def _as_text(classes: NDArray) -> dict[str, Any]:
    values = classes.tolist()
    if classes.dtype.kind not in KINDS and not all(isinstance(value, str) for value in values):
        raise TypeError(
            f"classes of type {classes.dtype} cannot be saved as text: encode y as numbers, "
            "booleans or strings first."
        )
    return {"values": values, "dtype": "object" if classes.dtype == object else classes.dtype.str}
