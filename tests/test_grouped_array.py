"""GroupedArray: labels stay with their rows, or they are gone; they are never beside the wrong row.

Every value of X names its row (row * 100 + column) and every label does (row * 7), so alignment can
be read off any result, whatever operation made it.
"""

import copy
import pickle
import random

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skgroup import GroupedArray, get_groups
from skgroup.exceptions import GroupsError

# Assigning to `shape` warns since numpy 2.5; it must not misalign as long as it works.
pytestmark = pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")

SHAPES = st.sampled_from([(5,), (1,), (4, 3), (3, 3), (1, 4), (6, 1), (3, 2, 2), (2, 2, 2)])


def numbered(*shape):
    """A fresh array whose values name their rows, and its labels."""
    columns = np.arange(int(np.prod(shape[1:])))
    return np.add.outer(100 * np.arange(shape[0]), columns).reshape(shape), 7 * np.arange(shape[0])


def grouped(*shape):
    return GroupedArray(*numbered(*shape))


def assert_aligned(result):
    """Carried labels are those of the rows that the values name."""
    groups = get_groups(result)
    if groups is None:
        return
    assert groups.shape == result.shape[:1]
    if result.size:
        rows = np.asarray(result).reshape(len(result), -1) // 100
        assert (rows == groups[:, None] // 7).all()


def row_indices(n):
    """Index expressions for whole rows, those that scikit-learn's splitters use among them."""
    numbers = st.lists(st.integers(-n, n - 1), max_size=7)
    masks = st.lists(st.booleans(), min_size=n, max_size=n)
    dtypes = st.sampled_from([np.int64, np.int32, np.intp])
    return st.one_of(
        st.slices(n),
        numbers,
        masks,
        masks.map(np.array),
        st.builds(np.array, numbers, dtypes),
        st.builds(np.array, st.lists(st.integers(0, n - 1)), st.just(np.uint8)),
        st.builds(range, st.integers(0, n), st.integers(0, n)),
        masks.map(pd.Series),
    )


@given(st.data(), SHAPES, st.booleans())
def test_row_indexing_keeps_the_groups(data, shape, with_ellipsis):
    X, groups = numbered(*shape)
    rows = data.draw(row_indices(len(X)))
    result = GroupedArray(X, groups)[(rows, ...) if with_ellipsis else rows]
    plain = np.asarray(rows, dtype=int) if isinstance(rows, list) and not rows else rows
    np.testing.assert_array_equal(result, X[plain], strict=False)
    np.testing.assert_array_equal(result.groups, groups[plain])
    assert not result.flags.writeable


def any_indices(shape):
    n = shape[0]
    columns = st.one_of(st.just(...), st.none(), st.just(0), st.slices(n), st.just([0]))
    return st.one_of(
        hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True),
        hnp.integer_array_indices(shape[:1]),
        hnp.integer_array_indices(shape),
        hnp.arrays(bool, shape),
        st.tuples(row_indices(n), columns),
        st.tuples(row_indices(n)),
        st.tuples(st.integers(0, n - 1), st.just(...)),
        st.tuples(st.just(...), row_indices(n)),
        st.sampled_from([True, False, None, ..., (), np.int64(0), np.array(0)]),
    )


@given(st.data(), SHAPES)
def test_any_index_gives_the_plain_values_and_never_wrong_groups(data, shape):
    X, groups = numbered(*shape)
    index = data.draw(any_indices(shape))
    try:
        expected = X[index]
    except IndexError:
        with pytest.raises(IndexError):
            GroupedArray(X, groups)[index]
        return
    result = GroupedArray(X, groups)[index]
    np.testing.assert_array_equal(result, expected)
    assert_aligned(result)


