"""Tables larger than memory, as an array on disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.utils import Bunch

__all__ = ["memory_map"]


def memory_map(
    batches: Any, path: str | os.PathLike, *, target: Any = None, dtype: DTypeLike = np.float32
) -> Bunch:
    """Write batches of a table to one file, and open it as an array that stays on disk.

    Training draws rows at random, which columnar files cannot give: they are read once, in the
    order of their rows, and what estimators see is a memory-mapped array. One batch is in
    memory at a time, beside the targets.

    Parameters
    ----------
    batches : iterable, or object with ``to_batches``
        Arrow record batches or tables, pandas or polars DataFrames, or arrays of shape (n_rows,
        n_columns); all with the same columns. A ``pyarrow.dataset`` of Parquet files is one too,
        and so is a single table.
    path : path-like
        File in the format of ``numpy.save``; one that is there is replaced, once all is written.
        Load it again by ``numpy.load(path, mmap_mode="r")``.
    target : str or int, default=None
        Name of the column of labels, which becomes no feature; its position where batches are
        arrays, -1 for the last. None: there is no such column.
    dtype : numpy dtype, default=numpy.float32
        Floating-point type of the file.

    Returns
    -------
    Bunch
        ``data``, a read-only memory-mapped array of shape (n_rows, n_features);
        ``target``, an array of shape (n_rows,) in memory, or None; ``feature_names``, a list.

    Raises
    ------
    ValueError
        If there are no rows, batches are no tables or have different columns, there is no column
        `target`, or a value is no number.
    FileNotFoundError
        If the folder of `path` does not exist.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from skgroup.datasets import memory_map
    >>> batches = (pd.DataFrame({"a": [i, 2.0], "label": ["no", "yes"]}) for i in range(3))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = memory_map(batches, f"{folder}/rows.npy", target="label")
    >>> found.data.shape, found.feature_names, found.target[:2].tolist()
    ((6, 1), ['a'], ['no', 'yes'])
    """
    path, labels = Path(path), []
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent}: make it, or change `path`.")
    names: list[Any] | None = None
    n_rows = 0
    # A name that nobody can guess, so that no link waits there.
    handle, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            for columns in _tables(batches):
                target = _from_the_end(target, columns)
                own = _features(columns, target, names)
                if names is None:
                    names = own
                    _write_header(file, dtype, 0, len(names))
                if target is not None:
                    labels.append(np.asarray(columns[target]))
                rows = np.column_stack([_numbers(columns[name], name, dtype) for name in names])
                rows.tofile(file)
                n_rows += len(rows)
            if names is None or not n_rows:
                raise ValueError("batches has no rows: check the files that they are read from.")
            _write_header(file, dtype, n_rows, len(names))
        os.replace(part, path)
    finally:
        Path(part).unlink(missing_ok=True)
    return Bunch(
        data=np.load(path, mmap_mode="r"),
        target=np.concatenate(labels) if labels else None,
        feature_names=names,
    )


def _tables(batches: Any) -> Iterator[dict[Any, Any]]:
    """Columns by name of each batch."""
    if isinstance(batches, (str, os.PathLike)):
        raise ValueError(
            f"batches is a path, {os.fspath(batches)!r}: pass what reads it, for Parquet files "
            "pyarrow.dataset.dataset(path)."
        )
    found: Iterable[Any] = batches.to_batches() if hasattr(batches, "to_batches") else batches
    if hasattr(found, "columns") or isinstance(found, np.ndarray):
        found = [found]
    for batch in found:
        if hasattr(batch, "schema") and hasattr(batch, "column"):  # Arrow
            table = {name: batch.column(name) for name in batch.schema.names}
        elif hasattr(batch, "columns"):
            table = {name: batch[name] for name in batch.columns}
        elif np.ndim(batch) == 2:
            table = dict(enumerate(np.asarray(batch).T))
        else:
            raise ValueError(
                f"batches must be tables with rows and columns, got a {type(batch).__name__} with "
                f"{np.ndim(batch)} dimensions: pass an iterable of frames, Arrow batches or 2-D "
                "arrays."
            )
        yield table


def _from_the_end(target: Any, columns: dict[Any, Any]) -> Any:
    """The position of a negative one; names stay as they are."""
    position = target + len(columns) if isinstance(target, int) else None
    return target if target in columns or position not in columns else position


def _features(columns: dict[Any, Any], target: Any, expected: list[Any] | None) -> list[Any]:
    """Names of the features, the same in every batch."""
    if target is not None and target not in columns:
        raise ValueError(f"there is no column {target!r} in batches: they have {list(columns)}.")
    names = [name for name in columns if target is None or name != target]
    if expected is not None and names != expected:
        raise ValueError(
            f"batches differ in their columns: the first has {expected}, a later one {names}. Give "
            "the same columns in the same order."
        )
    return names


def _numbers(values: Any, name: Any, dtype: DTypeLike) -> NDArray:
    try:
        return np.asarray(values).astype(dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"column {name!r} has values that are no numbers ({error}): encode it, or leave it out."
        ) from error


def _write_header(file: BinaryIO, dtype: DTypeLike, n_rows: int, n_columns: int) -> None:
    """Put the header in front; NumPy leaves room in it for any number of rows."""
    end = file.tell()
    file.seek(0)
    kind = np.lib.format.dtype_to_descr(np.dtype(dtype))
    shape = {"descr": kind, "fortran_order": False, "shape": (n_rows, n_columns)}
    np.lib.format.write_array_header_1_0(file, shape)
    file.seek(max(end, file.tell()))
