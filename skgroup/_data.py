"""What torch sees of X: rows that can be taken by index, whatever holds them."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Protocol

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.utils.data import Dataset, default_collate

from skgroup._memory_map import mapping_of, reading

__all__ = [
    "TEAM",
    "Rows",
    "SubsetRows",
    "as_rows",
    "blocks",
    "call_module",
    "each_block",
    "forward",
    "out_of_memory",
]

Batch = Tensor | dict[str, Tensor]

# Rows are moved in pieces of about this size: large enough to hide the overhead of a copy, small
# enough that dense copies of sparse or memory-mapped rows do not add up.
BLOCK_BYTES = 64 * 2**20

# The processes that share the work, where there are several: a skgroup.training Team.
TEAM: ContextVar[Any] = ContextVar("skgroup_team", default=None)


class Rows(Protocol):
    """Samples in a form that can be indexed by position."""

    def __len__(self) -> int: ...

    def take(self, index: Tensor | slice) -> Batch:
        """Return the samples at `index` as tensors on the device."""
        ...


class TensorRows:
    """Samples in memory: one tensor, already on the device."""

    def __init__(self, values: Tensor):
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def take(self, index: Tensor | slice) -> Tensor:
        if isinstance(index, slice):
            return self.values[index].clone()  # not a view: modules may work in place
        # Several times as fast as values[index], which would take an index of the CPU everywhere.
        return self.values.index_select(0, index.to(self.values.device))


class ArrayRows:
    """Samples that stay where they are (CSR or memory-mapped) and are converted when taken."""

    def __init__(self, values: Any, dtype: torch.dtype, device: Any):
        self.values, self.dtype, self.device = values, dtype, device

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def take(self, index: Tensor | slice) -> Tensor:
        with reading(mapping_of(self.values), index):
            picked = self.values[index if isinstance(index, slice) else index.cpu().numpy()]
            dense = picked.toarray() if sparse.issparse(picked) else np.array(picked)
        return _as_tensor(dense).to(self.device, self.dtype)


class DictRows:
    """Named inputs of the same length."""

    def __init__(self, columns: dict[str, Rows]):
        self.columns = columns
        sizes = {name: len(rows) for name, rows in columns.items()}
        if len(set(sizes.values())) != 1:
            raise ValueError(
                f"X is a dict whose entries differ in length: {sizes}. "
                "Give every input the same number of rows."
            )

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def take(self, index: Tensor | slice) -> dict[str, Tensor]:
        return {name: rows.take(index) for name, rows in self.columns.items()}  # type: ignore[misc]


class DatasetRows:
    """A map-style torch Dataset; a target that it yields beside the input is left out."""

    def __init__(self, dataset: Any, dtype: torch.dtype, device: Any):
        self.dataset, self.dtype, self.device = dataset, dtype, device

    def __len__(self) -> int:
        return len(self.dataset)

    def take(self, index: Tensor | slice) -> Batch:
        positions = range(len(self))[index] if isinstance(index, slice) else index.tolist()
        items = [self.dataset[i] for i in positions]
        inputs = [item[0] if isinstance(item, (tuple, list)) else item for item in items]
        batch = default_collate(inputs)
        if isinstance(batch, Mapping):
            return {name: self._move(value) for name, value in batch.items()}
        return self._move(batch)

    def _move(self, value: Tensor) -> Tensor:
        return value.to(self.device, self.dtype if value.is_floating_point() else None)


class SubsetRows:
    """Some of the rows, by position; nothing is copied before it is taken."""

    def __init__(self, rows: Rows, index: Tensor):
        self.rows, self.index = rows, index

    def __len__(self) -> int:
        return len(self.index)

    def take(self, index: Tensor | slice) -> Batch:
        return self.rows.take(self.index[index])


def as_rows(X: Any, *, dtype: torch.dtype = torch.float32, device: Any = "cpu") -> Rows:
    """Wrap `X` so that batches can be taken by index.

    Parameters
    ----------
    X : ndarray, CSR matrix, memory-mapped array, Tensor, dict of those, or torch Dataset
        The samples. Integer tensors (token ids, say) keep their type, all else becomes `dtype`.
    dtype : torch.dtype, default=torch.float32
        Floating-point type of the model.
    device : str or torch.device, default="cpu"
        Where batches are needed.
    """
    if isinstance(X, (TensorRows, ArrayRows, DictRows, DatasetRows, SubsetRows)):
        return X
    if sparse.issparse(X):
        return ArrayRows(X.tocsr(), dtype, device)
    if isinstance(X, Mapping):
        return DictRows({k: as_rows(v, dtype=dtype, device=device) for k, v in X.items()})
    if isinstance(X, Dataset):
        return DatasetRows(X, dtype, device)
    if isinstance(X, Tensor):
        return TensorRows(X.detach().to(device, dtype if X.is_floating_point() else None))
    values = np.asarray(X)
    if mapping_of(values) is not None:
        return ArrayRows(values, dtype, device)
    return TensorRows(_as_tensor(values).to(device, dtype))


def _as_tensor(values: np.ndarray) -> Tensor:
    """A tensor on the same memory; a copy where torch knows no such array."""
    backwards = any(stride < 0 for stride in values.strides)
    if backwards or not values.flags.writeable or not values.dtype.isnative:
        values = np.array(values, dtype=values.dtype.newbyteorder("="), order="C")
    return torch.as_tensor(values)


def call_module(module: torch.nn.Module, batch: Batch) -> Tensor:
    """Run `module` on a batch; a dict is passed as keyword arguments."""
    return module(**batch) if isinstance(batch, dict) else module(batch)


def rows_per_block(rows: Rows, budget: int = BLOCK_BYTES) -> int:
    """How many rows fit into `budget` bytes, at least one."""
    if not len(rows):
        return 1
    sample = rows.take(slice(0, 1))
    tensors = sample.values() if isinstance(sample, dict) else [sample]
    return max(1, budget // max(1, sum(t.numel() * t.element_size() for t in tensors)))


def blocks(
    rows: Rows, size: int | None = None, within: range | None = None
) -> Iterator[tuple[slice, Batch]]:
    """Iterate over all rows in order, or those in a range, in pieces of bounded size."""
    size = size or min(rows_per_block(rows), 8192)
    within = range(len(rows)) if within is None else within
    edges = [*within[::size], within.stop]
    for start, stop in itertools.pairwise(edges):
        yield slice(start, stop), rows.take(slice(start, stop))


def out_of_memory(error: Exception) -> bool:
    """Whether `error` says that memory ran out, on whichever device."""
    texts = ("out of memory", "not enough memory", "can't allocate memory", "ALLOC_FAILED")
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in texts)


def each_block(
    work: Callable[[slice, Batch], None],
    rows: Rows,
    size: int | None = None,
    within: range | None = None,
    *,
    advice: str = "Free some, or use a smaller network.",
) -> None:
    """Call `work` on all rows like `blocks`, and on fewer at a time where memory runs out.

    What runs out of memory is repeated. `advice` is what to do where a single row is too much.
    """
    size = size or min(rows_per_block(rows), 8192)
    within = range(len(rows)) if within is None else within
    start = within.start
    while start < within.stop:
        where = slice(start, min(start + size, within.stop))
        problem = _try(work, rows, where)
        if not problem:
            start = where.stop
        elif where.stop - start == 1:
            raise MemoryError(f"there is not enough memory for a single row. {advice} ({problem})")
        else:
            size = (where.stop - start + 1) // 2


def _try(work: Callable[[slice, Batch], None], rows: Rows, where: slice) -> str:
    """Call `work` and return how memory ran out; what it held is free after the return."""
    try:
        work(where, rows.take(where))
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        return str(error).partition("\n")[0] or type(error).__name__
    return ""


def forward(module: torch.nn.Module, rows: Rows) -> Tensor:
    """Outputs for all rows, without gradients; the mode of `module` is the caller's business."""
    team, within = TEAM.get(), None
    outputs: list[Tensor] = []
    if team is not None:
        team.check_equal(**{"number of rows": len(rows)})
        within = team.span(len(rows))
    with torch.no_grad():
        each_block(lambda _, x: outputs.append(call_module(module, x)), rows, within=within)
        output = torch.cat(outputs)
        return output if team is None else team.gather(output, len(rows))
