"""Parameter gradients: one backward pass a block for the layers with a product rule."""

import itertools
from collections import Counter
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from skgroup._data import Batch, Rows
from skgroup.gradients._forward import probe
from skgroup.gradients._functional import FunctionalGradients, call_with, derivatives
from skgroup.gradients._products import emit_layer, has_product_rule
from skgroup.gradients._recording import recording
from skgroup.gradients._sketch import Emit

__all__ = ["LayerGradients"]


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
        The samples. The first ones show for which layers the product rule holds; the parameters
        of all others go through `torch.func`.
    y : Tensor of shape (n_samples,)
        Class codes.
    """

    keeps_activations = True

    def __init__(self, module: nn.Module, parameters: Iterable[Tensor], rows: Rows, y: Tensor):
        self.module, self.functional = module, FunctionalGradients(module)
        wanted = {id(p) for p in parameters}
        self.parameters = {n: p.detach() for n, p in module.named_parameters() if id(p) in wanted}
        sizes = [p.numel() for p in self.parameters.values()]
        edges = itertools.pairwise(itertools.accumulate(sizes, initial=0))
        self.columns = {name: slice(*e) for name, e in zip(self.parameters, edges, strict=True)}
        self.n_columns = sum(sizes)
        self.layers = {
            name: layer
            for name, layer in module.named_modules()
            if has_product_rule(layer) and {*self._own(name).values()} <= {*self.columns}
        }
        self._keep_what_adds_up(*probe(rows), y)

    @property
    def numbers_per_row(self) -> int:
        """How many numbers a row needs beside the activations: one unit, and what is no product."""
        units = [layer.weight[0].numel() for layer in self.layers.values()]
        others = sum(self.parameters[name].numel() for name in self._without(self.layers))
        return 2 * (max(units, default=0) + others)

    def __call__(self, batch: Batch, y: Tensor, emit: Emit) -> None:
        factors = self._factors(batch, y)
        for name, (x, delta) in factors.items():
            self._emit(name, x, delta, emit)
        if others := self._without(factors):
            for name, gradient in self.functional(others, batch, y).items():
                emit(self.columns[name].start, gradient.flatten(1))

    def _own(self, layer: str) -> dict[str, str]:
        """Map the names of a layer's parameters to their names in the whole network."""
        prefix = f"{layer}." if layer else ""
        names = self.module.get_submodule(layer).named_parameters()
        return {name: f"{prefix}{name}" for name, _ in names}

    def _without(self, layers: Iterable[str]) -> list[str]:
        """Name the parameters outside `layers`."""
        done = {parameter for layer in layers for parameter in self._own(layer).values()}
        return [name for name in self.columns if name not in done]

    def _factors(self, batch: Batch, y: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Input and output gradient of every layer that ran once, on one row a sample."""
        if not self.layers:
            return {}
        with torch.enable_grad(), recording(self.layers, differentiable=True) as calls:
            # With detached parameters the graph begins at the first of the layers.
            logits = call_with(self.module, self.functional.parameters, batch)
            loss = cross_entropy(logits, y, reduction="sum")
        deltas = derivatives(loss, [call.output for call in calls])
        times = Counter(call.name for call in calls)
        return {
            call.name: (call.input.detach(), delta)
            for call, delta in zip(calls, deltas, strict=True)
            if times[call.name] == 1 and len(call.input) == len(delta) == len(y)
        }

    def _emit(self, layer: str, x: Tensor, delta: Tensor, emit: Emit) -> None:
        starts = {own: self.columns[name].start for own, name in self._own(layer).items()}
        emit_layer(self.layers[layer], x, delta, starts, emit)

    def _keep_what_adds_up(self, batch: Batch, n_rows: int, y: Tensor) -> None:
        """Keep the layers whose products sum to the gradient of a weighted loss.

        They do not where a parameter has a second use, or where the first dimension is not that
        of the samples; for the latter no two weights are equal.
        """
        y, dtype = y[:n_rows], next(iter(self.parameters.values())).dtype
        weights = torch.arange(1, n_rows + 1, device=y.device, dtype=dtype)
        total, size = weights.new_zeros(2, self.n_columns)

        def emit(start: int, columns: Tensor) -> None:
            where = slice(start, start + columns.shape[1])
            total[where], size[where] = weights @ columns, weights @ columns.abs()

        factors = self._factors(batch, y)
        for layer, (x, delta) in factors.items():
            self._emit(layer, x, delta, emit)
        tolerance = torch.finfo(dtype).eps ** 0.5
        wrong = {
            name
            for (name, where), expected in zip(
                self.columns.items(), self._weighted_gradient(batch, y, weights), strict=True
            )
            if (total[where] - expected.flatten()).norm() > tolerance * size[where].norm()
        }
        self.layers = {
            layer: self.layers[layer]
            for layer in factors
            if wrong.isdisjoint(self._own(layer).values())
        }

    def _weighted_gradient(self, batch: Batch, y: Tensor, weights: Tensor) -> list[Tensor]:
        leaves = {name: p.detach().requires_grad_() for name, p in self.parameters.items()}
        with torch.enable_grad():
            logits = call_with(self.module, {**self.functional.parameters, **leaves}, batch)
            losses = cross_entropy(logits, y, reduction="none")
            return derivatives(weights @ losses, leaves.values())
