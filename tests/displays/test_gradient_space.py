import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from skgroup import ErrorGroupInferrer, GradientGroupInferrer
from skgroup.datasets import make_shortcut_classification
from skgroup.displays import GradientSpaceDisplay
from skgroup.displays._palette import NAMED_COLOURS, OUTLIER_COLOUR
from skgroup.exceptions import GroupsError

X, Y, TRUE = make_shortcut_classification(600, n_features=12, random_state=0)
INFERRER = GradientGroupInferrer(k=2, random_state=0).fit(X, Y)


def test_offsets_are_the_first_two_components_of_each_group():
    display = GradientSpaceDisplay.from_estimator(INFERRER, X, Y)
    Z = INFERRER.embed(X, Y)
    assert Z.shape[1] == 10
    drawn = {g: s for panel in display.scatters_ for g, s in panel.items()}
    assert sorted(drawn) == np.unique(INFERRER.groups_).tolist()
    for group, scatter in drawn.items():
        np.testing.assert_array_equal(scatter.get_offsets(), Z[INFERRER.groups_ == group, :2])
    assert [ax.get_title() for ax in display.axes_] == ["class 0", "class 1"]
    assert display.ax_ is display.axes_[0]
    assert display.figure_ is display.ax_.figure


def test_without_a_reduction_the_components_of_each_class_are_drawn():
    inferrer = GradientGroupInferrer(k=2, pca=None, random_state=0).fit(X, Y)
    display = GradientSpaceDisplay.from_estimator(inferrer, X, pd.Series(Y, name="label"))
    own = inferrer.predict(X, Y)
    components = PCA(2).fit_transform(inferrer.embed(X, Y)[Y == 1])
    for group, scatter in display.scatters_[1].items():
        expected = components[own[Y == 1] == group]
        np.testing.assert_allclose(np.abs(scatter.get_offsets()), np.abs(expected), atol=1e-8)
    assert display.axes_[1].get_title() == "label 1"


def test_outliers_are_black_crosses_and_groups_have_colours_of_their_own():
    Z = np.random.default_rng(0).normal(size=(40, 2))
    groups = np.repeat([-1, 0, 1, 2], 10)
    (panel,) = GradientSpaceDisplay.from_predictions(Z, groups).scatters_
    colours = {g: mpl.colors.to_hex(s.get_facecolor()[0]) for g, s in panel.items()}
    assert colours == {-1: OUTLIER_COLOUR, **dict(enumerate(NAMED_COLOURS[:3]))}
    cross, dot = panel[-1].get_paths()[0], panel[0].get_paths()[0]
    assert len(cross.vertices) == 4 < len(dot.vertices)
    legend = [t.get_text() for t in panel[0].axes.get_legend().get_texts()]
    assert legend == ["outliers (n = 10)", "0 (n = 10)", "1 (n = 10)", "2 (n = 10)"]


def test_a_group_has_one_colour_in_all_panels():
    attribute = np.where(TRUE % 2, "water", "land")
    display = GradientSpaceDisplay.from_estimator(INFERRER, X, Y, attribute)
    first, second = ([s[g].get_facecolor().tolist() for g in (0, 1)] for s in display.scatters_)
    assert first == second
    assert first[0] != first[1]


def test_a_single_dimension_is_drawn_against_shares():
    inferrer = ErrorGroupInferrer(random_state=0).fit(X, Y)
    display = GradientSpaceDisplay.from_estimator(inferrer, X, Y)
    offsets = np.asarray(display.scatters_[0][0].get_offsets())
    own = (Y == 0) & (inferrer.groups_ == 0)
    np.testing.assert_array_equal(offsets[:, 0], inferrer.embed(X, Y)[own, 0])
    assert sorted(offsets[:, 1]) == (np.arange(own.sum()) / own.sum()).tolist()


def test_many_groups_are_named_where_they_lie():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 20)
    Z = rng.normal(size=(30, 2)).repeat(20, axis=0) + 0.01 * rng.normal(size=(600, 2))
    display = GradientSpaceDisplay.from_predictions(Z, groups)
    assert display.ax_.get_legend() is None
    names = {t.get_text(): t.get_position() for t in display.ax_.texts}
    assert list(names) == [str(g) for g in range(30)]
    assert names["7"] == tuple(np.median(Z[groups == 7], axis=0))


def test_a_part_of_many_rows_is_drawn_the_same_each_time():
    settings = {"max_rows": 100}
    one, two = (
        GradientSpaceDisplay.from_estimator(INFERRER, X, Y, **settings).scatters_[0][0]
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.get_offsets(), two.get_offsets())
    assert len(one.get_offsets()) < (INFERRER.groups_ == 0).sum()


def test_single_axes_are_divided_and_several_used():
    _, ax = plt.subplots()
    display = GradientSpaceDisplay.from_estimator(INFERRER, X, Y, ax=ax)
    assert display.ax_ is ax
    assert not ax.axison
    assert len(display.axes_) == 2
    _, axes = plt.subplots(1, 2)
    display = GradientSpaceDisplay.from_estimator(INFERRER, X, Y, ax=axes, scatter_kw={"s": 3})
    assert display.axes_.tolist() == axes.tolist()
    assert display.scatters_[0][0].get_sizes().tolist() == [3]


def test_bad_input_is_refused():
    model = LogisticRegression().fit(X, Y)
    with pytest.raises(TypeError, match="must be a group inferrer"):
        GradientSpaceDisplay.from_estimator(model, X, Y)
    with pytest.raises(NotFittedError):
        GradientSpaceDisplay.from_estimator(GradientGroupInferrer(), X, Y)
    with pytest.raises(GroupsError, match="Z is empty"):
        GradientSpaceDisplay.from_predictions([], [])
    with pytest.raises(ValueError, match="minimum of 1"):
        GradientSpaceDisplay.from_estimator(INFERRER, X[:0], Y[:0])
    with pytest.raises(ValueError, match="reduction"):
        GradientSpaceDisplay.from_estimator(INFERRER, X, Y, reduction="tsne")
    with pytest.raises(ValueError, match="2 panels"):
        GradientSpaceDisplay.from_estimator(INFERRER, X, Y, ax=[plt.figure().subplots()])
