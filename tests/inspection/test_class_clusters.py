import numpy as np
import pytest
from scipy import sparse
from sklearn.cluster import AgglomerativeClustering

from skgroup import FeatureGroupInferrer, GradientGroupInferrer
from skgroup.clustering import class_silhouette
from skgroup.datasets import make_group_blobs
from skgroup.exceptions import UnusableSplitWarning
from skgroup.inspection._class_clusters import ClusterTest, assess_clusters
from skgroup.inspection._null_separation import draw_clouds, separation


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
    """The true groups of 200 rows are clearer than what each makes of clouds."""
    X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    inferrer = GradientGroupInferrer(**{"k": 2, "random_state": 0} | options).fit(X, y)
    found = assess(inferrer, X, y)
    assert found.keys() == {0, 1}
    Z, groups = inferrer.embed(X, y), inferrer.groups_
    for label, test in found.items():
        own = y == label
        assert test.silhouette == pytest.approx(class_silhouette(Z[own], groups[own]))
        assert test.p_value == 1 / 20
        assert test.gap_p_value <= 0.2  # up to four clusters of a density clusterer


def test_labels_as_they_were_given():
    X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    names = np.array(["cat", "dog"])[y]
    numbers = assess(GradientGroupInferrer(k=2, random_state=0).fit(X, y), X, y)
    found = assess(GradientGroupInferrer(k=2, random_state=0).fit(X, names), X, names)
    assert found == {"cat": numbers[0], "dog": numbers[1]}


def test_clusters_of_all_rows_are_tested_class_by_class():
    X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    inferrer = GradientGroupInferrer(k=4, scope="global", random_state=0).fit(X, y)
    found = assess(inferrer, X, y)
    for label, test in found.items():
        own = y == label
        Z, groups = inferrer.embed(X, y)[own], inferrer.groups_[own]
        assert test.silhouette == pytest.approx(class_silhouette(Z, groups))
        assert test.p_value == 1 / 20


def test_what_was_not_split_is_not_tested():
    X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    inferrer = GradientGroupInferrer(clusterer="dbscan", eps=2.5, min_samples=5)
    with pytest.warns(UnusableSplitWarning):
        inferrer.fit(X, y)
    assert assess(inferrer, X, y) == {}
    assert assess(GradientGroupInferrer(k=1, random_state=0).fit(X, y), X, y) == {}


def test_nothing_known_is_not_a_number():
    test = ClusterTest()
    assert np.isnan([test.silhouette, test.p_value, test.gap_p_value]).all()


def test_p_values_by_brute_force():
    X, y = noise(60, seed=3)
    names = np.array(["no", "yes"])[y]
    inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, names)
    found = assess(inferrer, X, names)
    above = dict.fromkeys(("no", "yes"), 1)
    for seed in np.random.RandomState(0).randint(np.iinfo(np.int32).max, size=19):
        drawn = draw_clouds(X, names, np.random.RandomState(seed))
        again = GradientGroupInferrer(k=2, random_state=seed).fit(drawn, names)
        for name in above:
            above[name] += of_class(again, drawn, names, name) >= found[name].silhouette
    for name, test in found.items():
        assert test.silhouette == of_class(inferrer, X, names, name)
        assert test.p_value == above[name] / 20


def of_class(inferrer, X, y, label):
    own = y == label
    return separation(inferrer.embed(X, y)[own], inferrer.groups_[own])


def noise(n_rows, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_rows, 4)), rng.integers(2, size=n_rows)


def test_p_values_of_clouds_are_none_too_small():
    found = []
    for seed in range(20):
        X, y = noise(80, seed)
        X[:, 0] += 2 * y  # the classes differ, and neither has groups
        inferrer = GradientGroupInferrer(k=2, noise_neighbors=None, random_state=0).fit(X, y)
        found.append(assess(inferrer, X, y)[0].p_value)
    # More than 3 of 20 would be at most .05 in 2 of 100 cases, were they uniform.
    assert np.count_nonzero(np.array(found) <= 0.05) <= 3
    assert 0.35 < np.mean(found) < 0.65


def test_rows_that_cannot_be_drawn():
    X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    rows = sparse.csr_matrix(X)
    found = assess(GradientGroupInferrer(k=2, random_state=0).fit(rows, y), rows, y)[0]
    assert found.silhouette > 0.5
    assert np.isnan(found.p_value)
    assert found.gap_p_value == 1 / 20


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
