"""The definition of a per-sample gradient: autograd on one sample after the other."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy


def take(X, index):
    return {k: v[index] for k, v in X.items()} if isinstance(X, dict) else X[index]


def autograd_rows(module: nn.Module, X, y: Tensor, tensors: list[Tensor]) -> np.ndarray:
    """Gradient with respect to `tensors` of the loss of each sample alone, in eval mode."""
    training = module.training
    module.eval()
    rows = []
    for i in range(len(y)):
        x = take(X, slice(i, i + 1))
        logits = module(**x) if isinstance(x, dict) else module(x)
        loss = cross_entropy(logits, y[i : i + 1])
        found = torch.autograd.grad(loss, tensors, allow_unused=True)
        parts = [torch.zeros_like(t) if g is None else g for t, g in zip(tensors, found, strict=True)]
        rows.append(torch.cat([part.flatten() for part in parts]))
    module.train(training)
    return torch.stack(rows).numpy()


def by_class(gradients: np.ndarray, layer: nn.Linear) -> np.ndarray:
    """Reorder columns weight, bias of a linear layer into the order of its closed form."""
    n, (k, d) = len(gradients), layer.weight.shape
    weight, bias = gradients[:, : k * d].reshape(n, k, d), gradients[:, k * d :]
    return np.concatenate([weight, bias.reshape(n, k, -1)], axis=2).reshape(n, -1)


@pytest.fixture
def reference() -> Callable[..., np.ndarray]:
    return autograd_rows


@pytest.fixture
def head_reference() -> Callable[..., np.ndarray]:
    def compute(module: nn.Module, X, y: Tensor, layer: nn.Linear) -> np.ndarray:
        return by_class(autograd_rows(module, X, y, list(layer.parameters())), layer)

    return compute