# Steps that give the values of some rows, in some order; some keep the groups, some must drop them.
STEPS = {
    "reversed": lambda X, rows: X[::-1],
    "picked": lambda X, rows: X[rows],
    "masked": lambda X, rows: X[np.isin(np.arange(len(X)), rows)],
    "with all columns": lambda X, rows: X[rows, ...],
    "taken": lambda X, rows: X.take(rows, axis=0),
    "rolled": lambda X, rows: np.roll(X, 1, axis=0),
    "sorted": lambda X, rows: np.sort(X, axis=0)[::-1],
    "joined": lambda X, rows: np.concatenate([X[rows], X]),
    "repeated": lambda X, rows: np.repeat(X, 2, axis=0),
    "deleted": lambda X, rows: np.delete(X, rows[:1], axis=0),
    "computed": lambda X, rows: X + 0,
    "copied": lambda X, rows: copy.deepcopy(X),
    "pickled": lambda X, rows: pickle.loads(pickle.dumps(X)),
    "there and back": lambda X, rows: X.T.T,
    "a view": lambda X, rows: X.view(),
    "wrapped anew": lambda X, rows: GroupedArray(X, 7 * (np.asarray(X)[:, 0] // 100)),
}
KEEP = {"reversed", "picked", "masked", "with all columns", "pickled", "wrapped anew"}


@given(st.data(), st.lists(st.sampled_from(sorted(STEPS)), max_size=8))
def test_after_any_steps_labels_are_beside_their_rows_or_gone(data, steps):
    """Groups survive exactly as long as every step keeps them; values are those of plain arrays."""
    X = grouped(4, 2)
    plain, kept = np.asarray(X), True
    for step in steps:
        n = len(X)
        rows = data.draw(st.lists(st.integers(0, n - 1), max_size=4)) if n else []
        rows = np.array(rows, dtype=int)
        if step == "deleted" and not len(rows):
            continue
        X, plain = STEPS[step](X, rows), np.asarray(STEPS[step](plain, rows))
        kept = step == "wrapped anew" or (kept and step in KEEP)
        np.testing.assert_array_equal(np.asarray(X), plain)
        assert (get_groups(X) is not None) == kept
        assert_aligned(X)


def test_index_tensors():
    X = grouped(4, 2)
    assert X[torch.tensor([2, 0])].groups.tolist() == [14, 0]
    assert X[torch.tensor([True, False, False, True])].groups.tolist() == [0, 21]
    # To numpy a tensor with one element is an integer.
    assert X[torch.tensor([2])].tolist() == [200, 201]
    assert get_groups(X[torch.tensor([2])]) is None


@pytest.mark.parametrize("columns", [slice(None), slice(1), [1], 0, [True, False], None])
def test_picking_columns_drops_the_groups(columns):
    X, groups = numbered(2, 2)
    for rows in (slice(None), [1, 0], np.array([True, False])):
        result = GroupedArray(X, groups)[rows, columns]
        np.testing.assert_array_equal(result, X[rows, columns])
        assert get_groups(result) is None


def test_indexing_down_to_scalars_and_fields():
    assert grouped(3)[1] == 100
    records = np.zeros(3, dtype=[("a", int), ("b", float)])
    records["a"] = [1, 2, 3]
    X = GroupedArray(records, [0, 0, 1])
    assert X["a"].tolist() == [1, 2, 3]
    assert X[["a", "b"]].dtype.names == ("a", "b")
    assert X[[2, 0]].groups.tolist() == [1, 0]


def assign_shape(X):
    X = X[:]
    X.shape = X.shape[::-1]
    return X


ROTATE = [2, 0, 1]
MOVES = {
    "view": lambda X: X.view(),
    "T": lambda X: X.T,
    "einsum": lambda X: np.einsum("ij->ji", X),
    "reshape": lambda X: X.reshape(X.shape[::-1]),
    "same reshape": lambda X: X.reshape(X.shape),
    "flatten": lambda X: X.flatten(),
    "squeeze": np.squeeze,
    "shape assignment": assign_shape,
    "take": lambda X: X.take(ROTATE, axis=0),
    "np.take": lambda X: np.take(X, ROTATE, axis=1),
    "repeat": lambda X: X.repeat(2, axis=0),
    "sort": lambda X: np.sort(X, axis=0),
    "sort descending": lambda X: -np.sort(-X, axis=0),
    "take_along_axis": lambda X: np.take_along_axis(X, np.argsort(-X, axis=0), axis=0),
    "partition": lambda X: np.partition(X, 1, axis=0),
    "roll": lambda X: np.roll(X, 1, axis=0),
    "flipud": np.flipud,
    "concatenate": lambda X: np.concatenate([X[::-1], X]),
    "delete": lambda X: np.delete(X, 0, axis=0),
    "broadcast_to": lambda X: np.broadcast_to(X[0], X.shape, subok=True),
    "where": lambda X: np.where(X > 0, X, X[::-1]),
    "copy": lambda X: X.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "astype": lambda X: X.astype(float),
    "astype same": lambda X: X.astype(X.dtype, copy=False),
    "real": np.real,
    "clip": lambda X: X.clip(0, 1000),
    "max": lambda X: X.max(axis=1),
    "permutation": lambda X: np.random.default_rng(0).permutation(X),
    "empty_like": lambda X: np.zeros_like(X),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES.keys())
@pytest.mark.parametrize("shape", [(3, 3), (3, 4)])
def test_what_moves_values_never_leaves_groups_beside_other_rows(move, shape):
    X, groups = numbered(*shape)
    result = move(GroupedArray(X, groups))
    np.testing.assert_array_equal(result, move(X))
    assert_aligned(result)


ITSELF = {"flipud", "astype same", "real", "squeeze"}  # row indexing, or X as it is


@pytest.mark.parametrize("name", sorted(MOVES.keys() - ITSELF))
def test_only_row_indexing_carries_groups(name):
    assert get_groups(MOVES[name](grouped(3, 4))) is None


OTHERS = {
    "add": lambda X: X + 1,
    "radd": lambda X: 1 + X,
    "matmul": lambda X: X @ X,
    "compare": lambda X: X == X,
    "where=": lambda X: np.add(X, 1, out=np.zeros(X.shape, int), where=X > 100),
    "outer": lambda X: np.subtract.outer(X, [1]),
    "sum": lambda X: X.sum(axis=0),
    "mean": lambda X: X.mean(),
    "argsort": lambda X: X.argsort(axis=0),
    "argmax": lambda X: X.argmax(axis=0),
    "asarray": np.asarray,
    "linalg": lambda X: np.linalg.norm(X, axis=1),
}


@pytest.mark.parametrize("operation", OTHERS.values(), ids=OTHERS.keys())
def test_computing_gives_the_plain_result_without_groups(operation):
    X, groups = numbered(3, 3)
    result = operation(GroupedArray(X, groups))
    np.testing.assert_array_equal(result, operation(X))
    assert get_groups(result) is None


def test_ufuncs_give_plain_arrays_and_scalars():
    X = grouped(3, 2)
    assert type(X + 1) is np.ndarray
    assert type(X.sum()) is np.int64
    out = X.copy()
    assert get_groups(np.add(X, 1, out=out)) is None
    np.testing.assert_array_equal(out, numbered(3, 2)[0] + 1)


def shuffle_in_place(X):
    random.Random(0).shuffle(X)


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X.__iadd__(1),
        lambda X: X.__setitem__(0, 1),
        lambda X: X.sort(axis=0),
        lambda X: X.fill(0),
        lambda X: np.add(X, 1, out=X),
        lambda X: np.add.at(X, 0, 1),
        lambda X: np.copyto(X, 0),
        np.random.shuffle,
        np.random.default_rng(0).shuffle,
        shuffle_in_place,
    ],
)
@pytest.mark.parametrize("derive", [lambda X: X, lambda X: X[::-1], lambda X: X[[2, 0, 1]]])
def test_nothing_changes_it_in_place(change, derive):
    base, groups = numbered(3, 3)
    X = derive(GroupedArray(base, groups))
    before = np.array(X)
    with pytest.raises(ValueError, match="read-only"):
        change(X)
    np.testing.assert_array_equal(X, before)
    assert_aligned(X)
    np.testing.assert_array_equal(base, numbered(3, 3)[0])


