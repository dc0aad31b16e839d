import dataclasses
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from skgroup import ERMClassifier, GroupedArray
from skgroup._groups import ResolvedGroups
from skgroup.classifiers._task import (
    MIN_GROUP_ROWS_TO_STOP_EARLY,
    MIN_ROWS_TO_STOP_EARLY,
    Sample,
    Seeds,
    make_task,
    split_rows,
    validation_sample,
)
from skgroup.exceptions import GroupsError
from skgroup.samplers import BalancedSampler, UniformSampler

SEEDS = Seeds(1, 2, 3, 4, 5, 6, 7, 8)


def test_seeds_are_independent_and_repeatable():
    drawn = [Seeds.draw(np.random.RandomState(seed)) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    numbers = dataclasses.astuple(drawn[0])
    assert len(set(numbers)) == 8
    assert all(type(number) is int for number in numbers)


CLASSES = np.array(["cat", "dog"])
X = np.arange(12, dtype=np.float32).reshape(6, 2)
Y = np.array([0, 0, 1, 1, 1, 0])
LABELS = np.array(["a", "b", "c"])


def found(codes, labels=LABELS):
    return ResolvedGroups(np.array(codes), labels, "given")


def sample(codes=(0, -1, 2, 0, -1, 2), weight=None):
    return Sample.create(X, Y, CLASSES, found(codes), weight)


def test_outliers_and_rows_without_weight_are_left_out():
    made = sample(weight=np.array([1.0, 1.0, 0.0, 2.0, 1.0, 3.0]))
    assert made.rows.tolist() == [0, 3, 5]
    assert made.y.tolist() == [0, 1, 0]
    assert made.weight.tolist() == [1, 2, 3]
    assert made.groups.tolist() == [0, 0, 1]  # group "b" has no row, so the codes close up
    assert made.labels.tolist() == ["a", "c"]
    assert made.has_groups
    data = made.data(np.array([2, 0]), "cpu")
    assert data.rows.take(slice(None)).tolist() == [[10, 11], [0, 1]]
    assert (data.y.tolist(), data.groups.tolist(), data.n_groups) == ([0, 0], [1, 0], 2)


def test_without_groups_the_classes_are_groups():
    made = Sample.create(X, Y, CLASSES, None, None)
    assert made.labels.tolist() == ["cat", "dog"]
    assert made.groups.tolist() == Y.tolist()
    assert not made.has_groups
    fallback = Sample.create(X, Y, CLASSES, ResolvedGroups(Y, CLASSES, "classes"), None)
    assert not fallback.has_groups


def test_rows_are_not_copied():
    rows = Sample.create(X, Y, CLASSES, None, None).data(np.arange(6), "cpu").rows
    assert rows.values.data_ptr() == X.ctypes.data


def test_a_class_without_weight_is_an_error():
    text = r"sample_weight is zero for every sample of class 'dog' that is no outlier"
    with pytest.raises(ValueError, match=text):
        sample(weight=np.array([1.0, 1.0, 0.0, 0.0, 1.0, 1.0]))


def settings(**options):
    defaults = {
        "early_stopping": False, "validation_fraction": 0.5, "scoring": "auto", "device": "cpu",
        "module": None, "standardize": True, "classes_": CLASSES,
    }  # fmt: skip
    return SimpleNamespace(**(defaults | options))


def test_a_task_without_validation():
    task = make_task(settings(), sample(), None, SEEDS)
    assert task.validation is None
    assert task.sample_weight is None
    assert (task.n_features, task.n_classes, len(task.data)) == (2, 2, 4)
    assert task.group_sizes().tolist() == [2, 2]
    mean, scale = task.standardize
    np.testing.assert_allclose(mean, X[[0, 2, 3, 5]].mean(axis=0))
    np.testing.assert_allclose(scale, X[[0, 2, 3, 5]].std(axis=0))


@pytest.mark.parametrize("options", [{"standardize": False}, {"module": torch.nn.Identity()}])
def test_nothing_is_standardised_when_it_is_not_wanted(options):
    assert make_task(settings(**options), sample(), None, SEEDS).standardize is None


def test_validation_rows_have_no_part_in_the_statistics():
    y, groups = np.repeat([0, 1], 10), np.tile([0, 1], 10)
    big = np.random.default_rng(0).normal(size=(20, 2))
    made = Sample.create(big, y, CLASSES, found(groups, LABELS[:2]), np.arange(1.0, 21.0))
    task = make_task(settings(early_stopping=True), made, None, SEEDS)
    train, out = split_rows(y, groups, 0.5, SEEDS.split)
    assert len(out) == len(task.validation.data) == 8  # 2.5 of each cell of 5, to even
    weight = train + 1.0
    mean, scale = task.standardize
    np.testing.assert_allclose(mean, np.average(big[train], axis=0, weights=weight))
    variance = np.average((big[train] - mean) ** 2, axis=0, weights=weight)
    np.testing.assert_allclose(scale, np.sqrt(variance))
    assert task.sample_weight.tolist() == weight.tolist()
    assert task.validation.scoring == "worst_group"


@pytest.mark.parametrize(
    ("missing", "small", "n_groups", "on"),
    [
        (0, 20, 2, True),
        (1, 20, 2, False),  # a row too few
        (0, 18, 2, False),  # 9 of 18 are held out: too few to compare
        (0, 19, 2, True),  # half of 19, to even: 10
        (0, 18, 3, False),  # every group counts
        (0, 20, 3, True),
        (0, 1, 2, False),  # its only row is trained on
        (0, 0, 1, True),
    ],
)
def test_early_stopping_auto(missing, small, n_groups, on):
    assert MIN_GROUP_ROWS_TO_STOP_EARLY == 10
    groups = np.zeros(MIN_ROWS_TO_STOP_EARLY - missing, dtype=int)
    groups[:small] = 1
    if n_groups > 2:
        groups[-300:] = 2
    made = Sample.create(
        np.zeros((len(groups), 1)), np.zeros(len(groups), dtype=int), CLASSES[:1],
        found(groups, LABELS[:n_groups]), None,
    )  # fmt: skip
    task = make_task(settings(early_stopping="auto"), made, None, SEEDS)
    assert (task.validation is not None) == on
    assert len(task.data) + (len(task.validation.data) if on else 0) == len(groups)


@pytest.mark.parametrize("kind", [bool, np.bool_])
def test_early_stopping_on_and_off(kind):
    made = Sample.create(np.zeros((8, 1)), np.repeat([0, 1], 4), CLASSES, None, None)
    off = make_task(settings(early_stopping=kind(False)), made, None, SEEDS)
    on = make_task(settings(early_stopping=kind(True)), made, None, SEEDS)
    assert off.validation is None
    assert (len(on.data), len(on.validation.data)) == (4, 4)
    assert on.validation.scoring == "worst_class"


def test_no_row_to_validate_on_is_an_error():
    made = Sample.create(np.zeros((2, 1)), np.array([0, 1]), CLASSES, None, None)
    text = "early_stopping=True needs rows to validate on, but validation_fraction=0.5 of 2 rows"
    with pytest.raises(ValueError, match=text):
        make_task(settings(early_stopping=True), made, None, SEEDS)


@pytest.mark.parametrize("stop", [False, "auto", True])
def test_rows_may_be_held_out_without_selecting_an_epoch(stop):
    y, groups = np.repeat([0, 1], 4), np.tile([0, 1], 4)
    weight = np.arange(1.0, 9.0)
    made = Sample.create(np.zeros((8, 1)), y, CLASSES, found(groups, LABELS[:2]), weight)
    task = make_task(settings(early_stopping=stop), made, None, SEEDS, reserve=True)
    train, out = split_rows(y, groups, 0.5, SEEDS.split)
    assert len(out) == 4
    assert task.sample_weight.tolist() == weight[train].tolist()
    assert task.held_out_weight.tolist() == weight[out].tolist()
    assert task.held_out.y.tolist() == y[out].tolist()
    assert task.held_out.groups.tolist() == groups[out].tolist()
    assert (task.validation is not None) == (stop is True)  # for "auto" they are too few
    if stop is True:
        assert task.validation.data is task.held_out


def test_no_row_to_reserve_is_for_the_method_to_judge():
    made = Sample.create(np.zeros((2, 1)), np.array([0, 1]), CLASSES, None, None)
    task = make_task(settings(), made, None, SEEDS, reserve=True)
    assert task.held_out is task.held_out_weight is None
    assert len(task.data) == 2


def test_validation_data_are_what_is_held_out(fitted):
    held_out = validation_sample(fitted, sample(), X[:2], ["dog", "cat"], ["a", "c"])
    for reserve in (False, True):
        task = make_task(settings(), sample(), held_out, SEEDS, reserve=reserve)
        assert task.validation.data is task.held_out
        assert task.held_out_weight is None
        assert len(task.data) == 4


def test_samplers():
    made = Sample.create(np.zeros((6, 1)), Y, CLASSES, found([0, 0, 0, 0, 0, 1]), None)
    task = make_task(settings(), made, None, SEEDS)
    uniform, groups, classes = (
        task.sampler(kind, 4) for kind in ("uniform", "group_balanced", "class_balanced")
    )
    assert type(uniform) is UniformSampler
    assert type(groups) is type(classes) is BalancedSampler
    assert sorted(uniform.epoch().tolist()) == list(range(6))
    assert groups.epoch().tolist().count(5) == 3  # the only row of its group
    assert torch.bincount(task.data.y[classes.epoch()]).tolist() == [3, 3]
    assert uniform.lengths == [4, 2]
    assert task.sampler("uniform", 100).lengths == [6]


def test_a_first_stage_has_seeds_of_its_own_and_selects_nothing():
    made = Sample.create(np.zeros((8, 1)), np.repeat([0, 1], 4), CLASSES, None, None)
    task = make_task(settings(early_stopping=True), made, None, SEEDS)
    first = task.first_stage()
    seeds = (first.seeds.module, first.seeds.sampler, first.seeds.training, first.seeds.split)
    assert seeds == (5, 6, 7, 3)
    assert first.validation is None
    assert first.data is task.data
    assert task.seeds is SEEDS


def test_other_groups_for_the_same_rows():
    task = make_task(settings(), sample(), None, SEEDS)
    other = task.with_groups(torch.tensor([2, 0, 1, 0]), 3)
    assert other.group_sizes().tolist() == [2, 1, 1]
    assert other.data.rows is task.data.rows
    assert task.group_sizes().tolist() == [2, 2]
    assert other.groups_from == task.groups_from == "given"


@pytest.fixture
def fitted():
    """As much of a classifier as validation data are checked against."""
    clf = ERMClassifier()
    clf.classes_, clf.n_features_in_ = CLASSES, 2
    return clf


def test_validation_groups_have_the_columns_of_training(fitted):
    # Training has the groups "a" and "c"; "b" is new, and one row is an outlier.
    made = validation_sample(
        fitted, sample(), X[:4], ["dog", "cat", "dog", "dog"], ["b", "c", None, "c"]
    )
    assert made.labels.tolist() == ["a", "c", "b"]
    assert made.groups.tolist() == [2, 1, 1]
    assert made.rows.tolist() == [0, 1, 3]
    assert made.y.tolist() == [1, 0, 1]
    assert made.has_groups
    assert made.data(slice(None), "cpu").n_groups == 3
    assert validation_sample(fitted, sample(), None, None, None) is None


def test_validation_groups_may_be_carried(fitted):
    carried = validation_sample(
        fitted, sample(), GroupedArray(X[:2], ["c", "a"]), ["dog", "cat"], None
    )
    assert carried.groups.tolist() == [1, 0]


def test_validation_without_groups_compares_classes(fitted):
    made = validation_sample(fitted, sample(), X[:3], ["dog", "cat", "dog"], None)
    assert made.groups.tolist() == made.y.tolist() == [1, 0, 1]
    assert not made.has_groups
    assert make_task(settings(), sample(), made, SEEDS).validation.scoring == "worst_class"


def test_validation_groups_beside_training_without_any(fitted):
    plain = Sample.create(X, Y, CLASSES, None, None)
    made = validation_sample(fitted, plain, X[:2], ["dog", "cat"], ["cat", "z"])
    assert made.labels.tolist() == ["cat", "z"]  # a group that is called like a class
    assert made.groups.tolist() == [0, 1]
    assert make_task(settings(), plain, made, SEEDS).validation.scoring == "worst_group"


def test_validation_data_may_lack_a_class(fitted):
    assert validation_sample(fitted, sample(), X[:2], ["dog", "dog"], None).y.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("values", "y", "groups", "error", "text"),
    [
        (None, ["dog"], None, ValueError, "y_val or groups_val was given without X_val"),
        (None, None, ["a"], ValueError, "y_val or groups_val was given without X_val"),
        (X, None, None, ValueError, "X_val was given without y_val"),
        (X, ["dog"], None, ValueError, "y_val has 1 labels for 6 rows of X_val"),
        (
            X[:2],
            ["dog", "cow"],
            None,
            ValueError,
            r"does not have: \['cow'\].*are \['cat', 'dog'\]",
        ),
        (X[:2], [1.0, np.nan], None, ValueError, r"does not have: \[1.0, nan\]"),
        (X[:2, :1], ["dog", "cat"], None, ValueError, "X has 1 features, but"),
        (X[:2], ["dog", "cat"], ["a"], GroupsError, "In groups_val: groups has 1 entries"),
        (
            X[:2],
            ["dog", "cat"],
            ["x", "y"],
            GroupsError,
            r"no group of the training data: got \['x",
        ),
        (X[:2], ["dog", "cat"], [1, 2], GroupsError, r"got \[1, 2\], but groups has \['a', 'c'\]"),
        (X[:2], ["dog", "cat"], [-1, -1], GroupsError, "no group of the training data"),
        (np.full((1, 2), np.nan), ["dog"], None, ValueError, "contains NaN"),
    ],
)
def test_bad_validation_data(fitted, values, y, groups, error, text):
    with pytest.raises(error, match=text):
        validation_sample(fitted, sample(), values, y, groups)


def test_validation_data_with_different_indexes(fitted):
    frame = pd.DataFrame(X[:2], index=[3, 4])
    with pytest.raises(GroupsError, match="y_val and X_val have different pandas indexes"):
        validation_sample(fitted, sample(), frame, pd.Series(["dog", "cat"], index=[4, 3]), None)
