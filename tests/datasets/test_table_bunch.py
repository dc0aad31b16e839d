import sys

import numpy as np
import pandas as pd
import pytest

from skgroup.datasets._table_bunch import Table, named_groups

TABLE = Table(
    {
        "age": np.array(["30", "40", "50"]),
        "sex": np.array(["m", "f", "m"]),
        "job": np.array(["b", "?", "a"]),
        "town": np.array(["x", "y", "z"]),
    },
    numbers=("age",),
    missing="?",
)
TARGET = np.array([1, 0, 1])
ATTRIBUTE = np.array(["m", "f", "f"])


def bunch(as_frame):
    return TABLE.bunch(TARGET, ATTRIBUTE, label="y", as_frame=as_frame, loader="fetch_it")


def test_numbers_and_indicators():
    found = bunch(False)
    # Of two values the second has a column; a missing value is neither.
    assert found.feature_names == ["age", "sex_m", "job_b", "town_x", "town_y", "town_z"]
    assert found.data.tolist() == [
        [30, 1, 1, 1, 0, 0],
        [40, 0, 0, 0, 1, 0],
        [50, 1, 0, 0, 0, 1],
    ]
    assert found.data.dtype == np.float64


def test_frames_have_categories_and_missing_values():
    found = bunch(True)
    assert found.feature_names == ["age", "sex", "job", "town"]
    assert found.data.dtypes.astype(str).tolist() == ["int64", *["category"] * 3]
    assert found.data["job"].isna().tolist() == [False, True, False]
    assert found.data["job"].cat.categories.tolist() == ["a", "b"]
    assert found.frame.columns.tolist() == ["age", "sex", "job", "town", "y"]
    assert found.groups.tolist() == ["m, 1", "f, 0", "f, 1"]
    assert found.attribute.cat.categories.tolist() == ["f", "m"]
    assert isinstance(found.target, pd.Series)
    assert found.target.name == "y"


def test_groups_are_in_class_major_order():
    found = named_groups(TARGET, ATTRIBUTE)
    assert found["group_names"].tolist() == ["f, 0", "m, 0", "f, 1", "m, 1"]
    assert found["groups"].tolist() == ["m, 1", "f, 0", "f, 1"]


def test_frames_need_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert bunch(False).frame is None
    with pytest.raises(ImportError, match=r"fetch_it\(as_frame=True\) needs pandas"):
        bunch(True)
