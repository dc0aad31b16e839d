import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.cluster import contingency_matrix

from skgroup import GradientGroupInferrer
from skgroup.datasets import make_shortcut_classification
from skgroup.displays import GroupContingencyDisplay
from skgroup.exceptions import GroupsError
from skgroup.metrics import within_class_ari

X, Y, TRUE = make_shortcut_classification(600, random_state=0)
INFERRER = GradientGroupInferrer(k=2, random_state=0).fit(X, Y)
RNG = np.random.default_rng(0)


def texts(labels):
    return [label.get_text() for label in labels]


@pytest.mark.parametrize("normalize", ["true", "inferred", None])
def test_cells_are_the_contingency_table(normalize):
    true, found = RNG.integers(3, size=200), RNG.integers(4, size=200)
    display = GroupContingencyDisplay.from_predictions(true, found, normalize=normalize)
    counts = contingency_matrix(true, found)
    np.testing.assert_array_equal(display.counts, counts)
    axis = {"true": 1, "inferred": 0}.get(normalize)
    shares = counts if axis is None else counts / counts.sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(display.im_.get_array(), shares)
    assert [[int(t.get_text()) for t in row] for row in display.text_] == counts.tolist()


def test_an_inferrer_is_compared_class_by_class():
    attribute = np.array(["land", "water"])[TRUE % 2]
    display = GroupContingencyDisplay.from_estimator(INFERRER, X, Y, attribute)
    np.testing.assert_array_equal(display.counts, contingency_matrix(TRUE, INFERRER.groups_))
    ax = display.ax_
    crossed = ["class 0, land", "class 0, water", "class 1, land", "class 1, water"]
    assert texts(ax.get_yticklabels()) == crossed
    assert texts(ax.get_xticklabels()) == [f"{g} (class {g // 2})" for g in range(4)]
    ari = within_class_ari(attribute, INFERRER.groups_, Y)
    assert ax.get_title() == f"ARI inside classes: {ari:.2f}"
    whole = GroupContingencyDisplay.from_estimator(INFERRER, X, Y, attribute, cross=False)
    np.testing.assert_array_equal(whole.counts, contingency_matrix(attribute, INFERRER.groups_))


def test_outliers_are_the_last_row_and_the_last_column():
    display = GroupContingencyDisplay.from_predictions(
        ["a", "b", None, "b"], [-1, 0, 0, -1], y=[0, 1, 1, 1]
    )
    assert display.true_names == ["a (class 0)", "b (class 1)", "outliers"]
    assert display.inferred_names == ["0 (class 1)", "outliers"]
    assert display.counts.tolist() == [[0, 1], [1, 1], [1, 0]]


def test_outliers_stay_out_of_groups_that_are_crossed():
    true = ["a", "b", "a", None, "b"]
    display = GroupContingencyDisplay.from_predictions(true, [0, 0, 1, 1, 2], y=[0, 0, 1, 1, 1])
    names = ["class 0, a", "class 0, b", "class 1, a", "class 1, b", "outliers"]
    assert display.true_names == names
    assert display.counts.tolist() == [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]]


def test_axes_are_called_what_pandas_calls_the_columns():
    true = pd.DataFrame({"sex": ["f", "m"], "race": ["x", "y"]})
    display = GroupContingencyDisplay.from_predictions(true, pd.Series([0, 1], name="cluster"))
    assert (display.ax_.get_ylabel(), display.ax_.get_xlabel()) == ("sex, race", "cluster")
    assert display.true_names == ["f, x", "m, y"]
    plain = GroupContingencyDisplay.from_predictions([0, 1], [0, 1])
    assert (plain.ax_.get_ylabel(), plain.ax_.get_xlabel()) == ("true group", "inferred group")
    assert plain.ax_.get_title() == ""


@pytest.mark.parametrize("n_groups", [1, 30])
def test_one_group_and_thirty_are_drawn(n_groups):
    true = np.arange(900) % n_groups
    display = GroupContingencyDisplay.from_predictions(true, true)
    display.figure_.canvas.draw()
    assert display.counts.tolist() == (np.eye(n_groups) * 900 / n_groups).tolist()
    assert len(display.ax_.get_yticklabels()) == n_groups


def test_axes_of_the_caller_are_used_and_small_cells_have_no_numbers():
    figure, ax = plt.subplots(figsize=(2, 1.5))
    true = np.arange(60) % 30
    display = GroupContingencyDisplay.from_predictions(true, true, ax=ax, colorbar=False)
    assert display.ax_ is ax
    assert figure.axes == [ax]
    assert display.text_ is None
    assert display.colorbar_ is None


def test_bad_input_is_refused():
    with pytest.raises(GroupsError, match="groups is empty"):
        GroupContingencyDisplay.from_predictions([], [])
    with pytest.raises(GroupsError, match="groups has 2 entries, but there are 3"):
        GroupContingencyDisplay.from_predictions(["a", "b"], [0, 1, 2])
    with pytest.raises(ValueError, match="normalize"):
        GroupContingencyDisplay.from_predictions([0, 1], [0, 1], normalize="all")
    with pytest.raises(TypeError, match="must be a group inferrer"):
        GroupContingencyDisplay.from_estimator(LogisticRegression().fit(X, Y), X, Y, TRUE)
    other = pd.Series(TRUE, index=np.arange(600) + 1)
    with pytest.raises(GroupsError, match="different pandas indexes"):
        GroupContingencyDisplay.from_estimator(INFERRER, X, pd.Series(Y), other)
