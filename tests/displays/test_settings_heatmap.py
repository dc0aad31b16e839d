import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgroup import GradientGroupInferrer, GroupDROClassifier, GroupInferrerSearch
from skgroup.datasets import make_group_blobs
from skgroup.displays import SettingsHeatmapDisplay
from skgroup.exceptions import UnusableSplitWarning

X, Y, _ = make_group_blobs(60, variance=0.05, random_state=0)


def cells(display, panel=0):
    return np.ma.filled(display.images_[panel].get_array(), np.nan)


def texts(labels):
    return [label.get_text() for label in labels]


def framed(display, panel=0):
    frame = display.frames_[panel]
    x, y = frame.get_xy()
    return y + 0.5, x + 0.5


def test_cells_are_the_results_of_a_grid_search():
    pipe = make_pipeline(
        StandardScaler(),
        GradientGroupInferrer(reference="linear", noise_neighbors=None, random_state=0),
    )
    step = "gradientgroupinferrer__"
    grid = {f"{step}k": [3, 2], f"{step}scale": ["unit", "rms"], f"{step}pca": [2, None]}
    search = GridSearchCV(pipe, grid, cv=2).fit(X[::3], Y[::3])
    display = SettingsHeatmapDisplay.from_estimator(search, settings=("k", "scale"))
    table = pd.DataFrame(search.cv_results_).pivot_table(
        "mean_test_score", f"param_{step}scale", f"param_{step}k", aggfunc="max"
    )
    np.testing.assert_allclose(cells(display), table.to_numpy())
    ax = display.ax_
    assert texts(ax.get_xticklabels()) == ["2", "3"]
    assert texts(ax.get_yticklabels()) == ["rms", "unit"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("k", "scale")
    best = search.best_params_
    row, column = list(table.index), list(table.columns)
    assert framed(display) == (row.index(best[f"{step}scale"]), column.index(best[f"{step}k"]))
    with pytest.raises(ValueError, match="one or two names"):
        SettingsHeatmapDisplay.from_estimator(search)  # three differ


def test_cells_are_the_results_of_a_search_of_inferrers():
    candidates = [GradientGroupInferrer(k=k, scale=s) for s in ("unit", "rms") for k in (2, 3)]
    judge = GroupDROClassifier(hidden_layer_sizes=(), max_epochs=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusableSplitWarning)
        search = GroupInferrerSearch(candidates, judge=judge, random_state=0).fit(X, Y)
    display = SettingsHeatmapDisplay.from_estimator(search)
    assert display.settings == ("k", "scale")
    np.testing.assert_array_equal(cells(display).ravel()[[2, 3, 0, 1]], search.results_["score"])
    assert framed(display) == (1 - search.best_index_ // 2, search.best_index_ % 2)
    other = SettingsHeatmapDisplay.from_estimator(search, score="average_accuracy")
    expected = search.results_["average_accuracy"]
    np.testing.assert_array_equal(cells(other).ravel()[[2, 3, 0, 1]], expected)


def test_a_density_inferrer_shows_what_it_has_chosen_among():
    inferrer = GradientGroupInferrer(
        clusterer="dbscan", eps=None, min_samples=None, random_state=0
    ).fit(X, Y)
    display = SettingsHeatmapDisplay.from_estimator(inferrer, X, pd.Series(Y, name="label"))
    assert [ax.get_title() for ax in display.axes_] == ["label 0", "label 1"]
    for c, used in inferrer.settings_.items():
        ax, (i, j) = display.axes_[c], framed(display, c)
        assert texts(ax.get_xticklabels())[int(j)] == f"{used['eps']:.4g}"
        assert texts(ax.get_yticklabels())[int(i)] == str(used["min_samples"])
        assert cells(display, c)[int(i), int(j)] == pytest.approx(np.nanmax(cells(display, c)))
    first, second = (image.get_clim() for image in display.images_)
    assert first == second


def test_a_space_of_all_classes_is_one_map():
    inferrer = GradientGroupInferrer(
        clusterer="dbscan", eps=0.1, min_samples=10, scope="global", random_state=0
    ).fit(X, Y)
    display = SettingsHeatmapDisplay.from_estimator(inferrer, X, Y)
    assert len(display.axes_) == 1


@pytest.mark.parametrize("kind", [dict, pd.DataFrame])
def test_a_table_is_drawn_with_its_gaps(kind):
    results = kind({"eps": [0.1, 0.1, 0.3], "m": [5, 10, 5], "score": [0.4, 0.7, 0.2]})
    display = SettingsHeatmapDisplay.from_results(results, ("eps", "m"))
    np.testing.assert_array_equal(cells(display), [[0.4, 0.2], [0.7, np.nan]])
    assert [[t.get_text() for t in row] for row in display.texts_[0]] == [
        ["0.40", "0.20"],
        ["0.70", ""],
    ]
    assert framed(display) == (1, 0)


def test_one_setting_is_one_row():
    display = SettingsHeatmapDisplay.from_results({"k": [2, 3], "score": [0.1, 0.2]}, ["k"])
    assert cells(display).tolist() == [[0.1, 0.2]]
    assert len(display.ax_.get_yticks()) == 0


def test_large_tables_and_small_axes_are_drawn():
    first, second = np.divmod(np.arange(900), 30)
    results = {"a": first / 7, "b": second, "score": first + second}
    figure, ax = plt.subplots(figsize=(2, 2))
    display = SettingsHeatmapDisplay.from_results(results, ("a", "b"), ax=ax, colorbar=False)
    figure.canvas.draw()
    assert display.ax_ is ax
    assert display.texts_ == [None]
    np.testing.assert_array_equal(cells(display), np.arange(30)[:, None] + np.arange(30))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"settings": ("a", "b", "c")}, "one or two names"),
        ({"settings": ("a", "c")}, "no column for 'c'"),
        ({"score": "silhouette"}, "no score 'silhouette'"),
        ({"results": {"a": [], "b": [], "score": []}}, "no candidates"),
        ({"aggregate": "median"}, "aggregate"),
    ],
)
def test_tables_that_cannot_be_drawn_are_refused(change, text):
    arguments = {"results": {"a": [1], "b": [2], "score": [3]}, "settings": ("a", "b")} | change
    with pytest.raises(ValueError, match=text):
        SettingsHeatmapDisplay.from_results(**arguments)


def test_estimators_without_settings_are_refused():
    with pytest.raises(TypeError, match="must be a group inferrer"):
        SettingsHeatmapDisplay.from_estimator(LogisticRegression().fit(X, Y), X, Y)
    with pytest.raises(NotFittedError):
        SettingsHeatmapDisplay.from_estimator(GroupInferrerSearch(), X, Y)
    inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match="Only clusterer='dbscan'"):
        SettingsHeatmapDisplay.from_estimator(inferrer, X, Y)
    density = GradientGroupInferrer(
        clusterer="dbscan", eps=0.1, min_samples=20, random_state=0
    ).fit(X, Y)
    with pytest.raises(ValueError, match="pass such an inferrer with X and y"):
        SettingsHeatmapDisplay.from_estimator(density)
    with pytest.raises(ValueError, match="rows of 1 of the 2 classes"):
        SettingsHeatmapDisplay.from_estimator(density, X[Y == 0], Y[Y == 0])
