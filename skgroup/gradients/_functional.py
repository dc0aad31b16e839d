"""Per-sample gradients of any parameter, by transforming the whole network."""

import warnings
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from skgroup._data import Batch, out_of_memory
from skgroup.exceptions import SlowPathWarning

__all__ = ["FunctionalGradients", "call_with", "derivatives"]

Parameters = Mapping[str, Tensor]


def call_with(module: nn.Module, parameters: Parameters, batch: Batch) -> Tensor:
    """Call `module` with other parameters, on a copy of the samples, which it may overwrite."""
    if isinstance(batch, dict):
        inputs = {name: value.clone() for name, value in batch.items()}
        return functional_call(module, dict(parameters), (), inputs)
    return functional_call(module, dict(parameters), (batch.clone(),))


def derivatives(loss: Tensor, tensors: Iterable[Tensor]) -> list[Tensor]:
    """Gradient of `loss` with respect to each tensor, zeros where it does not depend on it."""
    tensors = list(tensors)
    if not loss.requires_grad:
        return [torch.zeros_like(tensor) for tensor in tensors]
    found = torch.autograd.grad(loss, tensors, allow_unused=True)
    return [torch.zeros_like(t) if g is None else g for t, g in zip(tensors, found, strict=True)]


class FunctionalGradients:
    """Gradients of any parameters of `module`, of shapes (n_rows, *parameter.shape).

    All samples at once through `torch.func`; one after the other where a network cannot be
    vectorised (it reads values in Python, say), with a warning because that is slow.
    """

    def __init__(self, module: nn.Module):
        self.module = module
        self.parameters = {name: p.detach() for name, p in module.named_parameters()}
        self.vectorize = True

    def __call__(self, names: Iterable[str], batch: Batch, y: Tensor) -> dict[str, Tensor]:
        wanted = {name: self.parameters[name] for name in names}
        if not self.vectorize:
            return self._one_by_one(wanted, batch, y)
        transform = vmap(grad(self._loss), in_dims=(None, 0, 0), randomness="different")
        try:
            return transform(wanted, batch, y)
        except RuntimeError as error:
            if out_of_memory(error):
                raise
            reason = str(error).partition("\n")[0]
        # An error of the network's own is raised here once more.
        result = self._one_by_one(wanted, batch, y)
        self.vectorize = False
        warnings.warn(
            f"torch.func cannot vectorise {type(self.module).__name__} ({reason}), and gradients "
            "are computed sample by sample, which is slow. Choose source='head', or a layer that "
            "is an nn.Linear or nn.Conv2d.",
            SlowPathWarning,
            stacklevel=4,
        )
        return result

    def _loss(self, wanted: Parameters, sample: Batch, label: Tensor) -> Tensor:
        one: Batch = (
            {name: value[None] for name, value in sample.items()}
            if isinstance(sample, dict)
            else sample[None]
        )
        logits = call_with(self.module, {**self.parameters, **wanted}, one)
        return cross_entropy(logits, label[None])

    def _one_by_one(self, wanted: Parameters, batch: Batch, y: Tensor) -> dict[str, Tensor]:
        leaves = {name: p.detach().requires_grad_() for name, p in wanted.items()}
        result = {name: p.new_empty((len(y), *p.shape)) for name, p in wanted.items()}
        for i, label in enumerate(y):
            sample = {k: v[i] for k, v in batch.items()} if isinstance(batch, dict) else batch[i]
            with torch.enable_grad():
                loss = self._loss(leaves, sample, label)
            for name, gradient in zip(leaves, derivatives(loss, leaves.values()), strict=True):
                result[name][i] = gradient
        return result
