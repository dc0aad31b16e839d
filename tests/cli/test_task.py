import numpy as np
import pandas as pd
import pytest

from skgroup.cli._refusal import Refusal
from skgroup.cli._task import Task


def test_columns_are_taken_apart(people):
    kept = people.copy()
    task = Task.create(people, "label", ["side", "town"])
    assert task.X.columns.tolist() == ["core", "shortcut", "noise", "town", "side"]
    np.testing.assert_array_equal(task.y, people["label"])
    assert task.groups.columns.tolist() == ["side", "town"]
    assert task.notes == ()
    pd.testing.assert_frame_equal(people, kept)
    dropped = Task.create(people, "label", ["side"], drop_groups=True)
    assert dropped.X.columns.tolist() == ["core", "shortcut", "noise", "town"]


def test_rows_without_a_target_are_left_out(people):
    holes = people.astype({"label": float})
    holes.loc[[3, 7], "label"] = np.nan
    task = Task.create(holes, "label")
    assert len(task.X) == len(task.y) == 398
    assert {3, 7}.isdisjoint(task.rows)
    assert task.rows[-1] == 399
    assert task.y.dtype == np.int64
    assert task.notes == ("2 rows without 'label' are left out.",)


def test_columns_that_say_nothing_are_left_out_and_named(people):
    more = people.assign(
        id=np.arange(400), name=[f"p{i}" for i in range(400)], one=1, none=np.nan,
        score=np.random.default_rng(0).permutation(400),
    )  # fmt: skip
    task = Task.create(more, "label")
    assert task.X.columns.tolist() == [*people.columns.drop("label"), "score"]
    assert task.notes == (
        "column 'id' is left out: it numbers the rows.",
        "column 'name' is left out: 400 different texts in 400 rows name rows.",
        "column 'one' is left out: all its values are equal.",
        "column 'none' is left out: it is empty or constant.",
    )


@pytest.mark.parametrize(
    ("target", "groups", "says"),
    [
        ("lable", [], "--target: there is no column 'lable'. Did you mean 'label'"),
        ("label", ["race"], "--groups: there is no column 'race'"),
        ("label", ["label"], "'label' is the target"),
        ("core", [], "different values: name a column of at most 20 classes"),
        ("one", [], "holds only 1: at least two classes"),
        ("none", [], "is empty: at least two classes"),
    ],
)
def test_columns_that_cannot_be_used_are_refused(people, target, groups, says):
    with pytest.raises(Refusal, match=says):
        Task.create(people.assign(one=1, none=np.nan), target, groups)


def test_a_name_that_two_columns_have(people):
    with pytest.raises(Refusal, match="more than one column 'core'"):
        Task.create(pd.concat([people, people["core"]], axis=1), "label")


def test_nothing_left_to_learn_from():
    with pytest.raises(Refusal, match="no column left"):
        Task.create(pd.DataFrame({"a": [1, 1], "y": [0, 1]}), "y")


def test_labels_may_be_text():
    frame = pd.DataFrame({"a": [1, 2, 3], "y": ["no", "yes", None]})
    task = Task.create(frame, "y")
    assert task.y.tolist() == ["no", "yes"]
    assert task.rows.tolist() == [0, 1]
