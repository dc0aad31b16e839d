import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from skgroup import cross_groups
from skgroup.exceptions import GroupsError
from skgroup.metrics import cluster_purity, group_agreement, within_class_ari

Y = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1])
ATTRIBUTE = np.array(["a", "a", "a", "a", "b", "b", "a", "a", "b", "b"])
FOUND = np.array([0, 0, 0, 1, 1, 1, 2, 2, 3, 3])


def _pair_ari(first, second):
    """The adjusted Rand index from its definition by pairs."""
    if len(first) == 1:
        return 1.0
    i, j = np.triu_indices(len(first), 1)
    a, b = (np.asarray(labels)[i] == np.asarray(labels)[j] for labels in (first, second))
    both, expected, largest = (a & b).sum(), a.sum() * b.sum() / len(i), (a.sum() + b.sum()) / 2
    return 1.0 if largest == expected else (both - expected) / (largest - expected)


def test_purity_by_hand():
    assert cluster_purity(ATTRIBUTE, FOUND) == pytest.approx((3 + 2 + 2 + 2) / 10)
    assert cluster_purity(ATTRIBUTE, FOUND, y=Y) == pytest.approx(0.6 * 5 / 6 + 0.4 * 1)


def test_purity_inside_classes_is_no_global_purity():
    # One inferred group over both classes: pure inside each of them, half pure over all.
    true, found, y = ["a", "a", "b", "b"], [0, 0, 0, 0], [0, 0, 1, 1]
    assert cluster_purity(true, found) == 0.5
    assert cluster_purity(true, found, y=y) == 1


def test_purity_counts_outliers_as_a_label():
    assert cluster_purity(["a", "b", None, None], [-1, -1, -1, 0]) == pytest.approx((1 + 1) / 4)


def test_purity_takes_columns():
    true = [["f", "f", "m"], [1, 1, 1]]
    assert cluster_purity(true, [0, 0, 0]) == pytest.approx(2 / 3)


def test_within_class_ari_by_hand():
    # Class 0: 15 pairs, 7 together in truth, 6 inferred, 4 in both: (4 - 2.8) / (6.5 - 2.8).
    assert within_class_ari(ATTRIBUTE, FOUND, Y) == pytest.approx(0.6 * 1.2 / 3.7 + 0.4)


def test_ari_of_classes_that_are_one_group():
    true, y = ["a"] * 4 + ["b"] * 4, [0] * 4 + [1] * 4
    assert within_class_ari(true, [0] * 4 + [1] * 4, y) == 1
    assert within_class_ari(true, [0, 0, 1, 1] + [2] * 4, y) == 0.5


labels = st.integers(-1, 2)
rows = st.lists(st.tuples(labels, labels, st.integers(0, 2)), min_size=1, max_size=30)


@settings(max_examples=40)
@given(rows)
def test_equals_the_definitions(rows):
    true, found, y = map(np.array, zip(*rows, strict=True))
    agreement = group_agreement(true, found, y)
    inside = [(y == c).mean() * _pair_ari(true[y == c], found[y == c]) for c in np.unique(y)]
    assert agreement["within_class_ari"] == pytest.approx(sum(inside), abs=1e-9)
    crossed, cells = (y * 10 + labels for labels in (true, found))
    assert agreement["global_ari"] == pytest.approx(_pair_ari(crossed, cells), abs=1e-9)
    assert agreement["class_only_ari"] == pytest.approx(_pair_ari(crossed, y), abs=1e-9)
    counted = sum(
        max(((y == c) & (found == f) & (true == t)).sum() for t in range(-1, 3))
        for c in np.unique(y)
        for f in range(-1, 3)
    )
    assert agreement["purity"] == pytest.approx(counted / len(y))
    assert agreement["purity"] == pytest.approx(cluster_purity(true, found, y=y))
    nmi = [
        (y == c).mean() * normalized_mutual_info_score(true[y == c], found[y == c])
        for c in np.unique(y)
    ]
    assert agreement["nmi"] == pytest.approx(sum(nmi), abs=1e-9)


