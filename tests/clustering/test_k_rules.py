import numpy as np
import pytest
from sklearn.metrics import silhouette_samples
from sklearn.metrics.pairwise import euclidean_distances

from skgroup.clustering import class_silhouette, cluster_class
from skgroup.clustering._class_silhouette import distance_silhouette, distance_silhouettes
from skgroup.clustering._k_rules import K_RULES, KRule, mean_of_clusters

POLICY = {
    "clusterer": "kmeans", "k": None, "eps": 0.5, "min_samples": 5, "min_cluster_share": 0.0,
    "small_clusters": "outlier",
}  # fmt: skip
LINE = np.array([0.0, 1.0, 10.0, 11.0, 12.0])[:, None]
PAIR = np.array([0, 0, 1, 1, 1])
APART = euclidean_distances(LINE)


def test_mean_of_clusters_by_hand():
    # a: mean distance to the own cluster, b: to the other one; (b - a) / max(a, b)
    first = [(11 - 1) / 11, (10 - 1) / 10]
    second = [(9.5 - 1.5) / 9.5, (10.5 - 1) / 10.5, (11.5 - 1.5) / 11.5]
    np.testing.assert_allclose(distance_silhouettes(APART, PAIR), first + second)
    expected = (np.mean(first) + np.mean(second)) / 2
    assert mean_of_clusters(APART, PAIR) == pytest.approx(expected)
    assert mean_of_clusters(APART, PAIR) != pytest.approx(np.mean(first + second))
    assert mean_of_clusters(APART, PAIR - 1) == pytest.approx(expected)  # outliers are one more


def test_partitions_without_a_silhouette():
    assert mean_of_clusters(APART, np.zeros(5)) == class_silhouette(LINE, np.zeros(5)) == -1
    assert mean_of_clusters(APART, np.arange(5)) == class_silhouette(LINE, np.arange(5)) == 0
    assert not distance_silhouettes(APART, np.zeros(5)).any()
    assert not distance_silhouettes(APART, np.arange(5)).any()


@pytest.mark.parametrize("k_max", [2, 4, 11])
def test_scores_are_those_of_the_partitions(k_max):
    Z = np.random.default_rng(0).normal(size=(60, 2)) + 9.0 * np.repeat([0, 1, 2], 20)[:, None]
    distances = euclidean_distances(Z)
    scores_of = {"silhouette": distance_silhouette, "cluster_silhouette": mean_of_clusters}
    for name, score in scores_of.items():
        scores = KRule(name, k_max).scores(Z, POLICY, 0)
        assert len(scores) == k_max - 1
        for k, found in zip((2, 3), scores, strict=False):  # of which there is one optimum only
            labels = cluster_class(Z, "kmeans", k=k, random_state=1).labels_
            assert found == pytest.approx(score(distances, labels))
        assert k_max == 2 or scores.argmax() == 1


def test_scores_of_a_large_class_are_those_of_a_sample():
    Z = np.random.default_rng(0).normal(size=(2300, 1)) + 20.0 * np.repeat([0, 1], 1150)[:, None]
    (score,) = KRule(k_max=2).scores(Z, POLICY, 3)
    whole = silhouette_samples(Z, np.repeat([0, 1], 1150)).mean()
    assert score != whole
    assert score == pytest.approx(whole, abs=0.01)
    assert KRule(k_max=2).scores(Z, POLICY, 3) == [score]


def test_one_number_for_all_classes_or_one_for_each():
    scores = [np.array([0.5, 0.9, 0.1]), np.array([0.9, 0.2, 0.3])]
    assert KRule("silhouette", 4).choose(scores, [30, 10]) == [3, 3]
    assert KRule("silhouette", 4).choose(scores, [10, 30]) == [2, 2]
    assert KRule("silhouette_per_class", 4).choose(scores, [30, 10]) == [3, 2]
    assert KRule("cluster_silhouette", 4).choose(scores, [10, 30]) == [3, 2]


def test_cluster_silhouettes_are_not_rounded_down_and_ties_go_to_the_later():
    scores = [np.array([0.89, 0.9, 0.1]), np.array([0.7, 0.2, 0.7]), np.full(3, -1.0)]
    assert KRule("cluster_silhouette", 4).choose(scores, [1, 1, 1]) == [3, 4, 4]
    assert KRule("silhouette_per_class", 4).choose(scores, [1, 1, 1]) == [2, 2, 2]


@pytest.mark.parametrize("k_max", [9, 12])
def test_the_largest_number_may_be_the_best(k_max):
    rising = [np.linspace(0, 1, k_max - 1)] * 2
    assert KRule("cluster_silhouette", k_max).choose(rising, [1, 1]) == [k_max, k_max]
    steep = [10.0 ** np.arange(k_max - 1)]
    assert KRule("silhouette", k_max).choose(steep, [1]) == [k_max]


@pytest.mark.parametrize("name", K_RULES)
@pytest.mark.parametrize("clusterer", ["kmeans", "gmm"])
@pytest.mark.parametrize("n_blobs", [2, 3, 5])
def test_separate_blobs_are_counted(name, clusterer, n_blobs):
    rng = np.random.default_rng(n_blobs)
    Z = rng.normal(size=(30 * n_blobs, 2)) + 30 * rng.permutation(n_blobs).repeat(30)[:, None]
    rule = KRule(name, 6)
    assert rule.choose([rule.scores(Z, POLICY | {"clusterer": clusterer}, 0)], [len(Z)]) == [
        n_blobs
    ]
