"""Clusters of the gradients of a network early in its training."""

from functools import partial

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline

from skgroup import GroupDROClassifier, ReweightingClassifier
from skgroup.datasets import make_group_blobs
from skgroup.metrics import group_agreement
from skgroup.modules import mlp

NET = partial(mlp, hidden_layer_sizes=(8,))


@pytest.fixture
def early(make):
    """The documented setting, on a network that needs few epochs."""
    return partial(make, module=NET, scale="rms", lr=0.03, batch_size=20)


def test_with_true_groups_found_it_is_training_on_the_true_groups(early, blobs):
    X, y, truth = blobs
    clf = GroupDROClassifier(hidden_layer_sizes=(8,), lr=0.03, max_epochs=5, random_state=0)
    pipe = make_pipeline(early(epochs=3, combine="last"), clf).fit(X, y)
    groups = pipe[0].groups_
    assert adjusted_rand_score(truth, groups) == 1
    number = {truth[groups == group][0]: group for group in range(4)}
    oracle = GroupDROClassifier(**clf.get_params())
    oracle.fit(X, y, groups=np.array([number[group] for group in truth]))
    np.testing.assert_array_equal(pipe.predict_proba(X), oracle.predict_proba(X))


def test_one_cluster_a_class_weighs_like_the_classes(early):
    X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    X, y = X[20:], y[20:]  # classes of unequal size
    inferrer = early(k=1).fit(X, y)
    assert (inferrer.groups_ == y).all()
    clf = ReweightingClassifier(hidden_layer_sizes=(), max_epochs=2, random_state=0)
    found = clf.fit(X, y, groups=inferrer.groups_).group_weights_
    np.testing.assert_allclose(found, len(y) / (2 * np.bincount(y)), rtol=1e-6)
    assert found[0] != found[1]


@pytest.mark.parametrize("options", [{"k": 3}, {"k": 5, "scope": "global"}, {"clusterer": "gmm"}])
def test_groups_are_pure_and_sizes_add_up(early, options):
    X, y, _ = make_group_blobs(20, variance=0.1, random_state=0)
    X = X.copy()
    X[0] = [60.0, -50.0]
    inferrer = early(**options, pca=4).fit(X, y)
    groups, table = inferrer.groups_, inferrer.group_table_
    for group in range(inferrer.n_groups_):
        assert len(set(y[groups == group])) == 1
    assert table["size"].sum() == len(y)
    assert table["size"][table["group"] < 0].sum() == np.count_nonzero(groups == -1)


@pytest.mark.parametrize("combine", ["concat", "mean", "first", "last"])
def test_the_size_of_the_gradients_of_an_epoch_does_not_matter(early, blobs, combine, monkeypatch):
    X, y, _ = blobs
    inferrer = early(epochs=3, combine=combine)
    expected = inferrer.fit_predict(X, y)
    represent = type(inferrer)._represent

    def middle_larger(self, X, y):
        found = represent(self, X, y)
        assert len(found) == (1 if combine == "last" else 3)  # no more than is looked at
        found[len(found) // 2] *= 1024
        return found

    monkeypatch.setattr(type(inferrer), "_represent", middle_larger)
    assert (inferrer.fit_predict(X, y) == expected).all()


def test_a_full_reduction_changes_no_groups(early, blobs):
    X, y, truth = blobs
    early = partial(early, epochs=3, combine="last")
    groups = early(pca=None).fit_predict(X, y)
    assert group_agreement(truth, groups, y)["within_class_ari"] == 1
    assert adjusted_rand_score(groups, early(pca=18).fit_predict(X, y)) == 1


@pytest.mark.parametrize("source", ["head", "all", "layer:hidden"])
def test_any_layer_can_be_clustered(early, blobs, source):
    X, y, _ = blobs
    if source == "layer:hidden":
        source = f"layer:{next(name for name, _ in NET(2, 2).named_modules() if name)}"
    inferrer = early(source=source, pca=None).fit(X, y)
    n_hidden, n_head = 2 * 8 + 8, 8 * 2 + 2
    width = {"head": n_head, "all": n_hidden + n_head}.get(source, n_hidden)
    assert inferrer.embed(X, y).shape == (200, width)
    assert inferrer.n_groups_ >= 3
