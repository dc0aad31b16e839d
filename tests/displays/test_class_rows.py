import numpy as np
import pandas as pd
import pytest

from skgroup import ErrorGroupInferrer, GradientGroupInferrer
from skgroup.datasets import make_group_blobs
from skgroup.displays._class_rows import inferred_rows, known_rows
from skgroup.exceptions import GroupsError

X, Y, TRUE = make_group_blobs(40, variance=0.01, random_state=0)
NAMES = np.array(["no", "yes"])[Y]


def test_rows_groups_and_reductions_are_those_of_the_inferrer():
    inferrer = GradientGroupInferrer(k=2, pca=1, random_state=0).fit(X, NAMES)
    panels = inferred_rows(inferrer, X, pd.Series(NAMES, name="answer"), None)
    assert [p.title for p in panels] == ["answer no", "answer yes"]
    Z = inferrer.embed(X, NAMES)
    for c, panel in enumerate(panels):
        np.testing.assert_array_equal(panel.Z, Z[c == Y])
        np.testing.assert_array_equal(panel.groups, inferrer.groups_[c == Y])
        assert panel.reduction is inferrer._parts.parts[c].embedding.pca
        assert panel.names == ["0", "1", "2", "3"]


def test_known_groups_take_the_place_of_inferred_ones():
    inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, Y)
    attribute = np.where(TRUE % 2, "water", "land").astype(object)
    attribute[0] = None
    panels = inferred_rows(inferrer, X, Y, attribute)
    assert panels[0].names == ["land", "water"]
    codes = np.where(np.arange(len(Y)) == 0, -1, TRUE % 2)
    for c, panel in enumerate(panels):
        np.testing.assert_array_equal(panel.groups, codes[c == Y])


def test_a_space_that_classes_share_is_one_panel_unless_they_are_told_apart():
    inferrer = GradientGroupInferrer(k=2, scope="global", random_state=0).fit(X, Y)
    (whole,) = inferred_rows(inferrer, X, Y, None, by_class=False)
    assert whole.title == "all classes"
    np.testing.assert_array_equal(whole.Z, inferrer.embed(X, Y))
    assert [len(p.Z) for p in inferred_rows(inferrer, X, Y, None)] == np.bincount(Y).tolist()


def test_without_classes_the_reference_says_which():
    inferrer = ErrorGroupInferrer(random_state=0).fit(X, Y)
    panels = inferred_rows(inferrer, X, None, None)
    predicted = inferrer._probabilities(X).argmax(axis=1)
    assert [len(p.Z) for p in panels] == np.bincount(predicted).tolist()
    assert panels[0].reduction is None


def test_known_rows_are_split_by_class():
    Z = np.arange(8.0).reshape(4, 2)
    first, second = known_rows(Z, ["b", "a", None, "b"], [1, 0, 0, 1])
    assert (first.title, second.title) == ("class 0", "class 1")
    assert first.names == second.names == ["a", "b"]
    assert first.groups.tolist() == [0, -1]
    np.testing.assert_array_equal(second.Z, Z[[0, 3]])
    (whole,) = known_rows(Z.astype(np.float32), [1, 2, 3, 3], None)
    assert whole.title == "all rows"
    assert whole.Z.dtype == np.float64


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (([], [], None), GroupsError, "Z is empty"),
        (([[1.0], [2.0]], [1], None), GroupsError, "groups has 1 entries"),
        (([[1.0], [2.0]], [1, 2], [0]), ValueError, "inconsistent numbers of samples"),
        (([[1.0], [np.nan]], [1, 2], None), ValueError, "NaN"),
    ],
)
def test_rows_that_do_not_fit_are_refused(arguments, error, text):
    with pytest.raises(error, match=text):
        known_rows(*arguments)


def test_pandas_rows_in_another_order_are_refused():
    y = pd.Series([0, 1], index=[1, 0])
    with pytest.raises(GroupsError, match="different pandas indexes"):
        known_rows(pd.DataFrame({"a": [1.0, 2.0]}), [0, 1], y)
