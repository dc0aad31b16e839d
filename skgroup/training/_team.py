"""The processes that train one network together, each on its share of every batch."""

import os
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import Parameter

from skgroup._data import TEAM, Rows, SubsetRows
from skgroup._mixing import Mix
from skgroup.objectives._saliency_twins import FeatureTwin, InputTwin
from skgroup.training._checkpoint import Checkpoint, SharedCheckpoint, fingerprint
from skgroup.training._data import TrainingData, holds_dataset

__all__ = ["Alone", "Team", "current_team"]

# Gradients travel in pieces of about this size, which bounds the memory of their copies.
BUCKET_BYTES = 32 * 2**20
# Rows of X that are compared between processes; all of y and of the groups is.
ROWS_COMPARED = 64


class Alone:
    """What a single process does where several would talk to each other: nothing."""

    rank = 0

    def check_alike(self, loop: Any, *settings: Any) -> None:
        """Raise ValueError unless all processes are about to do the same training."""

    def own_rows(self, index: Tensor, sizes: list[int]) -> tuple[Tensor, list[int]]:
        """The rows that this process takes from batches of these sizes, and their numbers."""
        return index, sizes

    def gather(self, output: Any, n_rows: int) -> Any:
        """The output for all rows of a batch, from that for the rows of this process."""
        return output

    def sum_gradients(self, parameters: Iterable[Parameter]) -> None:
        """Add up the gradients of all processes."""

    def share_state(self, module: nn.Module) -> None:
        """Give everyone the weights and buffers of the first process."""

    def any(self, value: bool) -> bool:
        """Whether it is true in some process."""
        return value

    def own_seed(self, seed: int) -> int:
        """A seed for what each process draws for its own rows, such as dropout masks."""
        return seed + self.rank

    def checkpoint(self, folder: str | os.PathLike, name: str) -> Any:
        """Where the state of a fit is kept."""
        return Checkpoint(folder, name)


