from __future__ import annotations

import numbers
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from skgroup._data import Batch, Rows, call_module, each_block
from skgroup.gradients._forward import (
    count_classes,
    evaluating,
    float_type,
    has_parameters,
    layer_names,
    module_rows,
    probe,
    rows_at_once,
    uncompiled,
)
from skgroup.gradients._head import ActivationGradients, HeadGradients
from skgroup.gradients._layer import LayerGradients
from skgroup.gradients._sketch import Emit, Sketch, columns_of

__all__ = ["per_sample_gradients"]

LESS_MEMORY = "Choose source='head' or the layer of a smaller part, or project them by sketch=."


class Gradients(Protocol):
    """A source of gradients: emits the columns of one block of samples."""

    keeps_activations: bool

    @property
    def n_columns(self) -> int: ...

    @property
    def numbers_per_row(self) -> int: ...

    def __call__(self, batch: Batch, y: Tensor, emit: Emit) -> None: ...


def per_sample_gradients(
    module: nn.Module,
    X: Any,
    y: ArrayLike | Tensor,
    *,
    source: str = "head",
    block_size: int | None = None,
    sketch: int | None = None,
    seed: int = 0,
    out: NDArray[np.floating[Any]] | None = None,
) -> NDArray[np.floating[Any]]:
    """Compute the gradient of the cross-entropy of every sample.

    The loss is that of one sample, not divided by the size of a batch. The network runs in eval
    mode, and is left as it was.

    Parameters
    ----------
    module : torch.nn.Module
        Network that returns logits, of shape (n_samples, n_classes).
    X : ndarray, CSR matrix, memory-mapped array, Tensor, dict of those, or torch Dataset
        The samples; a dict is passed to `module` as keyword arguments.
    y : array-like or Tensor of shape (n_samples,)
        Class codes, integers from 0 to n_classes - 1.
    source : {"head", "activation", "all"} or "layer:<name>", default="head"
        What the loss is differentiated by.

        - "head": weight W and bias b of the last linear layer, which maps its input h to the
          logits z. One forward pass gives ``d [h; 1]^T`` with ``d = softmax(z) - e_y``. Columns
          are ordered by class: ``d_0 h, d_0, d_1 h, d_1, ...``, without the ``d_k`` where the
          layer has no bias.
        - "activation": the input of that layer. The gradient is ``W^T d``, of rank at most
          n_classes - 1 over all samples.
        - "layer:<name>": all parameters of a submodule, such as ``"layer:encoder.conv1"``.
        - "all": all parameters of the network.

        Columns of the last two are the parameters in the order of ``module.named_parameters()``,
        each flattened. One backward pass a block serves all linear and 2-D convolutional layers;
        other parameters go through `torch.func`, which is slower.
    block_size : int, optional
        Samples that are worked on together; it bounds the memory and changes nothing else.
        None: as many as fit into a fixed amount of memory. Where memory runs out all the same,
        blocks become smaller.
    sketch : int, optional
        Number of dimensions to project the gradients to, by a random matrix with independent
        entries N(0, 1 / sketch). Inner products are kept up to errors of order 1 / sqrt(sketch)
        times the product of the lengths. The gradients themselves are never held together.
    seed : int, default=0
        Non-negative seed of the projection.
    out : ndarray of shape (n_samples, n_parameters) or (n_samples, sketch), optional
        Where to write the gradients: memory to use again, or a `numpy.memmap` for more gradients
        than fit into memory. Its type is that of the network. None: a new array.

    Returns
    -------
    ndarray of shape (n_samples, n_parameters) or (n_samples, sketch)
        Gradients in the floating-point type of the network; `out` where it was given.

    Raises
    ------
    MemoryError
        If there is not enough memory for the result, or for a single sample.
    TypeError
        If `module` is no network, `y` does not hold integers, or `out` is no ndarray.
    ValueError
        If `source` is unknown, the network has no linear last layer for "head" or "activation",
        it does not return logits, `y` does not fit `X` or the logits, or `out` is of another shape
        or type than the gradients or cannot be written.

    Examples
    --------
    A linear model with zero weights has residuals of one half:

    >>> import torch
    >>> from skgroup.gradients import per_sample_gradients
    >>> model = torch.nn.Linear(1, 2)
    >>> for parameter in model.parameters():
    ...     _ = torch.nn.init.zeros_(parameter)
    >>> per_sample_gradients(model, [[3.0], [4.0]], [0, 1])
    array([[-1.5, -0.5,  1.5,  0.5],
           [ 2. ,  0.5, -2. , -0.5]], dtype=float32)
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be a torch.nn.Module, got {type(module).__name__}.")
    _check_positive(block_size=block_size, sketch=sketch)
    module = uncompiled(module)
    rows = module_rows(module, X)
    with evaluating(module, seed):
        codes = _class_codes(y, module, rows)
        gradients = _make_gradients(module, source, rows, codes)
        size = block_size or rows_at_once(
            module,
            rows,
            keep_activations=gradients.keeps_activations,
            extra=gradients.numbers_per_row,
        )
        n_columns = gradients.n_columns
        project = Sketch(sketch, n_columns, seed).into if sketch else columns_of
        out = _target(out, (len(rows), sketch or n_columns), module)
        result = torch.from_numpy(out)

        def fill(where: slice, batch: Batch) -> None:
            if sketch:  # adds up
                result[where] = 0
            gradients(batch, codes[where], project(result[where]))

        each_block(fill, rows, size, advice=LESS_MEMORY)
    return out


def _make_gradients(module: nn.Module, source: str, rows: Rows, y: Tensor) -> Gradients:
    if source == "head":
        return HeadGradients(module, rows, y)
    if source == "activation":
        return ActivationGradients(module, rows, y)
    names = layer_names(module)
    if source == "all" and has_parameters(module):
        return LayerGradients(module, module.parameters(), rows, y)
    kind, _, name = str(source).partition(":")
    if kind == "layer" and name in names:
        return LayerGradients(module, module.get_submodule(name).parameters(), rows, y)
    raise ValueError(
        "source must be 'head', 'activation', 'all' or 'layer:<name>' with the name of a "
        f"submodule that has parameters, one of {names}; got {source!r}."
    )


def _check_positive(**named: Any) -> None:
    for name, value in named.items():
        if value is not None and (not isinstance(value, numbers.Integral) or int(value) < 1):
            raise ValueError(f"{name} must be an integer of at least 1 or None, got {value!r}.")


def _class_codes(y: Any, module: nn.Module, rows: Rows) -> Tensor:
    """Check the labels against the samples and the logits, and move them to the module."""
    codes = y.detach().cpu().numpy() if isinstance(y, Tensor) else np.asarray(y)
    if codes.dtype.kind not in "iub":
        raise TypeError(
            f"y must hold integer class codes, got {codes.dtype}: encode the labels, for example "
            "by np.unique(y, return_inverse=True)."
        )
    if codes.shape != (len(rows),):
        raise ValueError(f"y must have shape ({len(rows)},), one label a row, got {codes.shape}.")
    batch, n_rows = probe(rows)
    n_classes = count_classes(call_module(module, batch), n_rows)
    if codes.min() < 0 or codes.max() >= n_classes:
        raise ValueError(
            f"y must lie between 0 and {n_classes - 1}, as module returns {n_classes} logits; got "
            f"{codes.min()} to {codes.max()}."
        )
    return torch.from_numpy(codes.astype(np.int64)).to(float_type(module)[1])


def _target(out: Any, shape: tuple[int, int], module: nn.Module) -> NDArray[np.floating[Any]]:
    """Check where the gradients are to go, or make a place for them."""
    kinds = {torch.float64: np.float64, torch.float16: np.float16}
    kind = np.dtype(kinds.get(float_type(module)[0], np.float32))
    if out is None:
        return _zeros(shape, kind)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be a numpy array or None, got {type(out).__name__}.")
    if out.shape != shape or out.dtype != kind or not out.flags.writeable:
        kept = "" if out.flags.writeable else "read-only "
        raise ValueError(
            f"out must be a writable array of shape {shape} and type {kind}, got a {kept}one of "
            f"shape {out.shape} and type {out.dtype}."
        )
    return out


def _zeros(shape: tuple[int, int], kind: np.dtype) -> NDArray[np.floating[Any]]:
    try:
        return np.zeros(shape, dtype=kind)
    except MemoryError as error:
        raise MemoryError(
            f"there is not enough memory for gradients of shape {shape}: project them by sketch=, "
            "write them into a file by out=numpy.memmap(...), or choose source='head'."
        ) from error
