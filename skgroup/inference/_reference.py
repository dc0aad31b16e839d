"""The reference model whose gradients are clustered."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted
from torch import nn

from skgroup._data import Rows, SubsetRows, as_rows
from skgroup._inputs import feature_statistics, n_features_of
from skgroup._optional import optional
from skgroup._random import isolated_torch_rng
from skgroup._seeded_clone import seeded_clone
from skgroup.gradients import per_sample_gradients
from skgroup.gradients._forward import find_head, predict_logits
from skgroup.gradients._products import emit_products
from skgroup.gradients._sketch import Sketch, columns_of
from skgroup.modules import build_module, check_module_output
from skgroup.objectives import MeanLoss
from skgroup.samplers import UniformSampler
from skgroup.training import Net, TrainingData, as_net, is_net, train

__all__ = ["ClassifierReference", "NetReference", "fit_module", "wrap_reference"]


class NetReference:
    """A network and its snapshots over the epochs; the last one is the network itself."""

    def __init__(self, net: Net, snapshots: list[nn.Module], *, is_linear: bool = False):
        self.model, self.snapshots, self.is_linear = net, snapshots, is_linear

    def gradients(self, X: Any, y: NDArray, source: str, sketch: int | None, seed: int) -> list:
        """Per-sample gradients of each snapshot."""
        return [
            per_sample_gradients(module, X, y, source=source, sketch=sketch, seed=seed)
            for module in self.snapshots
        ]

    def n_columns(self, X: Any, source: str) -> int:
        """Columns of the gradients of one snapshot; an unknown source raises ValueError here."""
        return one_gradient(self.snapshots[-1], X, source).size

    def root_weights(self, X: Any, source: str, snapshot: int = -1) -> NDArray[np.float32]:
        """Roots of the absolute weights of the head, as gradients are laid out; intercepts 0."""
        if source != "head":
            raise ValueError(f"scale='weighted' needs source='head', got {source!r}.")
        layer = find_head(self.snapshots[snapshot], first_rows(X, 1)).layer
        weight = layer.weight.detach().cpu().abs().sqrt()
        return torch.nn.functional.pad(weight, (0, int(layer.bias is not None))).flatten().numpy()

    def probabilities(self, X: Any, snapshot: int = -1) -> NDArray[np.float64]:
        """Class probabilities of shape (n_samples, n_classes)."""
        logits = predict_logits(self.snapshots[snapshot], X)
        return torch.softmax(torch.as_tensor(logits, dtype=torch.float64), dim=1).cpu().numpy()


class ClassifierReference:
    """Any probabilistic classifier: its residuals times the standardised features.

    That is the gradient of a linear model with the same probabilities: exact for one, and a
    surrogate for trees and the like. `names` are those of the columns, when X was a frame.
    """

    is_linear = True

    def __init__(
        self, estimator: Any, statistics: tuple[NDArray, NDArray], names: NDArray | None = None
    ):
        self.model, self.snapshots, self.names = estimator, [estimator], names
        self.mean, self.scale = statistics

    def gradients(self, X: Any, y: NDArray, source: str, sketch: int | None, seed: int) -> list:
        """Residuals times features, in the layout of a linear layer's gradient."""
        residual = self.probabilities(X)
        residual[np.arange(len(y)), y] -= 1
        n_columns = self.n_columns(X, source)
        result = torch.zeros(len(y), sketch or n_columns)
        project = Sketch(sketch, n_columns=n_columns, seed=seed).into if sketch else columns_of
        for rows in gen_batches(len(y), 8192):
            dense = X[rows].toarray() if sparse.issparse(X) else X[rows]
            inputs = np.column_stack([(dense - self.mean) / self.scale, np.ones(len(dense))])
            d, h = (torch.from_numpy(part).float() for part in (residual[rows], inputs))
            emit_products(d[:, :, None], h[:, :, None], 0, project(result[rows]))
        return [result.numpy()]

    def n_columns(self, X: Any, source: str) -> int:
        """Columns of the gradients; only those of a linear head are defined."""
        if source != "head":
            raise ValueError(
                f"source={source!r} needs a network, but the reference is a "
                f"{type(self.model).__name__}: use source='head'."
            )
        return (X.shape[1] + 1) * len(self.model.classes_)

    def root_weights(self, X: Any, source: str, snapshot: int = -1) -> NDArray[np.float32]:
        """Only networks have weights to look at."""
        raise ValueError(
            "scale='weighted' looks at the weights of a network, but the reference is a "
            f"{type(self.model).__name__}: use scale='residual'."
        )

    def probabilities(self, X: Any, snapshot: int = -1) -> NDArray[np.float64]:
        """Class probabilities of shape (n_samples, n_classes)."""
        return np.array(self.model.predict_proba(as_frame(X, self.names)), dtype=np.float64)


