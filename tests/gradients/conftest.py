"""Networks, and the definition of a per-sample gradient: autograd on one sample at a time."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from skgroup.modules import Standardize, mlp


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
        parts = [
            torch.zeros_like(t) if g is None else g for t, g in zip(tensors, found, strict=True)
        ]
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


class Text(nn.Module):
    """Token ids and numbers by name; embedding, normalisation, dropout."""

    def __init__(self):
        super().__init__()
        self.words, self.norm = nn.Embedding(9, 4), nn.LayerNorm(4)
        self.drop, self.fc = nn.Dropout(), nn.Linear(4, 3)

    def forward(self, tokens, values):
        return self.fc(self.drop(self.norm(self.words(tokens).mean(1) + values)))


def batch_normed():
    net = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))
    net[1].running_mean.copy_(torch.linspace(-1, 1, 6))
    net[1].running_var.copy_(torch.linspace(0.5, 2, 6))
    return net


def convolutional():
    layers = nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 3)
    return nn.Sequential(*layers)


def standardized():
    return nn.Sequential(Standardize([1.0, 0, 2, 0], [2.0, 1, 1, 0]), *mlp(4, 3, [6, 5]))


@pytest.fixture
def build() -> Callable[..., tuple]:
    """Return a network for three classes by its name, in training mode, and 23 samples for it."""

    def make(name, dtype=torch.float64):
        table, tokens = torch.randn(23, 4, dtype=dtype), torch.randint(0, 9, (23, 3))
        net, X = {
            "linear": lambda: (nn.Linear(4, 3), table),
            "mlp": lambda: (standardized(), table),
            "cnn": lambda: (convolutional(), torch.randn(23, 1, 6, 6, dtype=dtype)),
            "text": lambda: (Text(), {"tokens": tokens, "values": table}),
            "batch norm": lambda: (batch_normed(), table),
        }[name]()
        return net.to(dtype), X

    return make


@pytest.fixture
def state_of() -> Callable[[nn.Module], dict]:
    """Return what a function that only reads a network must leave alone."""

    def describe(net):
        hooks = [
            [*part._forward_hooks, *part._forward_pre_hooks, *part._backward_hooks]
            for part in net.modules()
        ]
        return {
            "training": [part.training for part in net.modules()],
            "values": [t.tolist() for t in net.state_dict().values()],
            "objects": [id(t) for t in net.state_dict(keep_vars=True).values()],
            "grad": [None if p.grad is None else p.grad.tolist() for p in net.parameters()],
            "requires_grad": [p.requires_grad for p in net.parameters()],
            "hooks": hooks,
        }

    return describe
