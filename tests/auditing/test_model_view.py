import numpy as np
from sklearn.linear_model import LogisticRegression

from skgroup.auditing._model_view import ModelView, describe_rows, in_terms_of
from skgroup.datasets import make_shortcut_classification

X, Y, G = make_shortcut_classification(400, n_features=3, agreement=0.9, random_state=0)
MODEL = LogisticRegression().fit(X, Y)
VIEW = ModelView(X, MODEL.predict_log_proba(X), Y, np.array([0, 1]))
NAMES = ["core", "shortcut", "noise"]


def test_figures_are_those_of_the_model():
    found = describe_rows(VIEW, NAMES, G, ["a", "b", "c", "d"], 0)
    wrong = MODEL.predict(X) != Y
    loss = -MODEL.predict_log_proba(X)[np.arange(400), Y]
    for description, group in zip(found, range(4), strict=True):
        rows = group == G
        assert description.group == "abcd"[group]
        assert description.size == rows.sum()
        assert description.error_rate == wrong[rows].mean()
        np.testing.assert_allclose(description.mean_loss, loss[rows].mean(), rtol=1e-9)
        assert description.features[0].name == "shortcut"


def test_rows_of_no_group_are_outliers():
    groups = np.where(np.arange(400) < 20, -1, G)
    found = describe_rows(VIEW, NAMES, groups, [0, 1, 2, 3], 0)
    assert sum(d.size for d in found if d.is_outliers) == 20


def test_crossed_labels_are_told_apart():
    labels = [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    assert [d.group for d in describe_rows(VIEW, NAMES, G, labels, 0)] == labels


def test_examples_are_positions_among_all_rows():
    rows = np.arange(1000)[::2][:400]
    own = describe_rows(VIEW, NAMES, G, [0, 1, 2, 3], 0)
    moved = in_terms_of(rows, own, 1000)
    for one, other in zip(own, moved, strict=True):
        assert other.typical == tuple(2 * i for i in one.typical)
        assert other.borderline == tuple(2 * i for i in one.borderline)
    np.testing.assert_array_equal(moved.held_out[rows], own.held_out)
    assert moved.held_out.sum() == own.held_out.sum()