def fit_module(
    X: Any,
    y: NDArray,
    *,
    module: nn.Module | Callable,
    source: str | None,
    epochs: float,
    seeds: list[int],
    batch_size: int,
    device: Any,
    **options: Any,
) -> NetReference:
    """Train the user's network by plain ERM and keep a copy after every epoch.

    `source` is what its gradients will be taken of; None: there will be no gradients.
    """
    n_classes, rows = int(y.max()) + 1, as_rows(X, device=device)
    net = build_module(module, n_features_of(X), n_classes, seed=seeds[0]).to(device)
    check_module_output(net, rows, n_classes)
    if source is not None:
        one_gradient(net, rows, source)  # what cannot be differentiated is said before the training
    codes = torch.from_numpy(y).to(device)
    snapshots: list[nn.Module] = []
    trained = train(
        net,
        MeanLoss(),
        TrainingData(rows, codes, codes, n_classes),
        sampler=UniformSampler(len(y), min(batch_size, len(y)), seeds[1]),
        n_classes=n_classes,
        max_epochs=epochs,
        after_epoch=lambda module: snapshots.append(copy.deepcopy(module).eval()),
        device=device,
        seed=seeds[2],
        **options,
    )
    return NetReference(trained, snapshots)


def wrap_reference(
    reference: Any,
    X: Any,
    y: NDArray,
    classes: NDArray,
    *,
    names: NDArray | None,
    seed: int,
    device: Any,
) -> NetReference | ClassifierReference:
    """Use the user's own net or classifier; fit a clone of it when it is not fitted.

    `names` are those of the columns of X, when it was a frame.
    """
    if isinstance(reference, nn.Module):
        return _wrap_module(reference, X, len(classes), device)
    if not hasattr(reference, "predict_proba"):
        raise _no_gradients(reference)
    if _is_fitted(reference):
        fitted = reference
        _check_same_task(fitted, classes, names)
        names = names if hasattr(fitted, "feature_names_in_") else None
    else:
        fitted = _fit_clone(reference, X, y, classes, names, seed)
    net = fitted if is_net(fitted) else getattr(fitted, "net_", None)
    if net is not None:
        return _wrap_module(net.module_, X, len(classes), device)
    if len(getattr(X, "shape", ())) != 2:
        raise _no_gradients(reference)
    return ClassifierReference(fitted, feature_statistics(X), names)


def _no_gradients(reference: Any) -> TypeError:
    return TypeError(
        f"reference {type(reference).__name__} cannot give gradients: pass a torch module, a "
        "skorch net, or a classifier with predict_proba and a 2-D X."
    )


def _check_same_task(fitted: Any, classes: NDArray, names: NDArray | None) -> None:
    if is_net(fitted):  # nets speak in codes
        return
    if not np.array_equal(getattr(fitted, "classes_", classes), classes):
        raise ValueError(
            f"reference was fitted on the classes {fitted.classes_.tolist()}, but y has "
            f"{classes.tolist()}: fit it on the same classes, or pass it unfitted."
        )
    expected: Any = getattr(fitted, "feature_names_in_", names)
    if names is not None and not np.array_equal(expected, names):
        raise ValueError(
            f"reference was fitted on the features {expected.tolist()}, but X has "
            f"{names.tolist()}: give the same columns in the same order."
        )


def _fit_clone(
    reference: Any, X: Any, y: NDArray, classes: NDArray, names: NDArray | None, seed: int
) -> Any:
    with isolated_torch_rng(seed):
        if is_net(reference):
            model = clone(reference)
            return model.fit(X.astype(np.float32) if hasattr(X, "astype") else X, y)
        return seeded_clone(reference, seed).fit(as_frame(X, names), classes[y])


def _wrap_module(module: nn.Module, X: Any, n_classes: int, device: Any) -> NetReference:
    module = copy.deepcopy(module).to(device).eval()
    check_module_output(module, as_rows(X, device=device), n_classes, "reference")
    return NetReference(as_net(module, n_classes, device=device), [module])


def as_frame(X: Any, names: NDArray | None) -> Any:
    """X as the DataFrame that it was, for classifiers that look at the names of columns."""
    if names is None or sparse.issparse(X):
        return X
    pd = optional("pandas", "a reference that looks at column names", "dataframe")
    return pd.DataFrame(X, columns=names)


def first_rows(X: Any, n: int) -> Rows:
    """The first `n` rows, or all when there are fewer."""
    rows = as_rows(X)
    return SubsetRows(rows, torch.arange(min(n, len(rows))))


def one_gradient(module: nn.Module, X: Any, source: str) -> NDArray:
    """The gradient of the first row, for an arbitrary class."""
    return per_sample_gradients(module, first_rows(X, 1), np.zeros(1, np.int64), source=source)


def _is_fitted(model: Any) -> bool:
    if is_net(model):
        return bool(model.initialized_)
    try:
        check_is_fitted(model)
    except NotFittedError:
        return False
    return True