@settings(max_examples=30)
@given(rows)
def test_crossing_with_the_class_and_renaming_change_nothing(rows):
    true, found, y = map(np.array, zip(*rows, strict=True))
    crossed = cross_groups(y, true)
    renamed = np.where(found < 0, None, np.array(["p", "q", "r", "?"])[found])
    first, second = group_agreement(true, found, y), group_agreement(crossed, renamed, y)
    for name in ("within_class_ari", "global_ari", "class_only_ari", "nmi", "purity"):
        assert first[name] == pytest.approx(second[name], abs=1e-9)


def test_class_only_shows_what_global_ari_hides():
    y = np.repeat([0, 1], 500)
    true = y * 2 + np.tile(np.repeat([0, 1], [400, 100]), 2)
    nothing = group_agreement(true, y, y)
    assert nothing["global_ari"] == nothing["class_only_ari"] == adjusted_rand_score(true, y)
    assert nothing["global_ari"] > 0.6
    assert nothing["within_class_ari"] == 0
    perfect = group_agreement(true, true, y)
    assert all(perfect[name] == pytest.approx(1) for name in perfect if name != "class_only_ari")


def test_minority_by_hand():
    # Class 0: minority b is rows 4, 5; the smaller group found is rows 3, 4, 5 of 7.
    true = np.array(["a", "a", "a", "a", "b", "b", "a", "a", "a", "a", "b"])
    found = np.array([0, 0, 0, 1, 1, 1, 0, 2, 2, 2, 3])
    y = np.array([0] * 7 + [1] * 4)
    agreement = group_agreement(true, found, y)
    assert agreement["minority_precision"] == pytest.approx((2 / 3 + 1) / 2)
    assert agreement["minority_recall"] == 1


def test_minority_ignores_outliers_and_counts_unsplit_classes_as_missed():
    true = np.array(["a", "a", "a", "b", "b", None, "a", "a", "b", "a", "a"])
    found = np.array([0, 0, 0, 1, -1, 1, 2, 2, 2, 3, 4])
    y = np.array([0] * 6 + [1] * 3 + [2] * 2)
    agreement = group_agreement(true, found, y)
    # Class 0: found {3, 5} against {3, 4}; class 1 was not split; class 2 has no minority.
    assert agreement["minority_precision"] == pytest.approx((0.5 + 0) / 2)
    assert agreement["minority_recall"] == pytest.approx((0.5 + 0) / 2)


def test_minority_passes_over_classes_without_one():
    true, y = ["a", "a", "a", "b", "b", "a"], [0, 0, 1, 1, 1, 1]
    found = group_agreement(true, [0, 0, 1, 1, 2, 2], y)
    # Class 0 is one group; of class 1 the smaller found group is rows 2 and 3, the first of equals.
    assert found["minority_precision"] == 1 / 2
    assert found["minority_recall"] == 1 / 2


def test_no_class_with_a_minority_is_nan():
    agreement = group_agreement(["a", "a"], [0, 1], [0, 0])
    assert np.isnan([agreement["minority_precision"], agreement["minority_recall"]]).all()


def test_errors():
    with pytest.raises(GroupsError, match="groups has 1 entries, but there are 2 samples"):
        within_class_ari([0, 1], [0], [0, 1])
    with pytest.raises(GroupsError, match="groups has 1 entries, but there are 2 samples"):
        cluster_purity([0, 1], [0])
    with pytest.raises(
        GroupsError, match=r"^true_groups and groups are empty: give at least one row\.$"
    ):
        group_agreement([], [], [])
    labels = pd.Series([0, 1])
    with pytest.raises(GroupsError, match="y and true_groups have different pandas indexes"):
        group_agreement(labels, labels, pd.Series([0, 1], index=[1, 2]))
    with pytest.raises(GroupsError, match="groups and true_groups have different pandas indexes"):
        group_agreement(pd.Series([0, 1]), pd.Series([0, 1], index=[1, 2]), [0, 1])
