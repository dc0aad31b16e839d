"""Linear references: softmax models trained to convergence."""

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from skgroup._inputs import feature_statistics
from skgroup.inference._effect_scale import scale_by_effect
from skgroup.inference._reference import NetReference
from skgroup.inference._row_blocks import sample_classes
from skgroup.modules import build_module
from skgroup.training import as_net

__all__ = ["fit_linear"]

MAX_VALUES = 2**26  # half a gigabyte in double precision


def fit_linear(
    X: Any,
    y: NDArray,
    *,
    standardize: bool,
    weight_decay: float,
    device: Any,
    by_effect: bool = False,
    random_state: int = 0,
) -> NetReference:
    """Fit a linear softmax model to convergence and put its weights into a net.

    With `by_effect` columns count by how far they set the classes apart, see `scale_by_effect`.
    Of more than `MAX_VALUES` dense values a sample of the rows is fitted, in the scale of all.
    """
    n_classes = int(y.max()) + 1
    mean, scale = feature_statistics(X)
    if by_effect:
        scale = scale_by_effect(X, y, mean, scale, standardize=standardize)
    elif not standardize:
        mean, scale = np.zeros_like(mean), np.ones_like(scale)
    X, y, weight = _few_enough(X, y, random_state)
    if sparse.issparse(X):  # centring would make it dense; the intercept takes up the shift
        inputs, shift = X.multiply(1 / scale).tocsr(), mean / scale
    else:
        inputs, shift = X - mean, np.zeros_like(mean)
        inputs /= scale
    # Two classes are fitted as one logit; split over two, its weights have half the squared norm.
    penalty = weight_decay * len(y) / (2 if n_classes == 2 else 1)
    strength = np.inf if penalty == 0 else 1 / penalty
    model = LogisticRegression(C=strength, tol=1e-6, max_iter=1000)
    with warnings.catch_warnings():
        # Separable classes have no finite optimum; where the solver stops is good enough.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(inputs, y, sample_weight=weight)
    weight, bias = model.coef_, model.intercept_ + model.coef_ @ shift
    if n_classes == 2:  # one logit becomes two, with the same probabilities
        weight, bias = np.vstack([-weight, weight]) / 2, np.hstack([-bias, bias]) / 2
    module = build_module(None, len(mean), n_classes, standardize=(mean, scale)).to(device)
    with torch.no_grad():
        head = module.get_submodule("head")
        head.weight.copy_(torch.as_tensor(weight))  # type: ignore[operator]
        head.bias.copy_(torch.as_tensor(bias))  # type: ignore[operator]
    net = as_net(module, n_classes, device=device)
    return NetReference(net, [module.eval()], is_linear=True)


def _few_enough(X: Any, y: NDArray, random_state: int) -> tuple[Any, NDArray, NDArray | None]:
    """X and y, or a sample of them and the weights that give each class its share again."""
    if sparse.issparse(X):
        return X, y, None
    rows = sample_classes(y, max(1, MAX_VALUES // X.shape[1]), np.random.RandomState(random_state))
    if rows is None:
        return X, y, None
    share = np.bincount(y) / len(y) / (np.bincount(y[rows]) / len(rows))
    return X[rows], y[rows], share[y[rows]]
