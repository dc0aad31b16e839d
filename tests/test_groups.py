"""Where groups come from (given, carried, classes), crossing with the class, pandas indexes."""

import inspect
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st

from skgroup import GroupedArray, cross_groups
from skgroup._groups import check_same_index, group_name, resolve_groups
from skgroup.exceptions import GroupsError, MissingGroupsWarning

NAN = float("nan")
Y = np.array([0, 0, 1, 1])
X = GroupedArray(np.zeros((4, 2)), ["u", "v", "u", "u"])


def as_lists(found):
    return found.codes.tolist(), found.labels.tolist(), found.source


def test_given_groups_come_before_carried_ones():
    assert as_lists(resolve_groups(X, Y, [5, 5, 3, -1])) == ([1, 1, 0, -1], [3, 5], "given")


def test_carried_groups_come_before_classes():
    found = resolve_groups(X, Y, fallback_for="Method")  # a warning would be an error
    assert as_lists(found) == ([0, 1, 0, 0], ["u", "v"], "carried")
    assert as_lists(resolve_groups(X[[1, 2]], Y[1:3])) == ([1, 0], ["u", "v"], "carried")


def test_carried_outliers():
    carrier = GroupedArray(np.zeros((4, 1)), ["a", NAN, "a", None])
    assert as_lists(resolve_groups(carrier, Y)) == ([0, -1, 0, -1], ["a"], "carried")


@pytest.mark.parametrize("data", [np.zeros((4, 2)), X.T.T, X + 0, pd.DataFrame(X), None])
def test_without_groups(data):
    assert resolve_groups(data, Y) is None
    with pytest.warns(MissingGroupsWarning) as caught:
        found = resolve_groups(data, Y, fallback_for="Method")
    assert as_lists(found) == ([0, 0, 1, 1], [0, 1], "classes")
    assert found.codes.dtype == np.int64
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("y", "codes", "labels"),
    [
        ([-1, 1, -1, 1], [0, 1, 0, 1], [-1, 1]),
        ([-1.0, 0.0, 3.0, 3.0], [0, 1, 2, 2], [-1.0, 0.0, 3.0]),
        (["-1", "a", "a", "-1"], [0, 1, 1, 0], ["-1", "a"]),
        ([True, False, True, True], [1, 0, 1, 1], [False, True]),
    ],
)
def test_a_class_called_minus_one_is_no_outlier(y, codes, labels):
    with pytest.warns(MissingGroupsWarning):
        found = resolve_groups(None, np.array(y), fallback_for="Method")
    assert as_lists(found) == (codes, labels, "classes")
    # Nor does it make outliers of its samples when there are groups.
    assert resolve_groups(None, np.array(y), [0, 0, 1, 1]).codes.tolist() == [0, 0, 1, 1]


CAUSES = """\
Method got no groups and falls back to the classes of y. Three usual causes: (1) a step between \
the group inferrer and the classifier (StandardScaler, PCA), or a meta-estimator around the \
classifier (BaggingClassifier), validates its input and drops the groups: put the inferrer \
directly before the classifier, and meta-estimators around both; (2) the inferrer is missing, or \
inside a ColumnTransformer or FeatureUnion, which drop the groups too: make it a step of the \
pipeline; (3) """
WITHOUT_ROUTING = """\
without metadata routing, `groups=` given to a search or to cross_validate reaches only the \
splitter. To train on groups, pass `groups=` to `fit`, `<step>__groups=` through a pipeline or a \
search over one, hand a search `GroupedArray(X, g)`, or call \
`sklearn.set_config(enable_metadata_routing=True)` and use \
`cross_validate(..., params={"groups": g})`."""
# With routing, `step__groups=` is itself an error, and routing needs no switching on.
WITH_ROUTING = """\
`groups=` was not given, or `set_fit_request(groups=False)` refuses it. To train on groups, pass \
them as `groups=` to the outermost `fit`, or `cross_validate(..., params={"groups": g})`: metadata \
routing hands them on."""


