"""Why a training stops before its end, and what is left of it."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from skgroup.training._data import TrainingData

__all__ = ["Diverged", "Interrupted", "divergence", "divergence_after"]

NAMED_GROUPS = 5


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during training; `net` is what was trained so far.

    Examples
    --------
    >>> from skgroup.training import Interrupted
    >>> try:
    ...     raise Interrupted(net="half a net")
    ... except KeyboardInterrupt as stop:
    ...     print(stop.net)
    half a net
    """

    def __init__(self, net: Any):
        super().__init__("training was interrupted")
        self.net = net


class Diverged(FloatingPointError):
    """A loss or weights that are not finite; `net` has the last good weights.

    Those are the weights of the best epoch where epochs are compared, else of the last one that
    was complete, and before the end of the first one the initial weights.

    Examples
    --------
    >>> from skgroup.training import Diverged
    >>> issubclass(Diverged, FloatingPointError)
    True
    """

    net: Any = None


def divergence(
    net: Any, data: TrainingData, batch: int, rows: Tensor, logits: Tensor | None, loss: float
) -> Diverged:
    """Name the epoch, the batch (counted from 0 here, from 1 there) and the groups of its rows.

    Without `logits`, which is where rows were mixed, all groups of the batch are named.
    """
    groups = data.groups[rows]
    if logits is not None:
        groups = _guilty(cross_entropy(logits, data.y[rows], reduction="none"), groups)
    codes = groups.unique().tolist()
    names = [repr(code if data.labels is None else data.labels[code]) for code in codes]
    if len(names) > NAMED_GROUPS:
        names[NAMED_GROUPS:] = [f"{len(names) - NAMED_GROUPS} more"]
    return Diverged(
        f"training diverged in epoch {len(net.history)}, batch {batch + 1}, "
        f"group{'s' * (len(names) > 1)} {', '.join(names)}: its loss is {loss:g}. Lower `lr` (now "
        f"{net.lr:g}), scale the inputs, or check the module for overflow; the last good weights "
        "are kept."
    )


def _guilty(losses: Tensor, groups: Tensor) -> Tensor:
    """The groups of rows whose loss is not finite; if there are none, that of the largest loss."""
    bad = ~losses.isfinite()
    return groups[bad] if bad.any() else groups[losses.argmax()]


def divergence_after(
    net: Any, data: TrainingData, index: Tensor, logits: Tensor, lengths: list[int], loss: float
) -> Diverged:
    """Blame the first batch with a loss that is not finite, or the last step, for the weights."""
    bad = ~cross_entropy(logits, data.y[index], reduction="none").isfinite().cpu()
    batches = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))
    batch = int(batches[bad][0]) if bad.any() else len(lengths) - 1
    rows, outputs = index.split(lengths)[batch], logits.split(lengths)[batch]
    return divergence(net, data, batch, rows, outputs, loss)
