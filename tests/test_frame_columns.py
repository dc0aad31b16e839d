import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator

from skgroup._frame_columns import check_columns, naming_columns
from skgroup._inputs import check_X, check_X_y

COLUMNS = {"age": [30, 40], "race": ["a", "b"], "sex": ["f", "m"], "score": [0.5, 0.25]}


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_columns_of_text_are_named(frame):
    X = frame(COLUMNS)
    says = "X has columns that are no numbers: 'race', 'sex'. Encode them first"
    with pytest.raises(ValueError, match=says):
        check_X(BaseEstimator(), X, own_module=False, reset=True)
    with pytest.raises(ValueError, match=says):
        check_X_y(BaseEstimator(), X, [0, 1], own_module=False)


def test_many_columns_of_text_are_cut_short():
    X = pd.DataFrame({name: ["t"] for name in "abcdefg"})
    with (
        pytest.raises(ValueError, match=r"'a', 'b', 'c', 'd', 'e' and others\."),
        naming_columns(X),
    ):
        raise ValueError("could not convert")


def test_categories_of_text_are_named_and_those_of_numbers_are_not():
    X = pd.DataFrame({"a": pd.Categorical(["u", "v"]), "b": pd.Categorical([1, 2])})
    with pytest.raises(ValueError, match="no numbers: 'a'"):
        check_X(BaseEstimator(), X, own_module=False, reset=True)


def test_other_errors_are_left_as_they_are():
    X = pd.DataFrame({"age": [1.0, np.nan]})
    with pytest.raises(ValueError, match="contains NaN"):
        check_X(BaseEstimator(), X, own_module=False, reset=True)
    for rows in (np.array([["a"]]), [["a"]]):
        with pytest.raises(ValueError, match="could not convert string to float"):
            check_X(BaseEstimator(), rows, own_module=False, reset=True)
    missing = pd.DataFrame({"age": pd.array([1, None], dtype="Int64")})
    with pytest.raises(ValueError, match="contains NaN"):
        check_X(BaseEstimator(), missing, own_module=False, reset=True)


def test_two_columns_with_one_name():
    X = pd.DataFrame(np.eye(3), columns=["a", "b", "a"])
    with pytest.raises(ValueError, match="more than one column named 'a': rename or drop them"):
        check_X(BaseEstimator(), X, own_module=False, reset=True)


def test_masked_values_are_not_used_and_an_empty_mask_is_no_matter():
    X = np.ma.masked_array(np.eye(3), mask=np.eye(3) > 0)
    with pytest.raises(ValueError, match=r"X has 3 masked values: impute them, or pass"):
        check_X(BaseEstimator(), X, own_module=False, reset=True)
    check_columns(np.ma.masked_array(np.eye(3), mask=False))
    assert X.mask.sum() == 3
