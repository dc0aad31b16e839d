"""Groups of ours in fairlearn's tables, and classifiers of ours in its reductions."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, recall_score

from skgroup import GradientGroupInferrer, GroupDROClassifier, cross_groups
from skgroup.datasets import make_shortcut_classification
from skgroup.metrics import group_scores, worst_group_accuracy

metrics = pytest.importorskip("fairlearn.metrics")
postprocessing = pytest.importorskip("fairlearn.postprocessing")

X, Y, GROUPS = make_shortcut_classification(400, agreement=0.9, n_features=3, random_state=0)
PLACES = np.array(["land", "water"])[GROUPS % 2]


@pytest.fixture(scope="module")
def clf():
    return GroupDROClassifier(hidden_layer_sizes=(8,), max_epochs=5, random_state=0).fit(
        X, Y, GROUPS
    )


def frame(y_pred, groups, y_true=Y, metric=accuracy_score):
    return metrics.MetricFrame(
        metrics=metric, y_true=y_true, y_pred=y_pred, sensitive_features=groups
    )


def test_inferred_groups(clf):
    inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, Y)
    y_pred = clf.predict(X)
    table = frame(y_pred, inferrer.predict(X, Y))
    ours = group_scores(Y, y_pred, inferrer.groups_)
    assert table.by_group.index.tolist() == ours["group"].tolist()
    np.testing.assert_allclose(table.by_group, ours["accuracy"])
    assert table.group_min() == worst_group_accuracy(Y, y_pred, inferrer.groups_)


def test_crossed_groups_with_names(clf):
    y_pred = clf.predict(X)
    groups, names = cross_groups(Y, PLACES, return_names=True)
    table = frame(y_pred, pd.Series(names[groups], name="group"))
    assert table.by_group.index.tolist() == ["0, land", "0, water", "1, land", "1, water"]
    by_hand = [(y_pred == Y)[g == GROUPS].mean() for g in range(4)]
    np.testing.assert_allclose(table.by_group, by_hand)
    assert table.group_min() == min(by_hand)


def test_outliers_are_left_out_by_hand(clf):
    """To fairlearn -1 is a group like others: these rows must not be given to it."""
    groups, y_pred = GROUPS.copy(), clf.predict(X)
    groups[:40] = -1
    assert -1 in frame(y_pred, groups).by_group.index
    kept = groups >= 0
    table = frame(y_pred[kept], groups[kept], Y[kept])
    assert table.group_min() == worst_group_accuracy(Y, y_pred, groups)


def test_an_attribute_inside_the_classes(clf):
    """fairlearn's own habit: an attribute without the class, and rates that look at one class."""
    y_pred = clf.predict(X)
    table = frame(y_pred, PLACES, metric=recall_score)
    crossed = frame(y_pred, cross_groups(Y, PLACES))
    np.testing.assert_allclose(table.by_group, crossed.by_group.loc[[2, 3]])


def test_thresholds_of_a_fitted_classifier(clf):
    moved = postprocessing.ThresholdOptimizer(
        estimator=clf, constraints="demographic_parity", prefit=True, predict_method="predict_proba"
    ).fit(X, Y, sensitive_features=PLACES)
    y_pred = moved.predict(X, sensitive_features=PLACES, random_state=0)
    rates = [y_pred[place == PLACES].mean() for place in ("land", "water")]
    plain = [clf.predict(X)[place == PLACES].mean() for place in ("land", "water")]
    assert abs(np.diff(rates)) <= abs(np.diff(plain)) + 0.05
