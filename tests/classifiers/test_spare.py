import numpy as np
import pytest
import torch

from skgroup import ERMClassifier, SPAREClassifier
from skgroup.classifiers._spare import chances
from skgroup.clustering import class_silhouette
from skgroup.exceptions import UnusableSplitWarning

QUICK = {
    "hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32, "random_state": 0,
    "early_stopping": False,
}  # fmt: skip


def fitted(blobs, weight=None, **parameters):
    clf = SPAREClassifier(**(QUICK | parameters))
    return clf.fit(blobs.X, blobs.y, groups=blobs.groups, sample_weight=weight)


def first_logits(clf, X):
    with torch.no_grad():
        return clf.identification_net_.module_(torch.from_numpy(X)).numpy()


def test_chances_by_hand():
    y, clusters = np.array([0, 0, 0, 0, 1, 1, 1]), np.array([0, 0, 0, 1, 2, 2, 3])
    # v = 1: both clusters of class 0 are drawn equally often. v = 2: of class 1, the cluster of
    # two rows is drawn half as often as that of one.
    expected = [1 / 12, 1 / 12, 1 / 12, 1 / 4, 1 / 12, 1 / 12, 1 / 3]
    np.testing.assert_allclose(chances(y, clusters, np.array([1, 2])), expected, rtol=1e-12)


def test_a_power_of_one_balances_clusters_and_classes_are_always_balanced():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=500)
    clusters = 4 * y + np.minimum(rng.geometric(0.5, 500) - 1, 3)
    clusters = np.unique(clusters, return_inverse=True)[1]
    for powers in ([1, 1, 1], [2, 1, 2]):
        p = chances(y, clusters, np.array(powers))
        np.testing.assert_allclose(np.bincount(y, weights=p), 1 / 3, rtol=1e-12)
        for c, power in enumerate(powers):
            total = np.bincount(clusters, weights=p)[np.unique(clusters[y == c])]
            size = np.bincount(clusters)[np.unique(clusters[y == c])]
            scaled = total * size ** (power - 1.0)
            np.testing.assert_allclose(scaled, scaled[0], rtol=1e-12)


def test_clusters_live_inside_classes_and_are_found_in_the_logits(blobs):
    clf = fitted(blobs, identification_epochs=3)
    logits = first_logits(clf, blobs.X)
    for c in (0, 1):
        inside = blobs.y == c
        labels = clf.clusters_[inside]
        found = class_silhouette(logits[inside], labels)
        assert clf.silhouettes_[c] == pytest.approx(found, abs=1e-5)
        assert not np.isin(clf.clusters_[~inside], labels).any()
    assert np.unique(clf.clusters_).tolist() == list(range(clf.clusters_.max() + 1))


def test_the_silhouette_decides_on_the_power(blobs):
    silhouettes = fitted(blobs).silhouettes_
    low, high = sorted(silhouettes)
    assert fitted(blobs, threshold=low).powers_.tolist() == [1, 1]
    assert fitted(blobs, threshold=high + 1e-9).powers_.tolist() == [2, 2]
    between = fitted(blobs, threshold=high).powers_
    np.testing.assert_array_equal(between, np.where(silhouettes >= high, 1, 2))


def identity():
    """A network whose logits are the rows themselves."""
    module = torch.nn.Linear(2, 2)
    with torch.no_grad():
        module.weight.copy_(torch.eye(2))
        module.bias.zero_()
    return module


def test_separated_clusters_are_found_and_drawn_equally_often():
    rng, sizes = np.random.default_rng(0), [60, 12, 40, 8]
    group = np.repeat(np.arange(4), sizes)
    X = np.array([[0, 0], [9, 0], [0, 9], [9, 9]])[group] + 0.1 * rng.normal(size=(120, 2))
    clf = SPAREClassifier(0, module=identity(), max_epochs=400, lr=1e-12, random_state=0)
    clf.fit(X, group // 2, groups=group)
    assert clf.powers_.tolist() == [1, 1]
    table = np.array([[np.sum(clf.clusters_[group == g] == c) for c in range(4)] for g in range(4)])
    assert sorted(table.max(axis=1)) == sorted(sizes)
    # The network stands still, so that the mean loss tells how often each group was drawn.
    mean = clf.history_["train_loss"].mean()
    expected = clf.history_["group_loss"].mean(axis=0).mean()
    assert mean == pytest.approx(expected, rel=0.02)


def test_a_given_number_of_clusters(blobs):
    clf = fitted(blobs, k=3)
    assert np.unique(clf.clusters_).tolist() == list(range(6))
    one = fitted(blobs, k=1)
    np.testing.assert_array_equal(one.clusters_, blobs.y)
    assert one.silhouettes_.tolist() == [-1.0, -1.0]


def test_small_clusters_are_joined_to_others(blobs):
    X = blobs.X.copy()
    X[np.flatnonzero(blobs.y == 0)[0]] += 50  # a single row far off
    parameters = QUICK | {"k": 2, "standardize": False}
    kept = SPAREClassifier(min_cluster_share=0.0, **parameters).fit(X, blobs.y)
    assert np.bincount(kept.clusters_)[:2].min() == 1
    joined = SPAREClassifier(min_cluster_share=0.02, **parameters)
    with pytest.warns(UnusableSplitWarning, match="Class 0 stays one cluster") as caught:
        joined.fit(X, blobs.y)
    assert caught[0].filename == __file__
    assert len(np.unique(joined.clusters_[blobs.y == 0])) == 1


def test_rows_that_are_not_trained_on_have_no_cluster(blobs):
    groups = np.where(np.arange(120) % 4 == 0, -1, blobs.groups)
    clf = SPAREClassifier(**(QUICK | {"early_stopping": True}))
    clf.fit(blobs.X, blobs.y, groups=groups)
    assert (clf.clusters_[groups < 0] == -1).all()
    assert 0 < np.sum(clf.clusters_ >= 0) < 90


def test_groups_do_not_enter_the_training(blobs):
    alone = SPAREClassifier(**QUICK).fit(blobs.X, blobs.y)  # warnings are errors
    np.testing.assert_array_equal(
        alone.predict_proba(blobs.X), fitted(blobs).predict_proba(blobs.X)
    )


def test_weights_count_inside_their_cluster_only(blobs, assert_same_model):
    plain = fitted(blobs, identification_epochs=0, standardize=False)
    weight = 1.0 + plain.clusters_
    weighted = fitted(blobs, weight, identification_epochs=0, standardize=False)
    np.testing.assert_array_equal(weighted.clusters_, plain.clusters_)
    assert_same_model(plain, weighted, blobs.X, atol=1e-5)
    other = fitted(blobs, 1.0 + np.arange(120) % 3, identification_epochs=0, standardize=False)
    assert np.abs(other.predict_proba(blobs.X) - plain.predict_proba(blobs.X)).max() > 1e-3


def test_the_second_network_starts_anew(blobs):
    clf = fitted(blobs, lr=1e-12)
    erm = ERMClassifier(**QUICK, lr=1e-12).fit(blobs.X, blobs.y)
    np.testing.assert_allclose(clf.predict_proba(blobs.X), erm.predict_proba(blobs.X), atol=1e-6)
    first = torch.softmax(torch.from_numpy(first_logits(clf, blobs.X)), dim=1).numpy()
    assert np.abs(first - clf.predict_proba(blobs.X)).max() > 0.01
