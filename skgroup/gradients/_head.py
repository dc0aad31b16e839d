"""Gradients at the last linear layer: a closed form over one forward pass."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from skgroup._data import Batch, Rows, call_module
from skgroup.gradients._forward import find_head, input_of, probe
from skgroup.gradients._functional import call_with, derivatives
from skgroup.gradients._products import emit_products, with_positions
from skgroup.gradients._recording import recording
from skgroup.gradients._sketch import Emit

__all__ = ["ActivationGradients", "HeadGradients"]


def residuals(logits: Tensor, y: Tensor) -> Tensor:
    """Gradient of the cross-entropy with respect to the logits: softmax minus one-hot."""
    result = torch.softmax(logits, dim=1)
    result[torch.arange(len(y), device=y.device), y] -= 1
    return result


class HeadGradients:
    """Gradient with respect to the weight and bias of the head, vec(d [h; 1]^T).

    d is softmax(z) - e_y where the network returns the head's output z. Where it does something
    to it first (rescales or squeezes it, say), a backward pass down to the head gives d.
    """

    def __init__(self, module: nn.Module, rows: Rows, y: Tensor):
        self.module, self.head = module, find_head(module, rows)
        self.layer = self.head.layer
        self.parameters = {name: p.detach() for name, p in module.named_parameters()}
        self.keeps_activations = not self.head.is_output
        batch, n_rows = probe(rows)
        self.input_size = self.factors(batch, y[:n_rows])[0].numel() // n_rows
        self.numbers_per_row = 2 * self.input_size

    @property
    def n_columns(self) -> int:
        return self.layer.out_features * (self.layer.in_features + (self.layer.bias is not None))

    def __call__(self, batch: Batch, y: Tensor, emit: Emit) -> None:
        h, d = (with_positions(factor) for factor in self.factors(batch, y))
        emit_products(d, h, 0, emit, with_ones=self.layer.bias is not None)

    def factors(self, batch: Batch, y: Tensor) -> tuple[Tensor, Tensor]:
        """Input of the head, and gradient of the loss with respect to its output."""
        watched = {self.head.name: self.layer}
        if self.head.is_output:
            with recording(watched) as calls:
                logits = call_module(self.module, batch)
            if calls and calls[0].returned(logits):
                return calls[0].input, residuals(logits, y)
        with torch.enable_grad(), recording(watched, differentiable=True) as calls:
            # With detached parameters the graph begins at the head.
            logits = call_with(self.module, self.parameters, batch)
            loss = cross_entropy(logits, y, reduction="sum")
        h = input_of(self.head.name, calls, len(y)).detach()
        return h, derivatives(loss, [calls[0].output])[0]


class ActivationGradients(HeadGradients):
    """Gradient with respect to the input of the head, W^T d."""

    @property
    def n_columns(self) -> int:
        return self.input_size

    def __call__(self, batch: Batch, y: Tensor, emit: Emit) -> None:
        _, d = self.factors(batch, y)
        emit(0, (d @ self.layer.weight.detach()).flatten(1))
