"""The German credit data."""

import os
from typing import Any

import numpy as np

from skgroup._sklearn import validate_params
from skgroup.datasets._data_home import data_home_folder
from skgroup.datasets._remote_file import RemoteFile
from skgroup.datasets._subsets import subset_rows
from skgroup.datasets._table_bunch import Table

__all__ = ["fetch_german_credit"]

FILE = RemoteFile(
    "german_credit/german.data",
    "https://archive.ics.uci.edu/ml/machine-learning-databases/statlog/german/german.data",
    "b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871",
)
_NUMBERS = (
    "duration",
    "amount",
    "installment_rate",
    "residence_since",
    "age",
    "existing_credits",
    "liable",
)
_COLUMNS = (
    "status", "duration", "credit_history", "purpose", "amount", "savings", "employment",
    "installment_rate", "personal_status_sex", "other_debtors", "residence_since", "property",
    "age", "other_installment", "housing", "existing_credits", "job", "liable", "telephone",
    "foreign_worker", "credit_risk",
)  # fmt: skip
_FEMALE = ("A92", "A95")

DESCRIPTION = """\
German credit
-------------

:Rows: 1,000 borrowers of a bank in southern Germany, 1973 to 1975
:Features: 20 (seven numbers, thirteen categories with codes such as A11)
:Label: 1 for a bad credit (300 rows)
:Groups: sex x label, 4; sex is read from ``personal_status_sex`` (A92: female)
:Missing values: none

Donated by H. Hofmann. UCI Machine Learning Repository, https://doi.org/10.24432/C5NC77, under
CC BY 4.0, which also tells what the codes mean.

Bad credits are more frequent here than they were at the bank. U. Groemping, "South German Credit
Data: Correcting a Widely Used Data Set", 2019, shows that several codes are wrong, among them
that of sex: A92 also holds men who were single, so that the sex of these borrowers is unknown. Use
the groups to compare methods with the literature, never to say anything about men and women.
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
def fetch_german_credit(
    *,
    data_home: Any = None,
    download_if_missing: bool = True,
    return_X_y: bool = False,
    as_frame: bool = False,
) -> Any:
    """Load the German credit data: 1,000 borrowers, 4 groups of sex and credit.

    The file of the UCI archive (80 KB) is downloaded the first time. Its checksum is known, and
    no other file is read.

    Parameters
    ----------
    data_home : path-like, default=None
        Folder with the file ``german_credit/german.data``, or where it goes. None: that in the
        environment variable SKGROUP_DATA, or else ``~/skgroup_data``.
    download_if_missing : bool, default=True
        Download the file if it is not there. False: that is an error.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        Return pandas objects, with categories as columns of dtype category. Needs pandas.

    Returns
    -------
    data : Bunch
        Dictionary-like, with the keys

        data : ndarray of shape (1000, 59), float64, or DataFrame of shape (1000, 20)
            The features. As an array, each value of a category is a 0-1 column (one column
            for a category of two values).
        target : ndarray or Series of shape (1000,), int64
            1 for a bad credit.
        groups : ndarray of str or Series (category) of shape (1000,)
            Sex and label of each row, e.g. ``"female, 1"``. Read ``DESCR`` before using it.
        attribute : ndarray of str or Series (category) of shape (1000,)
            The same without the label.
        group_names, attribute_names : ndarray of shape (4,) and (2,)
            The groups in class-major order: ``group_names[cross_groups(target, attribute)]`` is
            `groups`; and the values of `attribute`, sorted.
        feature_names : list of str
            Names of the columns of `data`.
        target_names : ndarray of shape (2,)
            What 0 and 1 mean.
        train, validation, test : ndarray of shape (600,), (200,) and (200,), int64
            Row positions of a fixed split in file order.
        frame : DataFrame of shape (1000, 21) or None
            With ``as_frame=True``, `data` and the target, "credit_risk".
        DESCR : str
            Description of the data.

    (data, target) : tuple, with ``return_X_y=True``
        The first two of these entries.

    Raises
    ------
    OSError
        If the file cannot be downloaded, or is not the one that is expected.
    ImportError
        If ``as_frame=True`` and pandas is not installed.

    Examples
    --------
    >>> from skgroup.datasets import fetch_german_credit
    >>> credit = fetch_german_credit()  # doctest: +SKIP
    >>> credit.data.shape, float(credit.target.mean())  # doctest: +SKIP
    ((1000, 59), 0.3)
    """
    path = FILE.fetch(data_home_folder(data_home), download_if_missing=download_if_missing)
    rows = np.array([line.split() for line in path.read_text(encoding="ascii").splitlines()])
    columns = dict(zip(_COLUMNS, rows.T, strict=True))
    target = (columns.pop("credit_risk") == "2").astype(np.int64)
    sex = np.where(np.isin(columns["personal_status_sex"], _FEMALE), "female", "male")
    bunch = Table(columns, _NUMBERS).bunch(
        target, sex, label="credit_risk", as_frame=as_frame, loader="fetch_german_credit"
    )
    if return_X_y:
        return bunch.data, bunch.target
    bunch.update(subset_rows(len(target)))
    bunch.target_names = np.array(["good", "bad"])
    bunch.DESCR = DESCRIPTION
    return bunch
