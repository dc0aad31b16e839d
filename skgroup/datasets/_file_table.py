"""Tables that describe images or comments, their columns and their parts."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skgroup.datasets._remote_file import RemoteFile
from skgroup.datasets._subsets import SUBSETS
from skgroup.datasets._unpack import leads_out, unpack

PARTS = (*SUBSETS, "all")


def fetch_folder(
    home: Path, name: str, holds: str, archive: RemoteFile, *, download_if_missing: bool
) -> Path:
    """The folder `name` of `home` with the file `holds`, unpacked from its archive if need be."""
    folder = home / name
    if (folder / holds).is_file():
        return folder
    if folder.exists():
        raise FileNotFoundError(
            f"there is a folder {folder}, but no file {holds} in it: remove the folder, and it is "
            "unpacked again, or complete it."
        )
    unpack(archive.fetch(home, download_if_missing=download_if_missing), folder)
    if not (folder / holds).is_file():
        raise FileNotFoundError(f"{archive.url} holds no file {holds}: see what is in {folder}.")
    return folder


def read_columns(
    path: Path, names: Iterable[str], *, objects: bool = False
) -> dict[str, NDArray[Any]]:
    """Some columns of a csv file with a header; texts of any length are kept as objects."""
    wanted = list(names)
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        check_columns(path, wanted, rows.fieldnames or [])
        values = [[row[name] for name in wanted] for row in rows]
    if not values or any(None in row for row in values):
        raise ValueError(f"{path} has no rows or is cut short: unpack or download it again.")
    dtype = object if objects else None
    columns = zip(*values, strict=True)
    return {n: np.array(column, dtype) for n, column in zip(wanted, columns, strict=True)}


def check_columns(path: Path, wanted: Iterable[str], found: Iterable[str]) -> None:
    """Raise ValueError for columns that are not there."""
    found = list(found)
    if missing := [name for name in wanted if name not in found]:
        raise ValueError(
            f"{path} has no column {missing[0]!r}: it has {', '.join(found) or 'none'}."
        )


def paths_below(folder: Path, names: Iterable[str]) -> NDArray[np.str_]:
    """The paths of the files that a table names, none of which may be outside its folder."""
    names = list(names)
    if outside := [name for name in names if leads_out(name)]:
        raise ValueError(
            f"the table of {folder} names a file outside of it, {outside[0]!r}: it was changed, or "
            "is another's. Download it again."
        )
    return np.array([os.fspath(folder / name) for name in names])


def take_part(bunch: Bunch, split: str, codes: NDArray, marks: Iterable[Any]) -> None:
    """Keep the rows of a part, or say where the parts are; `marks` are their codes, in order."""
    rows = {name: np.flatnonzero(codes == mark) for name, mark in zip(SUBSETS, marks, strict=True)}
    if split == "all":
        bunch.update(rows)
        return
    for key in ("data", "target", "groups", "attribute", "identities"):
        if key in bunch:
            bunch[key] = bunch[key][rows[split]]