def test_the_arrays_of_the_caller_stay_writable_and_apart():
    X, groups = numbered(3, 2)
    wrapped = GroupedArray(X, groups)
    assert np.shares_memory(X, wrapped)
    assert X.flags.writeable
    assert groups.flags.writeable
    groups[0] = 99
    assert wrapped.groups.tolist() == [0, 7, 14]
    with pytest.raises(ValueError, match="read-only"):
        wrapped.groups[0] = 1
    copied = wrapped.copy()
    copied[0] = 5  # a copy carries no groups, so that it may change
    assert X[0].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("X", "groups", "shapes"),
    [
        (np.eye(3), [0, 1], r"\(2,\), but X has shape \(3, 3\)"),
        (np.eye(2), np.eye(2), r"\(2, 2\), but X has shape \(2, 2\)"),
        (np.eye(2), 1, r"\(\), but X has shape \(2, 2\)"),
        (1.0, [1], r"\(1,\), but X has shape \(\)"),
        (np.float64(1), 1, r"\(\), but X has shape \(\)"),
    ],
)
def test_one_label_per_row(X, groups, shapes):
    with pytest.raises(GroupsError, match=f"shape {shapes}: give one label per row of X"):
        GroupedArray(X, groups)


def test_labels_keep_their_meaning():
    X = np.eye(3)
    assert GroupedArray(X, ["a", None, float("nan")]).groups.tolist()[:2] == ["a", None]
    assert np.isnan(GroupedArray(X, ["a", float("nan"), "b"]).groups[1])  # not the label "nan"
    assert GroupedArray(X, ["a", "b", "c"]).groups.dtype == "<U1"
    assert GroupedArray(X, pd.Series(["a", "b", "a"], index=[5, 6, 7])).groups.tolist() == [*"aba"]
    assert GroupedArray(GroupedArray(X, [0, 1, 2]), [3, 4, 5]).groups.tolist() == [3, 4, 5]
    assert GroupedArray(X[:0], []).groups.shape == (0,)


@pytest.mark.parametrize("X", [None, [[1]], np.eye(2), pd.DataFrame([[1]]), {"a": 1}, "text"])
def test_nothing_else_carries_groups(X):
    assert get_groups(X) is None
