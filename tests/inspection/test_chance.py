import numpy as np
import pytest
from sklearn.base import BaseEstimator

from skgroup import EIILGroupInferrer, GradientGroupInferrer, GroupInferrerSearch
from skgroup.datasets import make_shortcut_classification
from skgroup.inspection._chance import figures_of_chance
from skgroup.inspection._class_clusters import assess_clusters
from skgroup.inspection._label_test import label_p_value


def figures(inferrer, X, y, n_null=19):
    rng = np.random.RandomState(0)
    return figures_of_chance(inferrer, X, y, n_null=n_null, rng=rng, n_jobs=None)


def test_both_tests_in_turn(blobs):
    found, rng = figures(blobs.inferrer, blobs.X, blobs.y), np.random.RandomState(0)
    rng.randint(np.iinfo(np.int32).max)  # the seed of a refit to a sample
    options = {"n_null": 19, "rng": rng, "n_jobs": None}
    label = label_p_value(blobs.inferrer, blobs.X, blobs.y, **options)
    tests = assess_clusters(blobs.inferrer, blobs.X, blobs.y, **options)
    assert found["label_p_value"] == label == 1 / 20
    assert found["silhouettes"].tolist() == [tests[c].silhouette for c in (0, 1)]
    assert found["p_values"].tolist() == [tests[c].p_value for c in (0, 1)]
    assert found["gap_p_values"].tolist() == [tests[c].gap_p_value for c in (0, 1)]


def test_nothing_where_nothing_is_asked_for(blobs):
    for inferrer, n_null in ((blobs.inferrer, 0), (BaseEstimator(), 19)):
        found = figures(inferrer, blobs.X, blobs.y, n_null)
        assert all(np.isnan(values).all() for values in found.values())


def test_inferrers_that_do_not_cluster_are_asked_about_labels(blobs):
    found = figures(EIILGroupInferrer(random_state=0).fit(blobs.X, blobs.y), blobs.X, blobs.y)
    assert found["label_p_value"] == 1 / 20
    assert np.isnan(found["silhouettes"]).all()


def test_a_search_is_what_it_chose(blobs):
    candidates = [GradientGroupInferrer(k=2, random_state=0)]
    search = GroupInferrerSearch(candidates, random_state=0).fit(blobs.X, blobs.y)
    found = figures(search, blobs.X, blobs.y)
    for name, values in figures(search.best_inferrer_, blobs.X, blobs.y).items():
        np.testing.assert_array_equal(found[name], values)


def test_large_classes_are_sampled_and_their_inferrer_fitted_again(monkeypatch):
    X, y, _ = make_shortcut_classification(600, agreement=0.9, n_features=4, random_state=0)
    inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
    whole = figures(inferrer, X, y)["silhouettes"]
    monkeypatch.setattr("skgroup.inspection._chance.NULL_ROWS", 150)
    part = figures(inferrer, X, y)["silhouettes"]
    assert (part != whole).all()
    assert part == pytest.approx(whole, abs=0.1)
    assert len(inferrer.groups_) == 600
