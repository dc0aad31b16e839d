import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import recall_score

from skgroup.exceptions import GroupsError
from skgroup.metrics import (
    wilson_interval,
    worst_class_accuracy,
    worst_group_accuracy,
    worst_group_interval,
)


def test_worst_group_by_hand():
    y_true, y_pred = [0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 0, 0]
    groups = ["a", "a", "a", "b", "b", "b", "c"]
    assert worst_group_accuracy(y_true, y_pred, groups) == 0  # the one row of c is wrong
    assert worst_group_accuracy(y_true, y_pred, groups, min_size=3) == pytest.approx(2 / 3)
    groups[-1] = None
    assert worst_group_accuracy(y_true, y_pred, groups) == pytest.approx(2 / 3)


rows = st.lists(
    st.tuples(st.sampled_from("xyz"), st.sampled_from("xyz"), st.integers(-1, 3)), min_size=1
).filter(lambda rows: any(g >= 0 for _, _, g in rows))


@settings(max_examples=60)
@given(rows, st.integers(1, 3))
def test_worst_group_equals_a_plain_loop(rows, min_size):
    members = {}
    for true, pred, group in rows:
        if group != -1:
            members.setdefault(group, []).append(true == pred)
    shares = [sum(hits) / len(hits) for hits in members.values() if len(hits) >= min_size]
    y_true, y_pred, groups = zip(*rows, strict=True)
    if not shares:
        with pytest.raises(GroupsError, match=f"No group has min_size={min_size} rows"):
            worst_group_accuracy(y_true, y_pred, groups, min_size=min_size)
        return
    assert worst_group_accuracy(y_true, y_pred, groups, min_size=min_size) == min(shares)


@settings(max_examples=40)
@given(rows, st.randoms(use_true_random=False), st.permutations("abcd"))
def test_order_of_rows_and_names_of_groups_do_not_matter(rows, random, names):
    y_true, y_pred, groups = zip(*rows, strict=True)
    score, limits = (
        f(y_true, y_pred, groups) for f in (worst_group_accuracy, worst_group_interval)
    )
    assert limits[0] <= score <= limits[1]
    random.shuffle(rows)
    y_true, y_pred, groups = zip(*rows, strict=True)
    renamed = [None if group == -1 else names[group] for group in groups]
    assert worst_group_accuracy(y_true, y_pred, renamed) == score
    assert worst_group_interval(y_true, y_pred, renamed) == limits


@settings(max_examples=40)
@given(rows)
def test_classes_as_groups_give_the_worst_class(rows):
    y_true, y_pred, _ = zip(*rows, strict=True)
    worst = worst_class_accuracy(y_true, y_pred)
    assert worst == worst_group_accuracy(y_true, y_pred, y_true)
    labels = sorted(set(y_true))
    assert worst == pytest.approx(recall_score(y_true, y_pred, labels=labels, average=None).min())


def test_worst_class_by_hand():
    assert worst_class_accuracy([0, 0, 0, 1, 1], [0, 0, 2, 1, 1]) == pytest.approx(2 / 3)
    assert worst_class_accuracy(["a", "b"], ["a", "b"]) == 1


def test_worst_class_of_nothing():
    with pytest.raises(ValueError, match="y_true and y_pred are empty"):
        worst_class_accuracy([], [])


@pytest.mark.parametrize("min_size", [0, 1.5])
def test_min_size_is_a_positive_int(min_size):
    with pytest.raises(ValueError, match="'min_size' parameter of worst_group_accuracy"):
        worst_group_accuracy([0], [0], [0], min_size=min_size)


def _rows_with(hits, sizes):
    y_pred = np.concatenate([np.arange(n) < k for k, n in zip(hits, sizes, strict=True)])
    return np.ones(len(y_pred), dtype=int), y_pred.astype(int), np.repeat(range(len(sizes)), sizes)


def test_interval_of_one_group_is_wilson():
    data = _rows_with([7], [9])
    assert worst_group_interval(*data) == pytest.approx(wilson_interval(7, 9))


def test_wilson_interval_by_hand():
    low, high = worst_group_interval(*_rows_with([10, 36, 0], [10, 40, 1]), min_size=2)
    level = np.sqrt(0.95)  # two groups hold together
    assert low == pytest.approx(wilson_interval(10, 10, level)[0])  # the smallest group is unsure
    assert high == pytest.approx(wilson_interval(36, 40, level)[1])


def test_wilson_interval_of_the_minimum_keeps_its_level():
    rng = np.random.default_rng(0)
    sizes, shares = np.full(6, 30), np.array([0.8, 0.8, 0.8, 0.8, 0.9, 0.9])
    covered = {"wilson": 0, "bootstrap": 0}
    for seed in range(150):
        data = _rows_with(rng.binomial(sizes, shares), sizes)
        for method in covered:
            low, high = worst_group_interval(
                *data, method=method, n_resamples=200, random_state=seed
            )
            covered[method] += low <= 0.8 <= high
    assert covered["wilson"] >= 0.93 * 150
    assert covered["bootstrap"] < 0.7 * 150  # the bias that the docstring warns of


def test_wilson_interval_of_equally_bad_groups_keeps_its_level_whatever_their_sizes():
    rng, covered, n_simulated = np.random.default_rng(1), 0, 600
    for _ in range(n_simulated):
        sizes, share = rng.integers(5, 80, rng.integers(2, 7)), rng.uniform(0.3, 0.95)
        low, high = worst_group_interval(*_rows_with(rng.binomial(sizes, share), sizes))
        covered += low <= share <= high
    # The upper end alone misses: the lower one does where all groups do.
    error = np.sqrt(0.025 * 0.975 / n_simulated)
    assert covered / n_simulated == pytest.approx(0.975, abs=0.01 + error)


def test_bootstrap_interval_of_a_single_worst_group_is_about_wilson():
    data = _rows_with([990, 240], [1000, 400])
    low, high = worst_group_interval(*data, method="bootstrap", random_state=0)
    assert (low, high) == pytest.approx(wilson_interval(240, 400), abs=0.01)


def test_bootstrap_is_seeded_and_leaves_the_global_state():
    data = _rows_with([15, 8], [20, 10])
    before = pickle.dumps(np.random.get_state())
    first, again, other = (
        worst_group_interval(*data, method="bootstrap", n_resamples=20, random_state=seed)
        for seed in (0, 0, 5)
    )
    assert first == again != other
    assert pickle.dumps(np.random.get_state()) == before


def test_interval_errors():
    with pytest.raises(ValueError, match=r"'method' parameter.*'bootstrap'"):
        worst_group_interval([0], [0], [0], method="jackknife")
    with pytest.raises(GroupsError, match="outliers"):
        worst_group_interval([0], [0], [-1])