@pytest.mark.parametrize(("routing", "text"), [(False, WITHOUT_ROUTING), (True, WITH_ROUTING)])
def test_the_warning_names_three_causes_and_the_fix(routing, text):
    with (
        sklearn.config_context(enable_metadata_routing=routing),
        pytest.warns(MissingGroupsWarning) as caught,
    ):
        resolve_groups(None, Y, fallback_for="Method")
    assert str(caught[0].message) == CAUSES + text


def test_the_warning_points_at_the_caller_of_fit():
    # Two frames, `fit` and scikit-learn's wrapper around it, lie between here and the user.
    def fit():
        return resolve_groups(None, Y, fallback_for="Method")

    def wrapper():
        return fit()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        line = inspect.currentframe().f_lineno + 1
        wrapper()
    assert (caught[0].filename, caught[0].lineno) == (__file__, line)


def test_a_class_of_outliers_only():
    message = (
        "groups marks every sample of class 1 as an outlier (-1 or missing), which leaves nothing "
        "to train that class on: give at least one of its samples a group, or remove the class."
    )
    with pytest.raises(GroupsError, match=f"^{re.escape(message)}$"):
        resolve_groups(None, Y, [0, 1, -1, None])
    with pytest.raises(GroupsError, match="every sample of class 'b' as an outlier"):
        resolve_groups(None, np.array([*"aabb"]), [0, 1, -1, -1])
    with pytest.raises(GroupsError, match="every sample of class 0 "):
        resolve_groups(None, Y, [-1] * 4)


def test_row_ids_are_no_groups():
    with pytest.raises(GroupsError, match=r"4 different labels with one sample each.*row ids"):
        resolve_groups(None, Y, range(4))
    with pytest.raises(GroupsError, match="3 different labels with one sample each"):
        resolve_groups(GroupedArray(np.zeros((4, 1)), [*"abc", None]), Y)
    assert len(resolve_groups(None, Y, [0, 1, 2, 2]).labels) == 3
    assert len(resolve_groups(None, Y[1:3], ["a", "b"]).labels) == 2  # two rows say nothing


def test_given_groups_may_be_several_columns():
    found = resolve_groups(X, Y, pd.DataFrame({"a": [*"uvuu"], "b": [1, 1, 1, -1]}))
    assert as_lists(found) == ([0, 1, 0, -1], [("u", 1), ("v", 1)], "given")


def test_wrong_length():
    with pytest.raises(GroupsError, match="3 entries, but there are 4 samples"):
        resolve_groups(X, Y, [0, 1, 1])


def test_cross_groups_by_hand():
    y, attribute = [*"bbaab"], [10, 20, 20, -1, None]
    groups, names = cross_groups(y, attribute, return_names=True)
    assert groups.tolist() == [2, 3, 1, -1, -1]
    assert names.tolist() == ["a, 10", "a, 20", "b, 10", "b, 20"]
    assert cross_groups(y, attribute).tolist() == groups.tolist()
    assert groups.dtype == np.int64


@pytest.mark.parametrize(
    "y",
    [
        [-1, 1, -1],
        np.array([[0], [4], [0]]),
        pd.Series([*"aba"], dtype="category"),
        pd.Series([1, 2, 1], dtype="Int64"),
        pl.Series([*"aba"]),
        [False, True, False],
    ],
)
def test_cross_groups_takes_classes_of_any_type(y):
    assert cross_groups(y, ["u", "v", "v"]).tolist() == [0, 3, 1]


@given(st.lists(st.tuples(st.integers(-1, 2), st.sampled_from(["a", "b", None])), min_size=1))
def test_crossed_ids_lead_back_to_class_and_attribute(rows):
    y, attribute = map(list, zip(*rows, strict=True))
    groups, names = cross_groups(y, attribute, return_names=True)
    expected = [None if a is None else f"{c}, {a}" for c, a in rows]
    assert [None if g < 0 else names[g] for g in groups] == expected


def test_cross_groups_with_several_columns():
    groups, names = cross_groups([0, 1, 1], [["x", "y", "y"], [1, 2, -1]], return_names=True)
    assert groups.tolist() == [0, 3, -1]
    assert names.tolist() == ["0, x, 1", "0, y, 2", "1, x, 1", "1, y, 2"]


