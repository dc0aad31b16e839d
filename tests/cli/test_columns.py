import numpy as np
import pandas as pd
import pytest

from skgroup.cli._columns import clean, is_number, tells_classes, why_useless

DAYS = pd.date_range("2020-01-01", periods=60)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1] * 60, "all its values are equal"),
        ([None] * 60, "it is empty or constant"),
        (DAYS, "it holds dates"),
        (DAYS.strftime("%Y-%m-%d"), "it holds dates"),
        (DAYS.strftime("%d.%m.%Y %H:%M"), "it holds dates"),
        ([f"p{i}" for i in range(60)], "60 different texts in 60 rows name rows"),
        (range(60, 0, -1), "it numbers the rows"),
        (np.random.RandomState(0).permutation(60), ""),
        ([f"p{i % 20}" for i in range(60)], ""),
        (np.arange(60) / 7, ""),
        ([True, False] * 30, ""),
    ],
)
def test_useless_columns(values, says):
    assert why_useless(pd.Series(values, name="x")) == says


def test_numbers_called_an_id_name_rows():
    numbers = np.random.RandomState(0).permutation(60)
    assert "names rows" in why_useless(pd.Series(numbers, name="customer_id"))


def test_missing_and_infinite_values_are_told():
    column, note = clean(pd.Series([1, np.nan, np.inf, -np.inf], name="x"))
    assert column.isna().tolist() == [False, True, True, True]
    assert note == (
        "column 'x' is missing in 1 rows and infinite in 2 rows: filled in, and told by a column."
    )
    text = pd.Series(["a", None], name="t")
    assert clean(text)[1] == "column 't' is missing in 1 rows: taken for one more value."
    whole = pd.Series([1, 2], name="w")
    assert clean(whole)[0] is whole
    assert clean(whole)[1] == ""


def test_truth_values_are_numbers():
    assert is_number(pd.Series([True, False]))
    assert not is_number(pd.Series(["1", "2"]))


def test_columns_that_tell_the_class():
    y = np.array([0, 1, 1, 0])
    assert tells_classes(pd.Series(["n", "y", "y", "n"]), y)
    assert not tells_classes(pd.Series(["n", "y", "n", "n"]), y)
    assert not tells_classes(pd.Series([1, 2, 3, 4]), y)
