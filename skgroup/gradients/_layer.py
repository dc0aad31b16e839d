"""Parameter gradients: one backward pass a block for layers with a product rule."""

import itertools
from collections import Counter
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, unfold

from skgroup._data import Batch, Rows
from skgroup.gradients._forward import probe
from skgroup.gradients._functional import FunctionalGradients, call_with, derivatives
from skgroup.gradients._recording import recording
from skgroup.gradients._sketch import Emit

__all__ = ["LayerGradients", "emit_products"]

# Columns are made in pieces of this size, which stay in the cache until they are written.
PIECE_BYTES = 2**20


def has_product_rule(layer: nn.Module) -> bool:
    """Whether `layer` is a plain nn.Linear or nn.Conv2d: no subclass, nothing reparametrised."""
    names = {name for name, _ in layer.named_parameters()}
    if "weight" not in names or not names <= {"weight", "bias"}:
        return False
    if isinstance(layer, nn.Conv2d):
        unfoldable = layer.padding_mode == "zeros" and layer.padding != "same"
        return unfoldable and type(layer).forward is nn.Conv2d.forward
    return isinstance(layer, nn.Linear) and type(layer).forward is nn.Linear.forward


def unrolled(layer: nn.Module, x: Tensor, delta: Tensor) -> tuple[Tensor, Tensor]:
    """Output gradient (n, units, positions) and input (n, inputs, positions) of a layer.

    The gradient of its weight is the product of the first and the transposed second.
    """
    if isinstance(layer, nn.Conv2d):
        padding: Any = 0 if layer.padding == "valid" else layer.padding
        return delta.flatten(2), unfold(
            x, layer.kernel_size, layer.dilation, padding, layer.stride
        )
    n_rows = len(x)
    return delta.reshape(n_rows, -1, delta.shape[-1]).mT, x.reshape(n_rows, -1, x.shape[-1]).mT


def emit_products(delta: Tensor, h: Tensor, start: int, emit: Emit) -> None:
    """Emit delta @ h.mT of each sample as columns, in pieces of whole units."""
    n_rows, n_inputs, n_positions = h.shape
    units = max(1, PIECE_BYTES // (n_rows * n_inputs * h.element_size()))
    for first in range(0, delta.shape[1], units):
        part = delta[:, first : first + units]
        product = part * h.mT if n_positions == 1 else part @ h.mT
        emit(start + first * n_inputs, product.flatten(1))


class LayerGradients:
    """Gradient of the loss with respect to some parameters, one row a sample.

    Columns are the parameters in the order of ``module.named_parameters()``, each flattened.

    Parameters
    ----------
    module : nn.Module
        Network that returns logits, in eval mode.
    parameters : iterable of Tensor
        Which of its parameters.
    rows : Rows
        The samples. The first ones show which layers the product rule holds for; the parameters
        of all others go through `torch.func`.
    y : Tensor of shape (n_samples,)
        Class codes.
    """

    def __init__(self, module: nn.Module, parameters: Iterable[Tensor], rows: Rows, y: Tensor):
        self.module, self.functional = module, FunctionalGradients(module)
        wanted = {id(p) for p in parameters}
        self.parameters = {n: p.detach() for n, p in module.named_parameters() if id(p) in wanted}
        ends = itertools.accumulate((p.numel() for p in self.parameters.values()), initial=0)
        self.columns = {n: slice(*e) for n, e in zip(self.parameters, itertools.pairwise(ends))}
        self.n_columns = sum(p.numel() for p in self.parameters.values())
        self.layers = {
            name: layer
            for name, layer in module.named_modules()
            if has_product_rule(layer) and self._own(name).values() <= self.columns.keys()
        }
        self.numbers_per_row = self._look_at(*probe(rows), y)

    def __call__(self, batch: Batch, y: Tensor, emit: Emit) -> None:
        factors = self._factors(batch, y)
        for name, (x, delta) in factors.items():
            self._emit_layer(name, x, delta, emit)
        done = {parameter for name in factors for parameter in self._own(name).values()}
        others = [name for name in self.columns if name not in done]
        if others:
            for name, gradient in self.functional(others, batch, y).items():
                emit(self.columns[name].start, gradient.flatten(1))

    def _own(self, layer: str) -> dict[str, str]:
        """Map the names of a layer's parameters to their names in the whole network."""
        prefix = f"{layer}." if layer else ""
        names = self.module.get_submodule(layer).named_parameters()
        return {name: f"{prefix}{name}" for name, _ in names}

    def _factors(self, batch: Batch, y: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Input and output gradient of every layer that ran once, on one row a sample."""
        if not self.layers:
            return {}
        with torch.enable_grad(), recording(self.layers, differentiable=True) as calls:
            # Detached parameters: the graph begins at the first of the layers.
            logits = call_with(self.module, self.functional.parameters, batch)
            loss = cross_entropy(logits, y, reduction="sum")
        deltas = derivatives(loss, [call.output for call in calls])
        times = Counter(call.name for call in calls)
        return {
            call.name: (call.input.detach(), delta)
            for call, delta in zip(calls, deltas, strict=True)
            if times[call.name] == 1 and len(call.input) == len(delta) == len(y)
        }

    def _emit_layer(self, name: str, x: Tensor, delta: Tensor, emit: Emit) -> None:
        layer, own = self.layers[name], self._own(name)
        delta, h = unrolled(layer, x, delta)
        start, groups = self.columns[own["weight"]].start, getattr(layer, "groups", 1)
        for units, inputs in zip(delta.chunk(groups, 1), h.chunk(groups, 1), strict=True):
            emit_products(units, inputs, start, emit)
            start += units.shape[1] * inputs.shape[1]
        if "bias" in own:
            emit(self.columns[own["bias"]].start, delta.sum(2))

    def _look_at(self, batch: Batch, n_rows: int, y: Tensor) -> int:
        """Keep the layers whose products add up; return how many numbers a row needs.

        They do not add up to the gradient of a weighted loss where a weight has a second use, an
        activation is overwritten, or the first dimension is not that of the samples (for which
        the weights differ).
        """
        y = y[:n_rows]
        weights = torch.arange(1, n_rows + 1, device=y.device)
        weights = weights.to(next(iter(self.parameters.values())).dtype)
        total, size = weights.new_zeros(2, self.n_columns)

        def emit(start: int, columns: Tensor) -> None:
            where = slice(start, start + columns.shape[1])
            total[where], size[where] = weights @ columns, weights @ columns.abs()

        factors = self._factors(batch, y)
        for name, (x, delta) in factors.items():
            self._emit_layer(name, x, delta, emit)
        error = total - self._weighted_gradient(batch, y, weights)
        tolerance = torch.finfo(error.dtype).eps ** 0.5
        wrong = {
            name
            for name, where in self.columns.items()
            if error[where].norm() > tolerance * size[where].norm()
        }
        self.layers = {n: self.layers[n] for n in factors if wrong.isdisjoint(self._own(n).values())}
        ...
