import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import silhouette_samples

from skgroup import GradientGroupInferrer
from skgroup.clustering import class_silhouette
from skgroup.datasets import make_group_blobs, make_shortcut_classification
from skgroup.displays import ClassSilhouetteDisplay
from skgroup.exceptions import GroupsError

X, Y, TRUE = make_shortcut_classification(600, random_state=0)
INFERRER = GradientGroupInferrer(k=2, random_state=0).fit(X, Y)


def values(band):
    return band.get_data().values


def test_bands_are_the_sorted_silhouettes_of_each_group():
    display = ClassSilhouetteDisplay.from_estimator(INFERRER, X, Y)
    Z, groups = INFERRER.embed(X, Y), INFERRER.groups_
    for c, bands in enumerate(display.bands_):
        own = silhouette_samples(Z[c == Y], groups[c == Y])
        assert sorted(bands) == np.unique(groups[c == Y]).tolist()
        for group, band in bands.items():
            expected = np.sort(own[groups[c == Y] == group])[::-1]
            np.testing.assert_allclose(values(band), expected, atol=1e-12)
            assert np.diff(band.get_data().edges) == pytest.approx(1)  # as high as it has rows


def test_mean_lines_are_class_silhouettes_and_their_mean_the_score():
    display = ClassSilhouetteDisplay.from_estimator(INFERRER, X, Y)
    Z, groups = INFERRER.embed(X, Y), INFERRER.predict(X, Y)
    means = [line.get_xdata()[0] for line in display.mean_lines_]
    expected = [class_silhouette(Z[c == Y], groups[c == Y], random_state=0) for c in (0, 1)]
    assert means == pytest.approx(expected, abs=1e-12)
    assert np.average(means, weights=np.bincount(Y)) == pytest.approx(INFERRER.score(X, Y))
    assert display.axes_[0].get_title() == f"class 0: mean {expected[0]:.2f}"


def test_outliers_are_one_more_group_at_the_bottom():
    X, y, _ = make_group_blobs(60, variance=0.05, random_state=0)
    inferrer = GradientGroupInferrer(
        clusterer="dbscan", eps=0.02, min_samples=10, random_state=0
    ).fit(X, y)
    assert (inferrer.groups_[y == 0] < 0).any()
    display = ClassSilhouetteDisplay.from_estimator(inferrer, X, y)
    bands = display.bands_[0]
    assert list(bands)[-1] == -1
    lowest = {group: band.get_data().edges[-1] for group, band in bands.items()}
    assert max(lowest, key=lowest.get) == -1
    assert display.axes_[0].texts[-1].get_text().startswith("outliers (n = ")


def test_bands_do_not_overlap_however_small_they_are():
    groups = np.repeat([0, 1, 2], [1, 2, 400])
    Z = groups[:, None] + np.random.default_rng(0).normal(size=(403, 2))
    (bands,) = ClassSilhouetteDisplay.from_predictions(Z, groups).bands_
    edges = np.concatenate([bands[g].get_data().edges for g in range(3)])
    assert np.all(np.diff(edges) > 0)
    texts = [t.get_position()[1] for t in plt.gca().texts]
    assert np.all(np.diff(texts) > 10)


def test_a_class_of_one_group_says_so():
    Z = np.array([[0.0], [1.0], [5.0], [9.0], [10.0]])
    display = ClassSilhouetteDisplay.from_predictions(Z, list("aabbb"), [0, 0, 0, 1, 1])
    assert display.bands_[1] == {}
    assert display.mean_lines_[1] is None
    assert [t.get_text() for t in display.axes_[1].texts] == ["one group, no silhouette"]
    assert sorted(display.bands_[0]) == [0, 1]


def test_known_groups_are_judged_in_the_same_space():
    display = ClassSilhouetteDisplay.from_estimator(INFERRER, X, Y, TRUE)
    own = Y == 1
    expected = class_silhouette(INFERRER.embed(X, Y)[own], TRUE[own])
    assert display.mean_lines_[1].get_xdata()[0] == pytest.approx(expected, abs=1e-12)


def test_thirty_groups_and_long_names_are_drawn():
    groups = np.array([f"a name of {'many ' * 10} words, number {i}" for i in range(30)])
    rows = np.arange(600) % 30
    Z = rows[:, None] + 0.1 * np.random.default_rng(0).normal(size=(600, 2))
    display = ClassSilhouetteDisplay.from_predictions(Z, groups[rows])
    display.figure_.canvas.draw()
    assert len(display.bands_[0]) == 30
    assert all("…" in t.get_text() for t in display.ax_.texts)


def test_axes_of_the_caller_are_used():
    figure, ax = plt.subplots()
    display = ClassSilhouetteDisplay.from_estimator(INFERRER, X, Y, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert len(display.axes_) == 2


def test_bad_input_is_refused():
    with pytest.raises(TypeError, match="must be a group inferrer"):
        ClassSilhouetteDisplay.from_estimator(LogisticRegression().fit(X, Y), X, Y)
    with pytest.raises(GroupsError, match="Z is empty"):
        ClassSilhouetteDisplay.from_predictions(np.empty((0, 2)), [])
    with pytest.raises(ValueError, match="max_rows"):
        ClassSilhouetteDisplay.from_predictions(X, Y, max_rows=0)
