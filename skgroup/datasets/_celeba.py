"""The CelebA images."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skgroup._sklearn import StrOptions, validate_params
from skgroup.datasets._data_home import data_home_folder
from skgroup.datasets._file_table import PARTS, check_columns, paths_below, read_columns, take_part
from skgroup.datasets._table_bunch import named_groups

__all__ = ["fetch_celeba"]

DESCRIPTION = """\
CelebA
------

:Rows: 202,599 photographs of celebrities; 162,770 train, 19,867 validate, 19,962 test
:Label: one of 40 attributes that annotators saw in the picture, by default Blond_Hair
:Groups: another attribute x label, 4; by default Male, as in the literature, where blond men are
    one in a hundred

Z. Liu, P. Luo, X. Wang and X. Tang, "Deep Learning Face Attributes in the Wild", ICCV 2015. Its
terms allow research that is not commercial, and no redistribution. The attributes are what somebody
thought of a picture; they say nothing about the people in it.
"""


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        "target": [str],
        "attribute": [str],
        "split": [StrOptions(set(PARTS))],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_celeba(
    *,
    data_home: Any = None,
    target: str = "Blond_Hair",
    attribute: str = "Male",
    split: str = "all",
    return_X_y: bool = False,
) -> Any:
    """Load CelebA: paths of 202,599 images, 4 groups of an attribute and a label.

    Nothing is downloaded, because the files may only be had from those who publish them:
    https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html. Images are not read:
    :class:`skgroup.datasets.ImageFiles` turns paths into a torch data set.

    Parameters
    ----------
    data_home : path-like, default=None
        Folder with a folder ``celeba`` that holds ``img_align_celeba``, ``list_attr_celeba.txt``
        and ``list_eval_partition.txt`` (or both tables as csv). None: that in the environment
        variable SKGROUP_DATA, or else ``~/skgroup_data``.
    target, attribute : str, default="Blond_Hair" and "Male"
        Columns of the table of attributes: the label, and what it is crossed with.
    split : {"train", "validation", "test", "all"}, default="all"
        Rows to return, by the split of the authors.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    data : Bunch
        Dictionary-like, with the keys

        data : ndarray of str of shape (n_samples,)
            Paths of the images.
        target : ndarray of shape (n_samples,), int64
            1 where the picture has the attribute `target`.
        groups : ndarray of str of shape (n_samples,)
            Attribute and label of each row, e.g. ``"Male, 1"`` or ``"not Male, 1"``.
        attribute : ndarray of str of shape (n_samples,)
            The same without the label.
        group_names, attribute_names : ndarray of shape (4,) and (2,)
            The groups in class-major order, and the values of `attribute`, sorted.
        feature_names : list of str
            ``["path"]``.
        target_names : ndarray of shape (2,)
            What 0 and 1 mean.
        train, validation, test : ndarray of int64
            With ``split="all"``, the row positions of the parts.
        DESCR : str
            Description of the data.

    (data, target) : tuple, with ``return_X_y=True``
        The first two of these entries.

    Raises
    ------
    FileNotFoundError
        If the files are not there.
    ValueError
        If the tables are not what they should be, or have no such attribute.

    Examples
    --------
    >>> from skgroup.datasets import ImageFiles, fetch_celeba
    >>> faces = fetch_celeba(split="validation")  # doctest: +SKIP
    >>> X = ImageFiles(faces.data, faces.target, size=64)  # doctest: +SKIP
    """
    folder = data_home_folder(data_home) / "celeba"
    table = _read(_find(folder, "list_attr_celeba"), [target, attribute])
    parts = _read(_find(folder, "list_eval_partition"), ["partition"])
    if table["image_id"].tolist() != parts["image_id"].tolist():
        raise ValueError(f"the two tables in {folder} list other images: download both again.")
    y = (table[target] == "1").astype(np.int64)
    has = np.where(table[attribute] == "1", attribute, f"not {attribute}")
    images = _images(folder)
    bunch = Bunch(
        data=paths_below(images, table["image_id"].tolist()),
        target=y,
        **named_groups(y, has),
        feature_names=["path"],
        target_names=np.array([f"not {target}", target]),
        DESCR=DESCRIPTION,
    )
    take_part(bunch, split, parts["partition"], ("0", "1", "2"))
    return (bunch.data, bunch.target) if return_X_y else bunch


def _find(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.txt", folder / f"{name}.csv"):
        if path.is_file():
            return path
    raise _missing(folder, f"{name}.txt")


def _images(folder: Path) -> Path:
    """The folder of the images, which some archives hold twice nested."""
    outer = folder / "img_align_celeba"
    if not outer.is_dir():
        raise _missing(folder, "img_align_celeba")
    inner = outer / "img_align_celeba"
    return inner if inner.is_dir() else outer


def _missing(folder: Path, name: str) -> FileNotFoundError:
    return FileNotFoundError(
        f"there is no {name} in {folder}: download img_align_celeba.zip, list_attr_celeba.txt and "
        "list_eval_partition.txt from https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, and "
        "unpack them there, or name the folder that holds celeba by data_home= or by the "
        "environment variable SKGROUP_DATA."
    )


def _read(path: Path, names: list[str]) -> dict[str, NDArray[np.str_]]:
    """Columns of a table, beside "image_id"; the original ones are separated by spaces."""
    wanted = ["image_id", *names]
    if path.suffix == ".csv":
        return read_columns(path, wanted)
    rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    header = ["image_id", "partition"]
    if len(rows) > 2 and len(rows[0]) == 1:  # the number of rows, and their names
        header, rows = ["image_id", *rows[1]], rows[2:]
    check_columns(path, wanted, header)
    if not rows or any(len(row) != len(header) for row in rows):
        raise ValueError(f"{path} has no rows or is cut short: download it again.")
    columns = dict(zip(header, np.array(rows).T, strict=True))
    return {name: columns[name] for name in wanted}
