import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from skgroup.auditing._column_encoder import MAX_VALUES, ColumnEncoder, as_numbers


def encoded(X, new=None):
    encoder = ColumnEncoder.fit(X)
    return encoder.names, encoder.transform(X if new is None else new).tolist()


def test_numbers_stay_and_what_is_missing_gets_the_median_and_a_column():
    names, values = encoded(pd.DataFrame({"a": [1, 2, 3], "b": [4.0, np.nan, 10.0]}))
    assert names == ["a", "b", "b is missing"]
    assert values == [[1, 4, 0], [2, 7, 1], [3, 10, 0]]


def test_a_column_without_any_number_is_0():
    assert encoded(np.array([[np.nan], [np.nan]])) == (["x0", "x0 is missing"], [[0, 1], [0, 1]])


def test_of_two_values_the_rarer_one_gets_a_column_and_of_three_all():
    frame = pd.DataFrame({"sex": ["m", "f", "m"], "race": pd.Categorical(["x", "y", "z"])})
    names, values = encoded(frame)
    assert names == ["sex_f", "race_x", "race_y", "race_z"]
    assert values == [[0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]


def test_values_that_were_not_there_before_have_no_column():
    frame = pd.DataFrame({"race": ["x", "y", "z"]})
    assert encoded(frame, pd.DataFrame({"race": ["new", None]}))[1] == [[0, 0, 0], [0, 0, 0]]


def test_missing_text_is_a_value():
    names, values = encoded(pd.DataFrame({"a": ["u", None, np.nan, "v", pd.NA]}, dtype=object))
    assert names == ["a_missing", "a_u", "a_v"]
    assert values == [[0, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0]]


def test_only_the_most_frequent_values_get_columns():
    often = [f"v{i:02d}" for i in range(MAX_VALUES)] * 2
    names, values = encoded(pd.DataFrame({"a": [*often, "rare"]}))
    assert names == [f"a_v{i:02d}" for i in range(MAX_VALUES)]
    assert sum(values[-1]) == 0


def test_categories_that_look_like_numbers_are_no_numbers():
    assert as_numbers(pd.Series([1, 2, 1], dtype="category")) is None
    assert as_numbers(pd.Series(["1", "2"])) is None


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, None, 3], dtype="Int64"),
        pl.Series([1, None, 3]),
        np.array([1, None, 3], dtype=object),
    ],
    ids=["pandas' nullable", "polars", "object"],
)
def test_nullable_numbers_are_numbers(column):
    np.testing.assert_array_equal(as_numbers(column), [1, np.nan, 3])


def test_booleans_are_0_and_1_and_dates_are_days():
    assert as_numbers(pd.Series([True, False])).tolist() == [1, 0]
    days = as_numbers(pd.Series(pd.to_datetime(["1970-01-03", None])))
    np.testing.assert_array_equal(days, [2, np.nan])


def test_polars_and_pandas_give_the_same():
    columns = {"n": [1.0, 2.0, 3.0], "t": ["u", "v", "w"], "e": ["p", "q", "q"]}
    pandas, polars = pd.DataFrame(columns), pl.DataFrame(columns)
    polars = polars.with_columns(pl.col("e").cast(pl.Categorical))
    assert encoded(pandas) == encoded(polars)


def test_sparse_matrices_are_read_like_arrays():
    X = np.array([[0.0, 1.0], [2.0, 0.0]])
    assert encoded(sparse.csr_array(X)) == encoded(X) == (["x0", "x1"], X.tolist())


def test_repeated_names_are_columns_of_their_own():
    frame = pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"])
    assert encoded(frame) == (["a", "a"], [[1, 2], [3, 4]])


def test_numbers_that_became_text_are_an_error():
    encoder = ColumnEncoder.fit(pd.DataFrame({"a": [1, 2]}))
    with pytest.raises(ValueError, match="column 'a' held numbers before"):
        encoder.transform(pd.DataFrame({"a": ["u", "v"]}))
