from dataclasses import replace

import numpy as np
import pytest
from sklearn.cluster import KMeans

from skgroup.clustering import class_silhouette
from skgroup.clustering._choose_density import choose_density
from skgroup.clustering._choose_k import choose_k
from skgroup.clustering._class_policy import Policy
from skgroup.clustering._rows import sample_rows


def policy(clusterer="kmeans", **settings):
    given = {"k": 2, "eps": 0.45, "min_samples": 5, "min_cluster_share": 0.01}
    return Policy(clusterer, small_clusters="outlier", **given | settings)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return rng.normal(size=(90, 2)) + np.repeat([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]], 30, axis=0)


@pytest.mark.parametrize(
    "settled",
    [
        policy(),
        policy("gmm", eps=None, min_samples=None),
        policy("dbscan", k=None),
        policy("hdbscan", k=None, eps=None),
        policy(KMeans(2), k=None, eps=None, min_samples=None),
    ],
    ids=lambda p: str(p.clusterer),
)
def test_what_is_given_or_not_used_needs_no_search(settled):
    assert settled.settle(np.zeros((3, 1))) is settled


def test_k_is_chosen_by_the_silhouette(rows):
    scores = policy(k=None, seed=3).silhouettes(rows)
    by_hand = [class_silhouette(rows, policy(k=k, seed=3).split(rows)[0]) for k in range(2, 9)]
    np.testing.assert_allclose(scores[:2], by_hand[:2])  # few clusters need few starts
    assert policy(k=None, seed=3).settle(rows).k == choose_k(scores) == 3


@pytest.mark.parametrize("clusterer", ["dbscan", "hdbscan"])
@pytest.mark.parametrize("given", [{"eps": None, "min_samples": None}, {"min_samples": None}])
def test_density_is_chosen_on_at_most_two_thousand_rows(clusterer, given):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(2100, 2)) + np.repeat([[0.0], [9.0], [30.0]], 700, axis=0)
    asked = policy(clusterer, seed=7, **given)
    settled = asked.settle(Z)
    sample = Z[sample_rows(2100, 2000, 7)]
    expected = choose_density(
        sample, clusterer, eps=asked.eps, min_samples=None, min_share=0.01, n_rows=2100
    )
    assert (settled.eps, settled.min_samples) == expected
    assert settled.min_samples is not None
    assert replace(settled, eps=asked.eps, min_samples=None).settle(Z).eps == settled.eps


def test_without_a_split_nothing_is_chosen_and_the_class_is_one_group():
    Z = np.eye(4)
    settled = policy("dbscan", eps=None, min_samples=None).settle(Z)
    assert (settled.eps, settled.min_samples, settled.min_samples_for(4)) == (None, None, None)
    labels, stages, reason = settled.split(Z)
    assert (labels.tolist(), stages) == ([0] * 4, ())
    assert reason == "every eps and min_samples tried gives all its rows one label"


def test_the_number_of_neighbours_is_capped_for_small_classes():
    assert policy("dbscan", min_samples=60).min_samples_for(1000) == 60
    assert policy("dbscan", min_samples=60).min_samples_for(50) == 10


def test_why_a_class_is_one_group(rows):
    labels, stages, reason = policy("dbscan", eps=50).split(rows)
    assert (labels == 0).all()
    assert len(stages) == 1
    assert reason == "only one cluster was found"
    rows[0] = 99
    reason = policy("dbscan", eps=50).split(rows)[2]
    assert reason == "only one cluster was found, beside outliers: 1"
    assert policy(k=1).split(rows)[2] == ""
