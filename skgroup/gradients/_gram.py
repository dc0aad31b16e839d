"""Inner products of per-sample gradients, without the gradients themselves."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from skgroup._data import BLOCK_BYTES, Batch, Rows, blocks
from skgroup.gradients._forward import evaluating, module_rows, rows_at_once, uncompiled
from skgroup.gradients._layer import LayerGradients
from skgroup.gradients._per_sample import Gradients, class_codes, make_gradients
from skgroup.gradients._sketch import Emit

__all__ = ["per_sample_gram"]


def per_sample_gram(
    module: nn.Module,
    X: Any,
    y: ArrayLike | Tensor,
    *,
    source: str = "all",
    block_size: int | None = None,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Inner products of the gradients of all pairs of samples: exact, for few rows of any length.

    At a linear layer two gradients are outer products, and their inner product is
    ``(d_i . d_j) (h_i . h_j + 1)`` with inputs h and output gradients d, and the 1 for the bias.
    Columns of all other parameters are made a few at a time, from new passes over the samples.

    Parameters
    ----------
    module, X, y, source, block_size, seed : object
        As in :func:`per_sample_gradients`.

    Returns
    -------
    ndarray of shape (n_samples, n_samples)
    """
    module = uncompiled(module)
    rows = module_rows(module, X)
    with evaluating(module, seed):
        codes = class_codes(y, module, rows)
        gradients: Gradients | None = make_gradients(module, source, rows, codes)
        work = _Work(module, rows, codes, block_size)
        if isinstance(gradients, LayerGradients):
            gradients = work.add_linear_layers(gradients)
        if gradients is not None:
            work.add_columns(gradients)
    return work.total.cpu().numpy()


class _Work:
    """The sum so far, and the samples in blocks."""

    def __init__(self, module: nn.Module, rows: Rows, y: Tensor, block_size: int | None):
        self.module, self.rows, self.y, self.block_size = module, rows, y, block_size
        self.total = y.new_zeros((len(rows), len(rows)), dtype=torch.float64)

    def add_linear_layers(self, gradients: LayerGradients) -> LayerGradients | None:
        """Add what linear layers contribute, and return the gradients of what is left."""
        found: dict[str, list[tuple[Tensor, Tensor]]] = defaultdict(list)
        for _, batch, y in self._blocks(gradients):
            for name, (h, delta) in gradients.factors(batch, y).items():
                if isinstance(gradients.layers[name], nn.Linear) and h.ndim == 2:
                    found[name].append((h, delta))
        done = [
            name for name, parts in found.items() if sum(len(h) for h, _ in parts) == len(self.y)
        ]
        for name in done:
            h, delta = (torch.cat(parts).double() for parts in zip(*found.pop(name), strict=True))
            inner = h @ h.T
            if gradients.layers[name].bias is not None:
                inner += 1
            self.total += inner.mul_(delta @ delta.T)
        left = gradients.without(done)
        own = dict(self.module.named_parameters())
        if not left:
            return None
        return LayerGradients(self.module, [own[name] for name in left], self.rows, self.y)

    def add_columns(self, gradients: Gradients) -> None:
        """Add what columns contribute, as many at a time as a fixed amount of memory holds."""
        n_rows, n_columns = len(self.rows), gradients.n_columns
        width = max(1, min(n_columns, BLOCK_BYTES // (8 * n_rows)))
        for first in range(0, n_columns, width):
            held = self.total.new_zeros((n_rows, min(width, n_columns - first)))
            for where, batch, y in self._blocks(gradients):
                gradients(batch, y, _some_columns(held[where], first))
            self.total += held @ held.T

    def _blocks(self, gradients: Gradients) -> Iterator[tuple[slice, Batch, Tensor]]:
        size = self.block_size or rows_at_once(
            self.module,
            self.rows,
            keep_activations=gradients.keeps_activations,
            extra=gradients.numbers_per_row,
        )
        for where, batch in blocks(self.rows, size):
            yield where, batch, self.y[where]


def _some_columns(target: Tensor, first: int) -> Emit:
    """Write columns into `target`, whose first one is number `first`; drop those outside."""

    def emit(start: int, columns: Tensor) -> None:
        low, high = max(start, first), min(start + columns.shape[1], first + target.shape[1])
        if low < high:
            target[:, low - first : high - first] = columns[:, low - start : high - start]

    return emit
