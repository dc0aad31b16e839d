import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate

from skgroup import GroupedArray
from skgroup.exceptions import GroupsError
from skgroup.model_selection import GroupStratifiedKFold


def _cell_counts(rows, y, groups):
    cells = list(zip(np.asarray(y)[rows].tolist(), np.asarray(groups)[rows].tolist(), strict=True))
    return {cell: cells.count(cell) for cell in set(cells)}


def test_folds_by_hand():
    y = np.repeat([0, 1], [8, 4])
    groups = np.array(["a"] * 6 + ["b"] * 2 + ["a"] * 2 + ["b"] * 2)
    for train, test in GroupStratifiedKFold(2).split(np.zeros(12), y, groups):
        assert _cell_counts(test, y, groups) == {(0, "a"): 3, (0, "b"): 1, (1, "a"): 1, (1, "b"): 1}
        assert sorted([*train, *test]) == list(range(12))


def test_cells_smaller_than_n_splits_are_spread_without_error_or_warning():
    y, groups = np.zeros(10, dtype=int), np.repeat([0, 1, 2], [5, 3, 2])
    tests = [test for _, test in GroupStratifiedKFold(5).split(np.zeros(10), y, groups)]
    # Rows are dealt in turn: 5 of group 0, then 3 of group 1 and 2 of group 2 on the other folds.
    assert [np.sort(groups[test]).tolist() for test in tests] == [[0, 1]] * 3 + [[0, 2]] * 2


def test_every_cell_smaller_than_n_splits():
    y, groups = np.repeat([0, 1], 4), np.tile([0, 0, 1, 1], 2)
    tests = [test for _, test in GroupStratifiedKFold(4).split(np.zeros(8), y, groups)]
    assert [np.sort(y[test]).tolist() for test in tests] == [[0, 1]] * 4


cells = st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 3)), min_size=4, max_size=60)


@settings(max_examples=80)
@given(cells, st.integers(2, 4), st.booleans())
def test_promises_of_the_docstring(rows, n_splits, shuffle):
    y, groups = map(np.array, zip(*rows, strict=True))
    cv = GroupStratifiedKFold(n_splits, shuffle=shuffle, random_state=0 if shuffle else None)
    splits = list(cv.split(np.zeros(len(y)), y, groups))
    assert len(splits) == cv.get_n_splits() == n_splits
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(len(y)))
    for of in (y, y * 10 + groups, np.zeros(len(y))):  # classes, cells and all rows
        counts = [[np.count_nonzero(of[test] == v) for _, test in splits] for v in np.unique(of)]
        assert np.ptp(counts, axis=1).max() <= 1
    sizes = _cell_counts(slice(None), y, groups)
    for train, test in splits:
        assert sorted([*train, *test]) == list(range(len(y)))
        inside = _cell_counts(train, y, groups)
        assert all(cell in inside for cell, size in sizes.items() if size > 1)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 2), min_size=6, max_size=40))
def test_one_group_is_scikit_learn_s_stratified_kfold(classes):
    # It numbers classes by appearance, here made to agree with their order.
    y = np.array([0] * 3 + [1] * 3 + [2] * 3 + classes)
    ours = GroupStratifiedKFold(3).split(y, y, np.zeros(len(y)))
    theirs = StratifiedKFold(3).split(y, y)
    for (train, test), (their_train, their_test) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(train, their_train)
        np.testing.assert_array_equal(test, their_test)


def test_outliers_are_spread_evenly():
    y, groups = np.zeros(12, dtype=int), np.array([0] * 6 + [-1] * 6)
    for _, test in GroupStratifiedKFold(3).split(y, y, groups):
        assert _cell_counts(test, y, groups) == {(0, 0): 2, (0, -1): 2}


def test_blocks_without_shuffling_and_none_with():
    y, groups = np.zeros(40, dtype=int), np.repeat([0, 1], 20)
    blocks = [test for _, test in GroupStratifiedKFold(2).split(y, y, groups)]
    np.testing.assert_array_equal(blocks[0], [*range(10), *range(20, 30)])
    shuffled = GroupStratifiedKFold(2, shuffle=True, random_state=0)
    assert next(shuffled.split(y, y, groups))[1].tolist() != blocks[0].tolist()


def test_seed_decides_and_the_global_state_does_not_move():
    y, groups = np.tile([0, 1], 20), np.tile([0, 0, 1], 14)[:40]
    before = pickle.dumps(np.random.get_state())

    def folds(seed):
        cv = GroupStratifiedKFold(3, shuffle=True, random_state=seed)
        return [test.tolist() for _, test in cv.split(y, y, groups)]

    assert folds(0) == folds(0) != folds(1)
    list(GroupStratifiedKFold(3).split(y, y, groups))
    assert pickle.dumps(np.random.get_state()) == before