def test_crossing_twice_changes_nothing():
    y, attribute = np.array([0, 0, 1, 1, 1]), [5, 6, 6, 6, 7]
    once = resolve_groups(None, y, cross_groups(y, attribute)).codes
    twice = resolve_groups(None, y, cross_groups(y, cross_groups(y, attribute))).codes
    assert once.tolist() == twice.tolist() == [0, 1, 2, 2, 3]


@pytest.mark.parametrize(
    "y", [[0, None, 1], [0.0, NAN, 1.0], pd.Series([0, None, 1], dtype="Int64")]
)
def test_cross_groups_needs_every_class(y):
    with pytest.raises(GroupsError, match="y has missing values: give every sample a class"):
        cross_groups(y, [1, 2, 2])


def test_cross_groups_refuses():
    with pytest.raises(GroupsError, match="2 entries, but there are 3 samples"):
        cross_groups([0, 1, 1], [0, 1])
    with pytest.raises(ValueError, match=r"y should be a 1d array, got an array of shape \(2, 2\)"):
        cross_groups(np.eye(2), [0, 1])
    with pytest.raises(GroupsError, match="attribute and y have different pandas indexes"):
        cross_groups(pd.Series([0, 1]), pd.Series([0, 1], index=[1, 0]))


def test_names_of_groups():
    assert group_name(("x", 1, True)) == "x, 1, True"
    assert group_name(np.str_("a")) == "a"
    assert group_name(-1) == "-1"


def series(index):
    return pd.Series(range(len(index)), index=index)


@pytest.mark.parametrize(
    ("first", "second", "row", "labels"),
    [
        ([0, 1, 2], [0, 2, 1], 1, "2 against 1"),
        (["a", "b"], [0, 1], 0, "0 against 'a'"),
        ([1.0, NAN, 2.0], [1.0, NAN, 3.0], 2, "3.0 against 2.0"),
        (pd.CategoricalIndex([*"ab"]), pd.CategoricalIndex([*"ac"]), 1, "'c' against 'b'"),
        (pd.MultiIndex.from_product([[0], [1, 2]]), [0, 1], 0, r"0 against \(0, 1\)"),
        (pd.Index([1, pd.NA], dtype="Int64"), pd.Index([1, 2], dtype="Int64"), 1, "2 against <NA>"),
        (pd.to_datetime(["2020"]), pd.to_datetime(["2021"]), 0, "Timestamp.*2021.* against .*"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: s.to_frame(), lambda s: [s, [0]]])
def test_different_indexes(first, second, row, labels, wrap):
    name = "groups" if hasattr(wrap(series(second)), "iloc") else r"groups\[0\]"
    message = rf"{name} and X have different pandas indexes \(row {row}: {labels}\)"
    with pytest.raises(GroupsError, match=message) as error:
        check_same_index(X=series(first).to_frame(), y=np.zeros(2), groups=wrap(series(second)))
    name = name.replace("\\", "")
    assert f"`{name}.loc[X.index]`" in str(error.value)  # aligns
    assert f"`{name}.to_numpy()`" in str(error.value)  # or insists


@pytest.mark.parametrize(
    "named",
    [
        {"X": series([5, 6]), "y": series([5, 6]), "groups": series([5, 6]).to_frame()},
        {"X": series([0, 1]), "y": series([0.0, 1.0])},
        {"X": np.zeros(2), "y": series([5, 6]), "groups": [0, 1]},
        {"X": np.zeros(2), "y": series([5, 6]), "groups": [series([5, 6]), [0, 1]]},
        {"X": pl.DataFrame({"a": [0, 1]}), "y": series([5, 6])},
        {"X": series([5, 6]), "y": series([5])},  # a matter of lengths
        {"X": series([5, 6]), "y": None, "groups": None},
        {"X": series([5, 6])},
        {},
    ],
)
def test_equal_or_no_indexes(named):
    check_same_index(**named)  # raises nothing


def test_aligning_as_the_message_says_helps():
    y, groups = series([0, 1, 2]), series([2, 0, 1])
    check_same_index(y=y, groups=groups.loc[y.index])
    check_same_index(y=y, groups=groups.to_numpy())
    with pytest.raises(GroupsError):
        check_same_index(y=y, groups=groups)
