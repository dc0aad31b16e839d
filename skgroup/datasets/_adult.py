"""The Adult census data."""

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup._sklearn import validate_params
from skgroup.datasets._data_home import data_home_folder
from skgroup.datasets._remote_file import RemoteFile
from skgroup.datasets._table_bunch import Table

__all__ = ["fetch_adult"]

_ARCHIVE = "https://archive.ics.uci.edu/ml/machine-learning-databases/adult"
TRAIN = RemoteFile(
    "adult/adult.data",
    f"{_ARCHIVE}/adult.data",
    "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
)
TEST = RemoteFile(
    "adult/adult.test",
    f"{_ARCHIVE}/adult.test",
    "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
)
_NUMBERS = (
    "age",
    "fnlwgt",
    "education_num",
    "capital_gain",
    "capital_loss",
    "hours_per_week",
)
_COLUMNS = (
    "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation",
    "relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week",
    "native_country", "income",
)  # fmt: skip

DESCRIPTION = """\
Adult: income in the census of 1994
-----------------------------------

:Rows: 48,842; the first 32,561 are the training part of the donors, the others the test part
:Features: 14 (six numbers, eight categories); ``fnlwgt`` is a sampling weight of the census
:Label: 1 for an income above 50,000 dollars a year (11,687 rows)
:Groups: race x sex x label, 12; races other than White and Black are merged into Other
:Missing values: in workclass, occupation and native_country

B. Becker and R. Kohavi extracted the rows from the database of the United States census bureau of
1994. UCI Machine Learning Repository, https://doi.org/10.24432/C5XW20, under CC BY 4.0.

The threshold of 50,000 dollars leaves few women and few Black people in class 1, so that scores of
these groups differ at any model. F. Ding, M. Hardt, J. Miller and L. Schmidt, "Retiring Adult: New
Datasets for Fair Machine Learning", NeurIPS 2021, say why results on it do not generalise.
"""


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        "download_if_missing": ["boolean"],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_adult(
    *,
    data_home: Any = None,
    download_if_missing: bool = True,
    return_X_y: bool = False,
    as_frame: bool = False,
) -> Any:
    """Load the Adult census data: 48,842 people, 12 groups of race, sex and income.

    The two files of the UCI archive (6 MB) are downloaded the first time. Their checksums are
    known, and no other file is read.

    Parameters
    ----------
    data_home : path-like, default=None
        Folder with the files ``adult/adult.data`` and ``adult/adult.test``, or where they go.
        None: that in the environment variable SKGROUP_DATA, or else ``~/skgroup_data``.
    download_if_missing : bool, default=True
        Download what is not there. False: that is an error.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        Return pandas objects, with categories as columns of dtype category, and NaN where a
        value is missing. Needs pandas.

    Returns
    -------
    data : Bunch
        Dictionary-like, with the keys

        data : ndarray of shape (48842, 104), float64, or DataFrame of shape (48842, 14)
            The features. As an array, each value of a category is a 0-1 column (one column
            for sex); all of them are 0 where it is missing.
        target : ndarray or Series of shape (48842,), int64
            1 for an income above 50,000 dollars.
        groups : ndarray of str or Series (category) of shape (48842,)
            Race, sex and label of each row, e.g. ``"Black, Female, 1"``. Races other than White
            and Black are merged into Other here (not in `data`).
        attribute : ndarray of str or Series (category) of shape (48842,)
            The same without the label, e.g. ``"Black, Female"``.
        group_names, attribute_names : ndarray of shape (12,) and (6,)
            The groups in class-major order: ``group_names[cross_groups(target, attribute)]`` is
            `groups`; and the values of `attribute`, sorted.
        feature_names : list of str
            Names of the columns of `data`.
        target_names : ndarray of shape (2,)
            What 0 and 1 mean.
        train, test : ndarray of shape (32561,) and (16281,), int64
            Row positions of the two parts.
        frame : DataFrame of shape (48842, 15) or None
            With ``as_frame=True``, `data` and the target, "income".
        DESCR : str
            Description of the data.

    (data, target) : tuple, with ``return_X_y=True``
        The first two of these entries.

    Raises
    ------
    OSError
        If a file cannot be downloaded, or is not the one that is expected.
    ImportError
        If ``as_frame=True`` and pandas is not installed.

    Examples
    --------
    >>> from skgroup.datasets import fetch_adult
    >>> adult = fetch_adult()  # doctest: +SKIP
    >>> adult.data.shape, float(adult.target.mean().round(3))  # doctest: +SKIP
    ((48842, 104), 0.239)
    """
    home = data_home_folder(data_home)
    parts = [
        _read(file.fetch(home, download_if_missing=download_if_missing)) for file in (TRAIN, TEST)
    ]
    columns = dict(zip(_COLUMNS, np.concatenate(parts).T, strict=True))
    income = np.char.rstrip(columns.pop("income"), ".")  # rows of the test part end in a full stop
    race = columns["race"]
    race = np.where(np.isin(race, ["White", "Black"]), race, "Other")
    bunch = Table(columns, _NUMBERS, missing="?").bunch(
        (income == ">50K").astype(np.int64),
        np.array([f"{r}, {s}" for r, s in zip(race, columns["sex"], strict=True)]),
        label="income", as_frame=as_frame, loader="fetch_adult",
    )  # fmt: skip
    if return_X_y:
        return bunch.data, bunch.target
    rows = np.arange(len(income))
    bunch.train, bunch.test = np.split(rows, [len(parts[0])])
    bunch.target_names = np.array(["at most 50,000 dollars", "more than 50,000 dollars"])
    bunch.DESCR = DESCRIPTION
    return bunch


def _read(path: Path) -> NDArray[np.str_]:
    """Rows of the file; the test part begins with a line that is none."""
    with path.open(encoding="ascii", newline="") as file:
        rows = list(csv.reader(file, skipinitialspace=True))
    return np.array([row for row in rows if len(row) == len(_COLUMNS)])
