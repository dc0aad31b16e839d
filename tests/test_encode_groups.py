"""Reading labels: any container, any type, missing values, several columns; and clear refusals."""

import datetime as dt
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skgroup._encode_groups import encode_groups
from skgroup.exceptions import GroupsError

NAN = float("nan")


def encode(groups, n_samples=None):
    """Codes and labels as lists, after checking what holds for all input."""
    n_samples = len(groups) if n_samples is None else n_samples
    codes, labels = encode_groups(groups, n_samples)
    assert codes.dtype == np.int64
    assert codes.shape == (n_samples,)
    assert np.unique(codes[codes >= 0]).tolist() == list(range(len(labels)))  # all labels occur
    assert sorted(labels) == list(labels)
    return codes.tolist(), labels.tolist()


def objects(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


NUMBERS, TEXTS = [3, 1, -1, 3], ["b", "a", "-1", "b"]
CONTAINERS = [
    list, tuple, np.array, objects, pd.Series, pd.Index, pl.Series,
    lambda v: pd.Series(v, index=[*range(9, 9 + len(v))]),
    lambda v: pd.Series(v, dtype="category"),
    lambda v: pd.Categorical(v),
    lambda v: pd.DataFrame({"g": v}),
    lambda v: pl.DataFrame({"g": v}),
    lambda v: np.array(v)[:, None],
    lambda v: [list(v)],
    lambda v: (np.array(v),),
]  # fmt: skip


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers(container):
    assert encode(container(NUMBERS), 4) == ([1, 0, -1, 1], [1, 3])
    # As text, -1 is a label like any other.
    assert encode(container(TEXTS), 4) == ([2, 1, 0, 2], ["-1", "a", "b"])


@pytest.mark.parametrize(
    "groups",
    [
        torch.tensor(NUMBERS),
        torch.tensor(NUMBERS, dtype=torch.float64),
        [torch.tensor(v) for v in NUMBERS],
        [np.int64(v) for v in NUMBERS],
        [np.array(v) for v in NUMBERS],
        np.array(NUMBERS, dtype=np.int8),
        np.array(NUMBERS, dtype=">i4"),
        pd.Series(NUMBERS, dtype="Int64"),
        pd.Series(NUMBERS, dtype="Float64"),
        pd.Series(NUMBERS, dtype=object),
        pl.Series(NUMBERS, dtype=pl.Int8),
    ],
)
def test_kinds_of_integers(groups):
    assert encode(groups) == ([1, 0, -1, 1], [1, 3])


@pytest.mark.parametrize(
    "groups",
    [
        np.array(TEXTS, dtype=getattr(np.dtypes, "StringDType", np.object_)()),  # from NumPy 2 on
        np.array(TEXTS, dtype="U5"),
        [np.str_(v) for v in TEXTS],
        pd.Series(TEXTS, dtype="string"),
        pd.Series(TEXTS, dtype="str"),
        pd.Series(TEXTS, dtype=object),
        pl.Series(TEXTS, dtype=pl.Categorical),
    ],
)
def test_kinds_of_text(groups):
    assert encode(groups) == ([2, 1, 0, 2], ["-1", "a", "b"])


@pytest.mark.parametrize(
    "missing", [None, NAN, np.float64("nan"), pd.NA, pd.NaT, np.datetime64("NaT")]
)
@pytest.mark.parametrize("container", [list, objects, lambda v: pd.Series(v, dtype=object)])
@pytest.mark.parametrize("values", [[5, 2], ["b", "a"], [True, False], [5.5, 0.0]])
def test_missing_values_are_outliers(missing, container, values):
    first, second = values
    groups = container([first, missing, second, missing, first])
    assert encode(groups) == ([1, -1, 0, -1, 1], [second, first])


@pytest.mark.parametrize(
    "groups",
    [
        np.array([5.0, NAN, 2.0]),
        np.array([5.0, -1.0, 2.0]),
        np.array([5.0, NAN, 2.0], dtype=np.float16),
        pd.Series([5, None, 2], dtype="Int64"),
        pd.Series([5, None, 2], dtype="Int64").to_numpy(),
        pd.Series([5, None, 2], dtype="category"),
        pl.Series([5, None, 2]),
        [Fraction(5), -1, Fraction(2)],
        [5, -1, 2],
    ],
)
def test_missing_and_negative_numbers(groups):
    assert encode(groups) == ([1, -1, 0], [2, 5])


@pytest.mark.parametrize(
    "groups",
    [
        pd.Series(["b", None, "a"], dtype="string"),
        pd.Series(["b", None, "a"], dtype="string").to_numpy(),
        pd.Series(["b", NAN, "a"]),
        pd.Categorical(["b", None, "a"], categories=["z", "b", "a"], ordered=True),
        pl.Series(["b", None, "a"]),
        pl.Series(["b", None, "a"], dtype=pl.Enum(["z", "b", "a"])),
    ],
)
def test_missing_text_and_unused_categories(groups):
    assert encode(groups) == ([1, -1, 0], ["a", "b"])


@pytest.mark.parametrize(
    "groups",
    [
        [True, None, False],
        pd.Series([True, None, False], dtype="boolean"),
        pl.Series([True, None, False]),
    ],
)
def test_bools(groups):
    assert encode(groups) == ([1, -1, 0], [False, True])
    assert encode(np.array([True, False])) == ([1, 0], [False, True])


DAYS = [dt.date(2020, 1, 2), None, dt.date(2019, 1, 1)]


@pytest.mark.parametrize(
    "groups",
    [
        DAYS,
        [None if day is None else dt.datetime(day.year, 1, day.day) for day in DAYS],
        np.array(DAYS, dtype="M8[D]"),
        pd.Series(pd.to_datetime(DAYS)),
        pd.Series(pd.to_datetime(DAYS).tz_localize("Asia/Tokyo")),
        [pd.Timestamp(day) for day in DAYS],
        pl.Series(DAYS),
    ],
)
def test_dates(groups):
    codes, labels = encode(groups)
    assert codes == [1, -1, 0]
    assert [label.year for label in labels] == [2019, 2020]


def test_numbers_at_the_edge():
    assert encode(np.array([255, 0], dtype=np.uint8)) == ([1, 0], [0, 255])  # no -1 in disguise
    assert encode([2**70, -1]) == ([0, -1], [2**70])
    assert encode([0.5, -1.0, -2]) == ([1, -1, 0], [-2.0, 0.5])


@pytest.mark.parametrize("groups", [[-1, -1], [None, None], [NAN, -1], [[-1, 1], [1, -1]]])
def test_nothing_but_outliers_has_no_labels(groups):
    assert encode(groups, 2) == ([-1, -1], [])


def test_the_empty_text_is_a_label():
    assert encode(["", "a"]) == ([0, 1], ["", "a"])


def test_no_rows():
    assert encode([]) == ([], [])
    assert encode(np.array([], dtype=str)) == ([], [])


@given(st.lists(st.integers(-2, 3)), st.randoms())
def test_codes_name_the_labels(groups, random):
    codes, labels = encode_groups(groups, len(groups))
    assert [-1 if code < 0 else labels[code] for code in codes] == groups
    order = random.sample(range(len(groups)), len(groups))
    permuted, same_labels = encode_groups([groups[i] for i in order], len(groups))
    assert permuted.tolist() == codes[order].tolist()
    assert same_labels.tolist() == labels.tolist()


COLUMNS = [["u", "v", "u", None, "v"], [2, 1, 2, 1, -1]]


@pytest.mark.parametrize(
    "groups",
    [
        COLUMNS,
        tuple(COLUMNS),
        [np.array(COLUMNS[0], dtype=object), tuple(COLUMNS[1])],
        [pd.Series(COLUMNS[0]), pl.Series(COLUMNS[1])],
        [pd.Categorical(COLUMNS[0]), torch.tensor(COLUMNS[1])],
        pd.DataFrame({"a": COLUMNS[0], "b": COLUMNS[1]}),
        pd.DataFrame(dict(enumerate(COLUMNS))).set_axis(["a", "a"], axis=1),
        pl.DataFrame({"a": COLUMNS[0], "b": COLUMNS[1]}),
        objects([*COLUMNS[0], *COLUMNS[1]]).reshape(2, 5).T,
    ],
)
def test_several_columns_are_crossed(groups):
    # Only cells that occur are labels; a row is out when one of its entries is.
    assert encode(groups, 5) == ([0, 1, 0, -1, -1], [("u", 2), ("v", 1)])


@given(st.lists(st.tuples(st.integers(-1, 2), st.sampled_from(["a", "b", None])), max_size=12))
def test_crossed_codes_name_the_tuples(rows):
    a, b = ([row[i] for row in rows] for i in (0, 1))
    codes, labels = encode_groups([a, b], len(rows))
    named = [None if code < 0 else labels[code] for code in codes]
    assert named == [None if -1 in row or None in row else row for row in rows]
    assert labels.tolist() == sorted(set(labels))


def test_three_columns_and_as_many_columns_as_rows():
    assert encode([[0, 1], [0, 1], ["a", "a"]], 2) == ([0, 1], [(0, 0, "a"), (1, 1, "a")])
    # A sequence holds columns, a 2-D array has rows and columns, also when it is square.
    square = [[0, 1], [0, 0]]
    assert encode(square, 2) == ([0, 1], [(0, 0), (1, 0)])
    assert encode(np.array(square), 2) == ([1, 0], [(0, 0), (0, 1)])
    assert encode([[5]], 1) == ([0], [5])
    assert encode(["ab", "cd"], 2) == ([0, 1], ["ab", "cd"])  # text is no column of letters


def generator():
    yield from (0, 1)


REFUSED = {
    "too long": (
        [0, 1, 0],
        r"has 3 entries, but there are 2 samples: give one label per row\.$",
    ),
    "empty": ([], "0 entries, but there are 2 samples"),
    "one column too long": (
        [[0, 1], [0, 1, 0], [1, 1]],
        r"has 3 entries, but there are 2 samples: give one label per row, and a frame or a "
        r"2-D array of columns, not a list of them, to whatever splits the rows\.$",
    ),
    "long frame": (pd.DataFrame({"a": [0, 1, 2]}), "3 entries, but there are 2 samples"),
    "number": (3, "one label per row, got int: pass a list"),
    "numpy number": (np.int64(3), "one label per row, got int64: pass a list"),
    "0-d array": (np.array(3), "one label per row, got ndarray: pass a list"),
    "0-d text": (np.array("ab"), "one label per row, got ndarray: pass a list"),
    "0-d tensor": (torch.tensor(3), "one label per row, got Tensor: pass a list"),
    "name": ("group", "one label per row, got str: pass a list"),
    "bytes": (b"ab", "one label per row, got bytes: pass a list"),
    "dict": ({"a": [0, 1], "b": [0, 1]}, "one label per row, got dict: pass a list"),
    "set": ({0, 1}, "one label per row, got set: pass a list"),
    "generator": (generator(), "one label per row, got generator: pass a list"),
    "3-D": (np.zeros((2, 2, 2)), r"one-dimensional, got shape \(2, 2, 2\)"),
    "no columns": (
        pd.DataFrame(index=[0, 1]),
        r"has no columns: give one label per row\.$",
    ),
    "2-D without columns": (np.empty((2, 0)), "no columns"),
    "text and numbers": (["a", 1], "labels of type int, str: use labels of one type"),
    "text and -1": (["a", -1], "labels of type int, str"),
    "mixed frame": (pd.DataFrame({"a": [0, "b"]}), "labels of type int, str"),
    "days and times": ([dt.date(2020, 1, 1), dt.datetime(2020, 1, 2)], "type date, datetime"),
    "tuples": (
        objects([("a", 1), ("b", 2)]),
        r"has labels of type tuple: use labels of one type \(numbers, strings, bools or "
        r"dates\); cross several columns with `cross_groups` or pass them as a DataFrame\.$",
    ),
    "lists": (pd.Series([[1], [2]]), "labels of type list"),
    "ragged": ([[1, 2], [3]], "labels of type list"),
    "deep": ([[1, [2, 3]], [3]], "labels of type list"),
    "arrays": (objects([np.array([1, 2]), np.array([3])]), "labels of type ndarray"),
    "infinity": (
        [0.0, np.inf],
        r"contains infinity: use finite numbers or strings as labels\.$",
    ),
    "negative infinity": (objects([0, -np.inf]), "infinity"),
    "complex": ([1j, 2], "dtype complex128"),
    "records": (np.zeros(2, dtype=[("a", int)]), "dtype"),
}


@pytest.mark.parametrize(("groups", "match"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(groups, match):
    with pytest.raises(GroupsError, match=f"groups .*{match}"):
        encode_groups(groups, 2)


def test_rows_of_tuples_are_no_columns():
    rows = [("a", 1), ("b", 2), ("a", 1)]
    with pytest.raises(GroupsError, match=r"got shape \(3, 2\): .* or\s+a DataFrame"):
        encode_groups(rows, 3)
    assert encode(pd.DataFrame(rows)) == ([0, 1, 0], [("a", 1), ("b", 2)])


def test_so_many_columns_that_their_product_is_no_integer():
    columns = [[f"{i}-{label}" for label in (0, 1, 2, 1)] for i in range(100)]  # 3 ** 100 cells
    codes, labels = encode_groups(columns, 4)
    assert codes.tolist() == [0, 1, 2, 1]
    assert labels[1] == tuple(f"{i}-1" for i in range(100))
