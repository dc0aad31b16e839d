import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from skgroup.auditing._failure_inferrer import FailureGroupInferrer
from skgroup.auditing._known_logits import join
from skgroup.datasets import make_shortcut_classification
from skgroup.metrics import within_class_ari


def planted(model, n=700, **kwargs):
    X, y, groups = make_shortcut_classification(n, random_state=0, **kwargs)
    p = cross_val_predict(model, X, y, cv=3, method="predict_proba")
    return join(X, np.log(np.clip(p, 1e-3, 1))), y, groups


@pytest.mark.parametrize(
    "model",
    [LogisticRegression(), RandomForestClassifier(50, random_state=0)],
    ids=["linear", "forest"],
)
def test_planted_groups_are_found_behind_eighteen_columns_of_noise(model):
    X, y, groups = planted(model)
    inferrer = FailureGroupInferrer(k=2, random_state=0).fit(X, y)
    assert within_class_ari(groups, inferrer.groups_, y) > 0.85


def test_a_row_does_not_choose_its_group_by_what_the_model_says_of_it():
    X, y, _ = planted(LogisticRegression(), n_features=5)
    inferrer = FailureGroupInferrer(random_state=0).fit(X, y)
    turned = X.copy()
    turned[:, -2:] = turned[:, [-1, -2]]
    np.testing.assert_array_equal(inferrer.predict(X, y), inferrer.predict(turned, y))
    np.testing.assert_array_equal(inferrer.predict(X, y), inferrer.groups_)


def test_wrong_labels_are_no_group():
    X, y, groups = planted(LogisticRegression(), n=1500, n_features=5)
    rng = np.random.default_rng(0)
    wrong = rng.choice(len(y), 60, replace=False)
    y_noisy = y.copy()
    y_noisy[wrong] = 1 - y[wrong]
    found = FailureGroupInferrer(k=2, random_state=0).fit(X, y_noisy).groups_
    clean = np.setdiff1d(np.arange(len(y)), wrong)
    assert within_class_ari(groups[clean], found[clean], y[clean]) > 0.85


def test_every_group_has_ten_rows_and_one_class():
    X, y, _ = planted(LogisticRegression(), n=300, n_features=5)
    inferrer = FailureGroupInferrer(random_state=0).fit(X, y)
    for group in range(inferrer.n_groups_):
        rows = inferrer.groups_ == group
        assert rows.sum() >= 10
        assert len(np.unique(y[rows])) == 1


def test_a_class_stays_whole_with_one_cluster():
    X, y, _ = planted(LogisticRegression(), n=200, n_features=5)
    np.testing.assert_array_equal(FailureGroupInferrer(k=1).fit(X, y).groups_, y)


def test_clones_and_seeds():
    X, y, _ = planted(LogisticRegression(), n=300, n_features=5)
    inferrer = FailureGroupInferrer(2, max_depth=2, random_state=3)
    assert clone(inferrer).get_params() == {
        "k": None, "max_depth": 2, "n_classes": 2, "n_jobs": None, "random_state": 3,
    }  # fmt: skip
    one, other = (clone(inferrer).fit(X, y).groups_ for _ in range(2))
    np.testing.assert_array_equal(one, other)
