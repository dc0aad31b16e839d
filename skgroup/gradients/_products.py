"""Gradients of linear and convolutional layers: output gradient times input."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.grad import conv2d_weight

from skgroup.gradients._sketch import Columns, Emit

__all__ = ["emit_layer", "emit_products", "has_product_rule", "with_positions"]

# Columns are made in pieces of about this size. Those of products stay in the cache until they
# are written; those of convolutions are larger, because each piece reads the whole input.
PIECE_BYTES = 2**20
CONVOLUTION_BYTES = 2**24


def has_product_rule(layer: nn.Module) -> bool:
    """Whether `layer` is a plain nn.Linear or nn.Conv2d: no subclass, nothing reparametrised."""
    names = {name for name, _ in layer.named_parameters()}
    if "weight" not in names or not names <= {"weight", "bias"}:
        return False
    if isinstance(layer, nn.Conv2d):
        return type(layer).forward is nn.Conv2d.forward and _padding(layer) is not None
    return isinstance(layer, nn.Linear) and type(layer).forward is nn.Linear.forward


def _padding(layer: nn.Conv2d) -> list[int] | None:
    """Zeros on each side of the two dimensions; None where the padding is of another kind."""
    if layer.padding_mode != "zeros":
        return None
    if layer.padding == "valid":
        return [0, 0]
    if layer.padding == "same":
        both = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
        return None if any(total % 2 for total in both) else [total // 2 for total in both]
    return [int(zeros) for zeros in layer.padding]


def with_positions(value: Tensor) -> Tensor:
    """Bring (n, ..., features) into the shape (n, features, positions)."""
    return value.reshape(len(value), -1, value.shape[-1]).mT


def emit_products(
    delta: Tensor, h: Tensor, start: int, emit: Emit, *, with_ones: bool = False
) -> None:
    """Emit delta @ h.mT of each sample as columns; `with_ones` adds an input that is always 1."""
    if isinstance(emit, Columns) and emit.target.device == delta.device and h.shape[2] == 1:
        where = emit.place(start, delta.shape[1], h.shape[1] + with_ones)
        torch.mul(delta, h.mT, out=where[:, :, : h.shape[1]])
        where[:, :, h.shape[1] :] = delta
        return
    if with_ones:
        h = torch.cat([h, torch.ones_like(h[:, :1])], dim=1)
    emit_in_pieces(delta, h, start, emit)


def emit_in_pieces(delta: Tensor, h: Tensor, start: int, emit: Emit) -> None:
    """Emit the products of some units after the other."""
    n_rows, n_inputs, n_positions = h.shape
    units = max(1, PIECE_BYTES // (n_rows * n_inputs * h.element_size()))
    for part in delta.split(units, dim=1):
        product = part * h.mT if n_positions == 1 else part @ h.mT
        emit(start, product.flatten(1))
        start += part.shape[1] * n_inputs


def emit_convolution(layer: nn.Conv2d, x: Tensor, delta: Tensor, start: int, emit: Emit) -> None:
    """Emit the gradient of the weight of a convolution, in pieces of whole units or groups.

    One convolution serves all samples: each has channels, and so groups, of its own.
    """
    n_rows, n_units, n_inputs = len(x), layer.out_channels, layer.in_channels
    n_parts = layer.groups if layer.groups > 1 else n_units
    row_bytes = layer.weight.numel() * x.element_size()
    size = max(1, CONVOLUTION_BYTES * n_parts // (n_rows * row_bytes))
    deltas = delta.split(size * n_units // n_parts, dim=1)
    inputs = [x] * len(deltas) if layer.groups == 1 else x.split(size * n_inputs // n_parts, dim=1)
    for d, h in zip(deltas, inputs, strict=True):
        columns = conv2d_weight(
            h.reshape(1, -1, *h.shape[2:]),
            [n_rows * d.shape[1], *layer.weight.shape[1:]],
            d.reshape(1, -1, *d.shape[2:]),
            stride=layer.stride,
            padding=_padding(layer),
            dilation=layer.dilation,
            groups=n_rows * h.shape[1] * layer.groups // n_inputs,
        )
        emit(start, columns.reshape(n_rows, -1))
        start += columns.numel() // n_rows


def emit_layer(
    layer: nn.Module, x: Tensor, delta: Tensor, starts: Mapping[str, int], emit: Emit
) -> None:
    """Emit the gradients of the weight and the bias, whose columns begin at `starts`."""
    if isinstance(layer, nn.Conv2d):
        emit_convolution(layer, x, delta, starts["weight"], emit)
        delta = delta.flatten(2)
    else:
        delta = with_positions(delta)
        emit_products(delta, with_positions(x), starts["weight"], emit)
    if "bias" in starts:
        emit(starts["bias"], delta.sum(2))