class Team(Alone):
    """The processes that train together, seen from one of them."""

    def __init__(self, group: Any = None):
        self.group, self.rank = group, dist.get_rank(group)
        if self.rank < 0:
            raise ValueError(
                "this process is not in `group`: enter data_parallel only in those that are."
            )
        self.size = dist.get_world_size(group)
        self.first = 0 if group is None else dist.get_global_rank(group, 0)

    def shares(self, n_rows: int) -> list[range]:
        """The rows of each process; two at least, which batch normalisation needs, or none."""
        if n_rows < 2 * self.size:
            return [range(n_rows)] + [range(n_rows, n_rows)] * (self.size - 1)
        edges = [n_rows * i // self.size for i in range(self.size + 1)]
        return [range(*pair) for pair in pairwise(edges)]

    def span(self, n_rows: int) -> range:
        """The rows that this process runs the network on: all of them if its share is empty.

        It needs their shape, and zeros for gradients.
        """
        return self.shares(n_rows)[self.rank] or range(n_rows)

    def own_rows(self, index: Tensor, sizes: list[int]) -> tuple[Tensor, list[int]]:
        spans = [self.span(size) for size in sizes]
        parts = [
            part[span.start : span.stop]
            for part, span in zip(index.split(sizes), spans, strict=True)
        ]
        return torch.cat(parts), [len(part) for part in parts]

    def gather(self, output: Any, n_rows: int) -> Any:
        if output is None:
            return None
        if isinstance(output, tuple) and hasattr(output, "_fields"):
            return type(output)(*(self.gather(field, n_rows) for field in output))
        if not isinstance(output, Tensor) or len(output) != len(self.span(n_rows)):
            raise TypeError(
                "data_parallel needs a network that returns a tensor with one row for each row of "
                f"its input, or a named tuple of those, got {_describe(output)} for "
                f"{len(self.span(n_rows))} rows: train in a single process."
            )
        shares = self.shares(n_rows)
        own = output[: len(shares[self.rank])]
        # Not every backend exchanges tensors of different sizes.
        padded = own.new_zeros(max(map(len, shares)), *own.shape[1:])
        padded[: len(own)] = own.detach()
        parts = [torch.empty_like(padded) for _ in shares]
        dist.all_gather(parts, padded, group=self.group)
        parts = [part[: len(share)] for part, share in zip(parts, shares, strict=True)]
        parts[self.rank] = own  # the only part through which a gradient passes
        return torch.cat(parts)

    def sum_gradients(self, parameters: Iterable[Parameter]) -> None:
        trained = [p for p in parameters if p.requires_grad]
        used = torch.tensor([p.grad is not None for p in trained], device=trained[0].device).int()
        dist.all_reduce(used, dist.ReduceOp.MAX, group=self.group)
        # An optimiser leaves weights without a gradient alone, but not those whose gradient is 0.
        kept = [p for p, somewhere in zip(trained, used.tolist(), strict=True) if somewhere]
        for bucket in _buckets(kept):
            flat = torch.cat([_gradient(p).flatten() for p in bucket])
            dist.all_reduce(flat, group=self.group)
            for p, part in zip(bucket, flat.split([p.numel() for p in bucket]), strict=True):
                p.grad = part.view_as(p)

    def share_state(self, module: nn.Module) -> None:
        for value in (*module.parameters(), *module.buffers()):
            copy = value.detach().contiguous()  # which is `value` itself, but for odd strides
            dist.broadcast(copy, self.first, group=self.group)
            value.detach().copy_(copy)

    def any(self, value: bool) -> bool:
        return any(self.collect(value))

    def collect(self, value: Any) -> list[Any]:
        """The values of all processes, in order."""
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value, group=self.group)
        return values

    def from_first(self, value: Any) -> Any:
        """The value of the first process."""
        values = [value]
        dist.broadcast_object_list(values, self.first, group=self.group)
        return values[0]

    def check_alike(self, loop: Any, *settings: Any) -> None:
        module, held_out = loop.net.module_, loop.validation
        if isinstance(module, (Mix, InputTwin, FeatureTwin)):
            raise TypeError(
                f"data_parallel cannot split a batch for {type(module).__name__}, which mixes its "
                "rows or hands out its input to be differentiated by: train in a single process, "
                "or choose another method (ULEClassifier: form='gram')."
            )
        digests = {f"{name} to train on": v for name, v in _digests(loop.data).items()}
        if held_out is not None:
            valid = _digests(held_out.data)
            digests |= {f"{name} to validate on": v for name, v in valid.items()}
        digests["weights of the network"] = fingerprint(module)
        parts = (loop.net.criterion_, vars(loop.sampler), held_out and held_out.scoring)
        digests["parameters or seed"] = fingerprint(settings, *parts)
        self.check_equal(**digests)

    def check_equal(self, **parts: Any) -> None:
        """Raise ValueError that names what is not the same in all processes."""
        everyone = self.collect(parts)
        others = [name for name in parts if len({own[name] for own in everyone}) > 1]
        if others:
            raise ValueError(
                f"The processes of data_parallel differ in: {', '.join(others)}. Each must make "
                "the same calls with the same X, y, groups and parameters, an int random_state, "
                "and a module with the same first weights."
            )

    def checkpoint(self, folder: str | os.PathLike, name: str) -> Any:
        return SharedCheckpoint(self, folder, f"{name}-{self.size}")


ALONE = Alone()


def current_team() -> Alone:
    """The processes that train together here."""
    return TEAM.get() or ALONE


def _gradient(parameter: Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _buckets(parameters: list[Parameter]) -> Iterator[list[Parameter]]:
    """Runs of parameters of one type, cut where they pass the size of a bucket."""
    bucket: list[Parameter] = []
    for p in parameters:
        size = sum(other.numel() * other.element_size() for other in bucket)
        if bucket and (p.dtype != bucket[0].dtype or size >= BUCKET_BYTES):
            yield bucket
            bucket = []
        bucket.append(p)
    if bucket:
        yield bucket


def _digests(data: TrainingData) -> dict[str, str]:
    parts = {"rows of X": (len(data), _some_rows(data.rows)), "y": data.y, "groups": data.groups}
    return {name: fingerprint(part) for name, part in parts.items()}


def _some_rows(rows: Rows) -> Any:
    """Rows from first to last; those of a torch Dataset may be drawn at random."""
    if holds_dataset(rows):
        return None
    index = torch.linspace(0, len(rows) - 1, min(len(rows), ROWS_COMPARED)).long()
    return SubsetRows(rows, index).take(slice(None))


def _describe(output: Any) -> str:
    kind = type(output).__name__
    return f"{kind} of shape {tuple(output.shape)}" if isinstance(output, Tensor) else kind
