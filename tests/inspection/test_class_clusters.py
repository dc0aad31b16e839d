import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.cluster import AgglomerativeClustering

from skgroup import EIILGroupInferrer, FeatureGroupInferrer, GradientGroupInferrer
from skgroup.clustering import class_silhouette
from skgroup.datasets import make_group_blobs, make_shortcut_classification
from skgroup.exceptions import UnusableSplitWarning
from skgroup.inspection._class_clusters import ClusterTest, assess_clusters


def assess(inferrer, X, y, n_null=19, n_jobs=None):
    rng = np.random.RandomState(0)
    return assess_clusters(inferrer, X, y, n_null=n_null, rng=rng, n_jobs=n_jobs)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"k": None},
        {"clusterer": "gmm"},
        {"clusterer": "dbscan", "eps": 0.3, "min_samples": 10},
        {"clusterer": "hdbscan", "min_samples": 10},
        {"clusterer": AgglomerativeClustering(2)},
    ],
)
def test_every_clusterer_is_asked_again(options):
    X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    inferrer = GradientGroupInferrer(**{"k": 2, "random_state": 0} | options).fit(X, y)
    found = assess(inferrer, X, y)
    assert found.keys() == {0, 1}
    Z, groups = inferrer.embed(X, y), inferrer.groups_
    for label, test in found.items():
        own = y == label
        assert test.silhouette == pytest.approx(class_silhouette(Z[own], groups[own]), abs=0.02)
        assert test.p_value == 1 / 20
        assert test.gap_p_value <= 0.2  # up to four clusters of a density clusterer


def test_labels_as_they_were_given():
    X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    names = np.array(["cat", "dog"])[y]
    numbers = assess(GradientGroupInferrer(k=2, random_state=0).fit(X, y), X, y)
    found = assess(GradientGroupInferrer(k=2, random_state=0).fit(X, names), X, names)
    assert found == {"cat": numbers[0], "dog": numbers[1]}


def test_clusters_of_all_rows_are_tested_once():
    X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    inferrer = GradientGroupInferrer(k=4, scope="global", random_state=0).fit(X, y)
    found = assess(inferrer, X, y)
    assert found[0] == found[1]
    assert found[0].p_value == 1 / 20


def test_large_classes_are_sampled(monkeypatch):
    X, y, _ = make_shortcut_classification(800, agreement=0.9, n_features=4, random_state=0)
    inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
    whole = assess(inferrer, X, y)
    monkeypatch.setattr("skgroup.inspection._class_clusters.NULL_ROWS", 200)
    part = assess(inferrer, X, y)
    assert part[0].silhouette != whole[0].silhouette
    assert part[0].silhouette == pytest.approx(whole[0].silhouette, abs=0.1)


def test_what_was_not_split_is_not_tested():
    X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    inferrer = GradientGroupInferrer(clusterer="dbscan", eps=2.5, min_samples=5)
    with pytest.warns(UnusableSplitWarning):
        inferrer.fit(X, y)
    assert assess(inferrer, X, y) == {}
    split = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
    assert assess(split, X, y, n_null=0) == {}
    assert assess(GradientGroupInferrer(k=1, random_state=0).fit(X, y), X, y) == {}


def test_inferrers_that_do_not_cluster_are_not_tested():
    X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    assert assess(EIILGroupInferrer(random_state=0).fit(X, y), X, y) == {}
    assert assess(BaseEstimator(), X, y) == {}


def test_nothing_known_is_not_a_number():
    test = ClusterTest()
    assert np.isnan([test.silhouette, test.p_value, test.gap_p_value]).all()


def test_clusters_that_were_split_further_are_counted_as_they_are():
    X, y, _ = make_group_blobs(60, variance=0.01, random_state=0)
    inferrer = FeatureGroupInferrer(overcluster=True, random_state=0).fit(X, y)
    Z, groups = inferrer.embed(X, y), inferrer.groups_
    for label, test in assess(inferrer, X, y).items():
        own = y == label
        clustering = inferrer._parts.parts[label].clustering
        assert len(np.unique(groups[own])) == clustering.labels_.max() + 1
        assert test.silhouette >= class_silhouette(Z[own], groups[own]) - 0.02
        assert test.p_value == 1 / 20
