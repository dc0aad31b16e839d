"""Gradients of linear and convolutional layers: output gradient times input."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import unfold

from skgroup.gradients._sketch import Emit

__all__ = ["emit_layer", "emit_products", "has_product_rule", "unrolled"]

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
    """Write input and output gradient of a layer as matrices of samples.

    The results have shapes (n, units, positions) and (n, inputs, positions); the gradient of the
    weight is the product of the first and the transposed second.
    """
    if isinstance(layer, nn.Conv2d):
        padding: Any = 0 if layer.padding == "valid" else layer.padding
        h = unfold(x, layer.kernel_size, layer.dilation, padding, layer.stride)
        return delta.flatten(2), h
    n = len(x)
    return delta.reshape(n, -1, delta.shape[-1]).mT, x.reshape(n, -1, x.shape[-1]).mT


def emit_products(delta: Tensor, h: Tensor, start: int, emit: Emit) -> None:
    """Emit delta @ h.mT of each sample as columns, in pieces of whole units."""
    n_rows, n_inputs, n_positions = h.shape
    units = max(1, PIECE_BYTES // (n_rows * n_inputs * h.element_size()))
    for first in range(0, delta.shape[1], units):
        part = delta[:, first : first + units]
        product = part * h.mT if n_positions == 1 else part @ h.mT
        emit(start + first * n_inputs, product.flatten(1))


def emit_layer(
    layer: nn.Module, x: Tensor, delta: Tensor, starts: Mapping[str, int], emit: Emit
) -> None:
    """Emit the gradients of the weight and the bias, whose columns begin at `starts`."""
    delta, h = unrolled(layer, x, delta)
    start, groups = starts["weight"], getattr(layer, "groups", 1)
    for units, inputs in zip(delta.chunk(groups, 1), h.chunk(groups, 1), strict=True):
        emit_products(units, inputs, start, emit)
        start += units.shape[1] * inputs.shape[1]
    if "bias" in starts:
        emit(starts["bias"], delta.sum(2))
