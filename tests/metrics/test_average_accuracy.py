import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from skgroup.exceptions import GroupsError
from skgroup.metrics import adjusted_average_accuracy, group_balanced_accuracy

Y_TRUE = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
Y_PRED = [0, 0, 0, 1, 1, 1, 0, 0, 1, 0]
GROUPS = ["a", "a", "a", "a", "b", "b", "b", "b", "c", "c"]  # accuracies 3/4, 1/2, 1/2


def test_group_balanced_by_hand():
    assert group_balanced_accuracy(Y_TRUE, Y_PRED, GROUPS) == pytest.approx((0.75 + 0.5 + 0.5) / 3)


def test_group_balanced_with_classes_as_groups_is_balanced_accuracy():
    expected = balanced_accuracy_score(Y_TRUE, Y_PRED)
    assert group_balanced_accuracy(Y_TRUE, Y_PRED, Y_TRUE) == pytest.approx(expected)


def test_adjusted_by_hand():
    train_groups = ["a"] * 8 + ["b"] + ["c"] + [None] * 5  # shares .8, .1, .1; outliers left out
    score = adjusted_average_accuracy(Y_TRUE, Y_PRED, GROUPS, train_groups=train_groups)
    assert score == pytest.approx(0.8 * 0.75 + 0.1 * 0.5 + 0.1 * 0.5)


@pytest.mark.parametrize("shares", [{"a": 0.8, "b": 0.1, "c": 0.1}, {"a": 16, "b": 2, "c": 2}])
def test_shares_and_counts_mean_the_same(shares):
    score = adjusted_average_accuracy(Y_TRUE, Y_PRED, GROUPS, train_shares=shares)
    assert score == pytest.approx(0.7)


def test_same_mix_as_in_training_gives_plain_accuracy():
    score = adjusted_average_accuracy(Y_TRUE, Y_PRED, GROUPS, train_groups=GROUPS)
    assert score == pytest.approx(accuracy_score(Y_TRUE, Y_PRED))


def test_absent_groups_warn_and_weights_are_renormalised():
    shares = {"a": 0.5, "b": 0.1, "c": 0.2, "d": 0.2}
    with pytest.warns(UndefinedMetricWarning) as caught:
        score = adjusted_average_accuracy(Y_TRUE, Y_PRED, GROUPS, train_shares=shares)
    assert score == pytest.approx((0.5 * 0.75 + 0.1 * 0.5 + 0.2 * 0.5) / 0.8)
    assert [str(warning.message) for warning in caught] == [
        "Training groups without a row to evaluate: ['d']. They are left out and the other weights "
        "scaled to sum to one."
    ]


def test_groups_unseen_in_training_warn_and_weigh_nothing():
    with pytest.warns(UndefinedMetricWarning) as caught:
        score = adjusted_average_accuracy(Y_TRUE, Y_PRED, GROUPS, train_groups=["a", "a"])
    assert score == pytest.approx(0.75)
    assert [str(warning.message) for warning in caught] == [
        "Evaluated groups without a training row: ['b', 'c']. They weigh nothing."
    ]


def test_the_warning_points_at_the_caller():
    with pytest.warns(UndefinedMetricWarning) as caught:
        adjusted_average_accuracy(Y_TRUE, Y_PRED, GROUPS, train_groups=["a", "a"])
    assert caught[0].filename == __file__


def test_absent_groups_without_a_share_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shares = {"a": 1, "b": 1, "c": 1, "d": 0}
        score = adjusted_average_accuracy(Y_TRUE, Y_PRED, GROUPS, train_shares=shares)
    assert score == pytest.approx(1.75 / 3)


def test_crossed_columns_match_by_label():
    groups = pd.DataFrame({"sex": ["f", "m", "m"], "age": [1, 1, 2]})
    train = [["m", "f", "m", "m"], [1, 1, 2, 2]]  # the same columns, as a sequence
    score = adjusted_average_accuracy([0, 0, 0], [1, 0, 1], groups, train_groups=train)
    assert score == pytest.approx(0.25)  # only (m, 1) is right, one training row of four


def test_numeric_labels_match_across_dtypes():
    score = adjusted_average_accuracy(
        [0, 0], [0, 1], np.array([0, 1]), train_groups=np.array([0.0, 0.0, 1.0, np.nan])
    )
    assert score == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("kwargs", "got"), [({}, "neither"), ({"train_groups": [0], "train_shares": {0: 1}}, "both")]
)
def test_exactly_one_source_of_weights(kwargs, got):
    with pytest.raises(ValueError, match=f"either train_groups or train_shares, got {got}"):
        adjusted_average_accuracy([0], [0], [0], **kwargs)


@pytest.mark.parametrize("share", [-1, float("nan"), float("inf")])
def test_shares_must_not_be_negative(share):
    with pytest.raises(ValueError, match="train_shares must be finite and not negative"):
        adjusted_average_accuracy(Y_TRUE, Y_PRED, GROUPS, train_shares={"a": share, "b": 1})


def test_labels_in_other_terms():
    with pytest.raises(GroupsError, match=r"labels \[0, 1\] and the training set \['0', '1'\]"):
        adjusted_average_accuracy([0, 0], [0, 0], [0, 1], train_groups=["0", "1"])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from("abcd")), min_size=1),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 9)),
    st.integers(0, 9),
)
def test_averages_equal_plain_loops(rows, shares, n_outliers):
    hits = {name: [hit for hit, own in rows if own == name] for _, name in rows}
    accuracy = {name: sum(values) / len(values) for name, values in hits.items()}
    y_pred = np.array([hit for hit, _ in rows] + [False] * n_outliers, dtype=int)
    groups = [name for _, name in rows] + [None] * n_outliers
    data = np.ones(len(y_pred), dtype=int), y_pred, groups
    expected = sum(accuracy.values()) / len(accuracy)
    assert group_balanced_accuracy(*data) == pytest.approx(expected)
    total = sum(shares.get(name, 0) for name in accuracy)
    if total == 0:
        with pytest.raises(GroupsError, match="none is in both"):
            adjusted_average_accuracy(*data, train_shares=shares)
        return
    expected = sum(shares.get(name, 0) * value for name, value in accuracy.items()) / total
    train_groups = [name for name, n in shares.items() for _ in range(n)]
    for source in ({"train_shares": shares}, {"train_groups": train_groups}):
        assert adjusted_average_accuracy(*data, **source) == pytest.approx(expected)