def test_carried_and_crossed_groups():
    y, sex, age = np.tile([0, 1], 8), np.repeat(["f", "m"], 8), np.tile([1, 1, 2, 2], 4)
    cv = GroupStratifiedKFold(2)
    carried = [t.tolist() for _, t in cv.split(GroupedArray(np.zeros((16, 1)), sex), y)]
    assert carried == [t.tolist() for _, t in cv.split(y, y, sex)]
    explicit_wins = cv.split(GroupedArray(np.zeros((16, 1)), age), y, sex)
    assert carried == [t.tolist() for _, t in explicit_wins]
    names = np.array([f"{s}{a}" for s, a in zip(sex, age, strict=True)])
    frame = pd.DataFrame({"sex": sex, "age": age})
    for (_, test), (_, named) in zip(cv.split(y, y, frame), cv.split(y, y, names), strict=True):
        np.testing.assert_array_equal(test, named)


X = np.arange(24.0).reshape(12, 2)
CLASSES, PARTS = np.tile([0, 1], 6), np.repeat([0, 1, 2], 4)


@pytest.mark.parametrize("routing", [False, True])
def test_cross_validate_and_search_hand_over_groups(routing):
    cv = GroupStratifiedKFold(2)
    expected = [test.tolist() for _, test in cv.split(X, CLASSES, PARTS)]
    with sklearn.config_context(enable_metadata_routing=routing):
        groups = {"params": {"groups": PARTS}} if routing else {"groups": PARTS}
        result = cross_validate(DummyClassifier(), X, CLASSES, cv=cv, return_indices=True, **groups)
        search = GridSearchCV(
            DummyClassifier(), {"strategy": ["prior"]}, cv=cv, error_score="raise"
        )
        search.fit(X, CLASSES, groups=PARTS)
    assert [test.tolist() for test in result["indices"]["test"]] == expected
    assert search.n_splits_ == 2


def test_carried_groups_in_cross_validate():
    cv = GroupStratifiedKFold(2)
    result = cross_validate(
        DummyClassifier(), GroupedArray(X, PARTS), CLASSES, cv=cv, return_indices=True
    )
    expected = [test.tolist() for _, test in cv.split(X, CLASSES, PARTS)]
    assert [test.tolist() for test in result["indices"]["test"]] == expected


def test_request_can_be_renamed():
    with sklearn.config_context(enable_metadata_routing=True):
        cv = GroupStratifiedKFold(2).set_split_request(groups="hospital")
        params = {"hospital": PARTS}
        result = cross_validate(DummyClassifier(), X, CLASSES, cv=cv, params=params)
    assert len(result["test_score"]) == 2


def test_repr_and_pickle():
    cv = GroupStratifiedKFold(3, shuffle=True, random_state=7)
    assert repr(cv) == "GroupStratifiedKFold(n_splits=3, random_state=7, shuffle=True)"
    copy = pickle.loads(pickle.dumps(cv))
    for (_, test), (_, again) in zip(
        cv.split(X, CLASSES, PARTS), copy.split(X, CLASSES, PARTS), strict=True
    ):
        np.testing.assert_array_equal(test, again)


@pytest.mark.parametrize(
    ("y", "groups", "error", "text"),
    [
        (CLASSES, None, GroupsError, "got no groups and X carries none: pass `groups=`"),
        (None, PARTS, ValueError, "got y=None: pass the class labels"),
        (CLASSES, PARTS[:5], GroupsError, "groups has 5 entries, but there are 12 samples"),
        (CLASSES[:5], PARTS, ValueError, "inconsistent numbers of samples"),
        (X[:, 0] + 0.25, PARTS, ValueError, "Unknown label type: continuous"),
    ],
)
def test_errors(y, groups, error, text):
    with pytest.raises(error, match=text):
        next(GroupStratifiedKFold(2).split(X, y, groups))


def test_more_folds_than_rows():
    with pytest.raises(ValueError, match="n_splits=5 is more than the 3 rows"):
        next(GroupStratifiedKFold(5).split(np.zeros(3), [0, 0, 1], [0, 1, 1]))


def test_pandas_indexes_must_agree():
    y, groups = pd.Series(CLASSES), pd.Series(PARTS, index=range(1, 13))
    with pytest.raises(GroupsError, match="groups and y have different pandas indexes"):
        next(GroupStratifiedKFold(2).split(X, y, groups))


def test_constructor_checks_are_scikit_learn_s():
    with pytest.raises(ValueError, match="n_splits=1"):
        GroupStratifiedKFold(1)
    with pytest.raises(ValueError, match="random_state"):
        GroupStratifiedKFold(2, random_state=0)
