"""The COMPAS recidivism data."""

import csv
import gzip
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skgroup._groups import cross_groups
from skgroup._sklearn import StrOptions, validate_params
from skgroup.datasets._subsets import subset_rows

_FEATURES = (
    "sex",
    "age",
    "race",
    "juv_fel_count",
    "juv_misd_count",
    "juv_other_count",
    "priors_count",
    "c_charge_degree",
)
# The categorical features, with the values that get a 0-1 column when coded as numbers.
_INDICATORS = {
    "sex": ["Male"],
    "race": ["African-American", "Asian", "Caucasian", "Hispanic", "Native American", "Other"],
    "c_charge_degree": ["F"],
}
_LABELS = ("two_year_recid", "is_recid")


@validate_params(
    {
        "label": [StrOptions(set(_LABELS))],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def load_compas(
    *, label: str = "two_year_recid", return_X_y: bool = False, as_frame: bool = False
) -> Any:
    """Load the COMPAS recidivism data: 7,214 defendants, 12 groups of race, sex and label.

    The data come with the package. Read ``DESCR`` before drawing conclusions: it tells their
    origin and licence and a number of known defects.

    Parameters
    ----------
    label : {"two_year_recid", "is_recid"}, default="two_year_recid"
        The target: a new offence within two years, or at any time on record. Neither is a
        feature for the other, and the COMPAS scores are not part of the data.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        Return pandas objects. Categorical features are then columns of dtype category; otherwise
        they are coded as numbers. Needs pandas.

    Returns
    -------
    data : Bunch
        Dictionary-like, with the keys

        data : ndarray of shape (7214, 13), float64, or DataFrame of shape (7214, 8)
            The features, in the order of the file. As an array, sex and c_charge_degree are 0-1
            columns (1: Male; 1: F, felony) and race is one 0-1 column for each of six values.
        target : ndarray or Series of shape (7214,), int64
            1 for a new offence.
        groups : ndarray of str or Series (category) of shape (7214,)
            Race, sex and label of each row, e.g. ``"African-American, Female, 1"``. Races other
            than African-American and Caucasian are merged into Other here (not in `data`).
        attribute : ndarray of str or Series (category) of shape (7214,)
            The same without the label, e.g. ``"African-American, Female"``.
        group_names : ndarray of shape (12,)
            The groups in class-major order: ``group_names[cross_groups(target, attribute)]`` is
            `groups`.
        attribute_names : ndarray of shape (6,)
            The values of `attribute`, sorted.
        feature_names : list of str
            Names of the columns of `data`.
        target_names : ndarray of shape (2,)
            What 0 and 1 mean.
        train, validation, test : ndarray of shape (4328,), (1443,) and (1443,), int64
            Row positions of a fixed split in file order, 60/20/20 as in [1]_.
        frame : DataFrame of shape (7214, 9) or None
            With ``as_frame=True``, `data` and the target (named by `label`).
        DESCR : str
            Description of the data.

    (data, target) : tuple, with ``return_X_y=True``
        The first two of these entries.

    Raises
    ------
    ImportError
        If ``as_frame=True`` and pandas is not installed.

    References
    ----------
    .. [1] Zeng, Greenewald, Lee, Solomon, Yurochkin (2022). Outlier-Robust Group Inference via
       Gradient Space Clustering. arXiv:2210.06759.

    Examples
    --------
    >>> from skgroup.datasets import load_compas
    >>> compas = load_compas()
    >>> compas.data.shape, float(compas.target.mean().round(3))
    ((7214, 13), 0.451)
    >>> X_train, y_train = compas.data[compas.train], compas.target[compas.train]
    >>> compas.group_names[:2].tolist()
    ['African-American, Female, 0', 'African-American, Male, 0']
    """
    table = _read_table()
    target = table[label].astype(np.int64)
    names = np.array(["no recidivism", "recidivism"])
    bunch = Bunch(target=target, frame=None, target_names=names, **_groups(table, target))
    if as_frame:
        _use_pandas(bunch, table, label)
    else:
        bunch.data, bunch.feature_names = _as_numbers(table)
    if return_X_y:
        return bunch.data, bunch.target
    bunch.update(subset_rows(len(bunch.target)))
    bunch.DESCR = (_folder() / "compas.rst").read_text(encoding="utf-8")
    return bunch


def _folder() -> Any:
    return resources.files("skgroup.datasets") / "data"


def _read_table() -> dict[str, NDArray[np.str_]]:
    packed = (_folder() / "compas.csv.gz").read_bytes()
    header, *rows = csv.reader(gzip.decompress(packed).decode("utf-8").splitlines())
    return dict(zip(header, np.array(rows).T, strict=True))


def _groups(table: dict[str, NDArray[np.str_]], target: NDArray[np.int64]) -> dict[str, NDArray]:
    race = table["race"]
    race = np.where(np.isin(race, ["African-American", "Caucasian"]), race, "Other")
    attribute = np.array([f"{r}, {s}" for r, s in zip(race, table["sex"], strict=True)])
    attribute_names = np.unique(attribute)
    group_names = np.array([f"{a}, {t}" for t in (0, 1) for a in attribute_names])
    return {
        "groups": group_names[cross_groups(target, attribute)],
        "attribute": attribute,
        "group_names": group_names,
        "attribute_names": attribute_names,
    }


def _as_numbers(
    table: dict[str, NDArray[np.str_]],
) -> tuple[NDArray[np.float64], list[str]]:
    columns: dict[str, NDArray] = {}
    for name in _FEATURES:
        if name in _INDICATORS:
            columns |= {f"{name}_{value}": table[name] == value for value in _INDICATORS[name]}
        else:
            columns[name] = table[name]
    data = np.column_stack([column.astype(np.float64) for column in columns.values()])
    return data, list(columns)


def _use_pandas(bunch: Bunch, table: dict[str, NDArray[np.str_]], label: str) -> None:
    """Put the pandas form of data, target, groups, attribute and frame into the bunch."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "load_compas(as_frame=True) needs pandas: install it (`pip install pandas`), or use "
            "as_frame=False for arrays."
        ) from error
    dtypes = {name: "category" if name in _INDICATORS else "int64" for name in _FEATURES}
    bunch.data = pd.DataFrame({name: table[name] for name in _FEATURES}).astype(dtypes)
    bunch.feature_names = list(_FEATURES)
    bunch.target = pd.Series(bunch.target, name=label)
    for key, names in (("groups", bunch.group_names), ("attribute", bunch.attribute_names)):
        bunch[key] = pd.Series(pd.Categorical(bunch[key], categories=names), name=key)
    bunch.frame = bunch.data.assign(**{label: bunch.target})
