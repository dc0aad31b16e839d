"""Rows of arrays that are mapped from a file."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import Tensor

__all__ = ["mapping_of", "reading"]

# Rows this far apart, counted in rows that are skipped for each one that is read, share no page.
FAR_APART = 16


def mapping_of(values: Any) -> mmap.mmap | None:
    """The mapping that holds the values of an array; None where they are in memory."""
    while isinstance(values, np.ndarray):  # a copy of an np.memmap is one too, but in memory
        values = values.base
    return values if isinstance(values, mmap.mmap) else None


@contextmanager
def reading(mapping: mmap.mmap | None, index: Tensor | slice) -> Iterator[None]:
    """Let the system read no more than the rows at `index`, where they are here and there.

    It reads ahead by default, up to megabytes for each row, which are thrown away again where the
    file is larger than the memory.
    """
    scattered = mapping is not None and isinstance(index, Tensor) and _is_scattered(index)
    if mapping is None or not scattered or not hasattr(mmap, "MADV_RANDOM"):
        yield
        return
    mapping.madvise(mmap.MADV_RANDOM)
    try:
        yield
    finally:
        mapping.madvise(mmap.MADV_NORMAL)


def _is_scattered(index: Tensor) -> bool:
    steps = index.diff()
    return bool((steps < 0).any()) or int(steps.sum()) > FAR_APART * len(index)
