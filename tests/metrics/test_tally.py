import numpy as np
import pandas as pd
import pytest

from skgroup.exceptions import GroupsError
from skgroup.metrics._tally import n_rows, tally


def test_counts_by_hand():
    counts = tally([0, 0, 1, 1, 1, 0], [0, 1, 1, 1, 0, 0], ["b", "a", "a", "b", None, "b"])
    assert counts.labels.tolist() == ["a", "b"]
    assert counts.sizes.tolist() == [2, 3]
    assert counts.hits.tolist() == [1, 3]
    assert counts.accuracies.tolist() == [0.5, 1.0]


def test_crossed_columns_and_missing_labels():
    groups = pd.DataFrame({"sex": ["f", "f", "m", "m"], "age": [1, 1, 2, np.nan]})
    counts = tally([0, 0, 0, 0], [0, 1, 0, 0], groups)
    assert counts.labels.tolist() == [("f", 1.0), ("m", 2.0)]
    assert counts.accuracies.tolist() == [0.5, 1.0]


def test_small_groups_are_left_out():
    counts = tally([0, 0, 0], [1, 0, 0], [7, 8, 8], min_size=2)
    assert counts.labels.tolist() == [8]
    assert counts.accuracies.tolist() == [1.0]


def test_inputs_are_left_alone():
    y_true, y_pred, groups = np.array([0, 1, 1]), np.array([0, 0, 1]), np.array([0, 0, -1])
    before = [a.copy() for a in (y_true, y_pred, groups)]
    tally(y_true, y_pred, groups)
    for now, then in zip((y_true, y_pred, groups), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "groups", "error", "text"),
    [
        (
            [0, 1],
            [0, 1],
            [-1, -1],
            GroupsError,
            r"All 2 entries of groups are outliers \(-1 or missing\), so there is no group to "
            r"score: give at least one row a group label\.$",
        ),
        ([0, 1], [0, 1], [0, 1, 1], GroupsError, "groups has 3 entries, but there are 2 samples"),
        ([0, 1, 1], [0, 1], [0, 1, 1], ValueError, "inconsistent numbers of samples"),
        ([0, 1], ["a", "b"], [0, 1], ValueError, "Mix of label input types"),
        (
            [0, 1],
            [0.2, 0.7],
            [0, 1],
            ValueError,
            "y_pred has continuous values, but accuracy compares classes: pass class labels, such "
            r"as the output of `predict`\.$",
        ),
        ([0.5, 1], [0, 1], [0, 1], ValueError, "y_true has continuous values"),
        ([], [], [], ValueError, r"^y_true and y_pred are empty: give at least one row\.$"),
    ],
)
def test_errors(y_true, y_pred, groups, error, text):
    with pytest.raises(error, match=text):
        tally(y_true, y_pred, groups)


def test_no_group_is_large_enough():
    with pytest.raises(GroupsError, match=r"has 2\): lower min_size\.$"):
        tally([0, 1], [0, 1], [0, 0], min_size=3)


def test_pandas_indexes_must_agree():
    y = pd.Series([0, 1], index=[5, 6])
    with pytest.raises(GroupsError, match="groups and y_true have different pandas indexes"):
        tally(y, np.array([0, 1]), pd.Series([0, 1], index=[6, 5]))
    with pytest.raises(GroupsError, match="y_pred and y_true have different pandas indexes"):
        tally(y, pd.Series([0, 1], index=[6, 5]), np.array([0, 1]))
    assert tally(y, np.array([0, 1]), pd.Series([0, 1], index=[5, 6])).hits.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("groups", "n"),
    [
        ([1, 2, 3], 3),
        (["ab", "cd"], 2),
        ([], 0),
        (np.zeros((4, 2)), 4),
        (pd.DataFrame({"a": [1, 2]}), 2),
        ([[1, 2, 3], [4, 5, 6]], 3),
        ((np.zeros(5), np.zeros(5)), 5),
    ],
)
def test_n_rows(groups, n):
    assert n_rows(groups) == n
