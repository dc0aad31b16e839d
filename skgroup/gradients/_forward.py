"""Forward passes in blocks: what a network returns and what its last layer receives."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skgroup._data import (
    BLOCK_BYTES,
    Batch,
    Rows,
    as_rows,
    call_module,
    each_block,
    out_of_memory,
    rows_per_block,
)
from skgroup._random import isolated_torch_rng
from skgroup.gradients._recording import Call, recording

__all__ = ["evaluating", "find_head", "head_inputs", "predict_logits"]

# More rows in a block than this only leave the cache of the processor.
MAX_ROWS = 2048

# Rows on which a network is looked at before the work starts.
PROBE_ROWS = 8


class Head(NamedTuple):
    """The last layer of a network."""

    name: str
    layer: nn.Linear
    is_output: bool  # the network returns what this layer returns, untouched


def float_type(module: nn.Module) -> tuple[torch.dtype, torch.device]:
    """Floating-point type and device of the weights of `module`."""
    for tensor in itertools.chain(module.parameters(), module.buffers()):
        if tensor.is_floating_point():
            return tensor.dtype, tensor.device
    return torch.get_default_dtype(), torch.device("cpu")


def uncompiled(module: nn.Module) -> nn.Module:
    """What torch.compile was given: hooks on layers do not always reach into a compiled graph."""
    return getattr(module, "_orig_mod", module)


def module_rows(module: nn.Module, X: Any) -> Rows:
    """Wrap the samples in the floating-point type and on the device of `module`."""
    dtype, device = float_type(module)
    rows = as_rows(X, dtype=dtype, device=device)
    if not len(rows):
        raise ValueError("X has no rows: give at least one sample.")
    return rows


@contextmanager
def evaluating(module: nn.Module, seed: int = 0) -> Iterator[None]:
    """Run in eval mode, without gradients and with private random numbers; undo all afterwards."""
    flags = [(part, part.training) for part in module.modules()]
    was_training = module.training
    try:
        with torch.no_grad(), isolated_torch_rng(seed, float_type(module)[1]):
            module.eval()
            yield
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        raise MemoryError(
            f"there is not enough memory for {PROBE_ROWS} rows. Free some, or use a smaller "
            f"network. ({error})"
        ) from error
    finally:
        module.train(was_training)  # for networks that do more in train() than set flags
        for part, training in flags:
            part.training = training


def probe(rows: Rows) -> tuple[Batch, int]:
    """Take the first few rows, and say how many."""
    n_rows = min(PROBE_ROWS, len(rows))
    return rows.take(slice(0, n_rows)), n_rows


def count_classes(output: Any, n_rows: int) -> int:
    """Return the number of columns of the logits, once they are known to be logits."""
    shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
    if isinstance(shape, str) or len(shape) != 2 or shape[0] != n_rows or shape[1] < 2:
        raise ValueError(
            "module must return logits of shape (n_samples, n_classes), one column a class and at "
            f"least two; for {n_rows} samples it returned {shape}. Change its last layer, or wrap "
            "it so that it returns the logits alone."
        )
    return shape[1]


def rows_at_once(
    module: nn.Module, rows: Rows, *, keep_activations: bool = False, extra: int = 0
) -> int:
    """How many rows one pass may take.

    A backward pass needs `keep_activations`; `extra` are further numbers needed per row.
    """
    batch, n_rows = probe(rows)
    leaves = {name: part for name, part in module.named_modules() if not any(part.children())}
    with recording(leaves) as calls:
        call_module(module, batch)
    sizes = [c.output.numel() // n_rows for c in calls if isinstance(c.output, Tensor)]
    numbers = 2 * (sum(sizes) if keep_activations else max(sizes, default=0)) + extra
    itemsize = float_type(module)[0].itemsize
    return max(1, min(MAX_ROWS, rows_per_block(rows), BLOCK_BYTES // max(1, itemsize * numbers)))


def find_head(module: nn.Module, rows: Rows) -> Head:
    """Find the linear layer that makes the logits: none with parameters runs after it."""
    module = uncompiled(module)
    batch, n_rows = probe(rows)
    parts = {name: part for name, part in module.named_modules() if has_parameters(part)}
    with recording(parts) as calls:
        output = call_module(module, batch)
    n_classes, names = count_classes(output, n_rows), [call.name for call in calls]
    last = max((i for i, name in enumerate(names) if isinstance(parts[name], nn.Linear)), default=0)
    layer = parts[names[last]] if names else None
    # A parent ends after the layers inside it, and is no later layer.
    if (
        isinstance(layer, nn.Linear)
        and type(layer).forward is nn.Linear.forward
        and layer.out_features == n_classes
        and all(is_parent(later, names[last]) for later in names[last + 1 :])
    ):
        return Head(names[last], layer, calls[last].returned(output))
    raise ValueError(
        "module has no linear head: the last of its layers to run is no plain nn.Linear with "
        f"{n_classes} outputs. For gradients choose source='all', or 'layer:<name>' with a name "
        f"from {layer_names(module)}; for features choose features='output'."
    )


def has_parameters(module: nn.Module) -> bool:
    return next(module.parameters(), None) is not None


def is_parent(parent: str, name: str) -> bool:
    return not parent or name.startswith(f"{parent}.")


def layer_names(module: nn.Module) -> list[str]:
    """Names of the submodules that have parameters."""
    return [name for name, part in module.named_modules() if name and has_parameters(part)]


def input_of(name: str, calls: Iterable[Call], n_rows: int) -> Tensor:
    """Return what the layer received, one row a sample."""
    inputs = [call.input for call in calls if call.name == name]
    if len(inputs) != 1 or len(inputs[0]) != n_rows:
        raise ValueError(
            f"the head {name!r} must run once, with one row a sample; for {n_rows} samples its "
            f"inputs had the shapes {[tuple(h.shape) for h in inputs]}. Make the first dimension "
            "that of the samples."
        )
    return inputs[0]


def joined(work: Callable[[Batch, int], Tensor], rows: Rows, size: int) -> Tensor:
    """Join what `work` returns for each block, without holding it twice."""
    result = torch.empty(0)

    def keep(where: slice, batch: Batch) -> None:
        nonlocal result
        piece = work(batch, where.stop - where.start)
        if where.start == 0:
            result = piece.new_empty((len(rows), *piece.shape[1:]))
        result[where] = piece

    each_block(keep, rows, size)
    return result


def predict_logits(module: nn.Module, X: Any, *, block_size: int | None = None) -> Tensor:
    """Logits of all samples in eval mode, of shape (n_samples, n_classes), on the module's device.

    Parameters
    ----------
    module : nn.Module
        Network that returns logits; left as it was.
    X : Rows or whatever `as_rows` takes
        The samples.
    block_size : int, optional
        Samples in one forward pass; None: as many as a fixed amount of memory holds.
    """
    rows = module_rows(module, X)
    with evaluating(module):
        size = block_size or rows_at_once(module, rows)
        return joined(lambda batch, _: call_module(module, batch), rows, size)


def head_inputs(
    module: nn.Module, X: Any, *, block_size: int | None = None
) -> NDArray[np.floating[Any]]:
    """Penultimate features, of shape (n_samples, n_inputs): what the last linear layer receives.

    Parameters are those of :func:`predict_logits`. Further dimensions are flattened.
    """
    module = uncompiled(module)
    rows = module_rows(module, X)
    with evaluating(module):
        head = find_head(module, rows)
        size = block_size or rows_at_once(module, rows)

        def features(batch: Batch, n_rows: int) -> Tensor:
            with recording({head.name: head.layer}) as calls:
                call_module(module, batch)
            return input_of(head.name, calls, n_rows).flatten(1)

        return joined(features, rows, size).cpu().numpy()
