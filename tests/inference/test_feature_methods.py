"""The published methods that are settings of the inferrer, step by step."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist, squareform
from sklearn.cluster import DBSCAN
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from torch import nn

from skgroup import FeatureGroupInferrer, SPAREClassifier
from skgroup.modules import mlp


def net(n_features, n_classes):
    return mlp(n_features, n_classes, (8,))


george = partial(
    FeatureGroupInferrer, clusterer="gmm", k_rule="cluster_silhouette", k_max=4,
    min_cluster_share=0, random_state=0,
)  # fmt: skip


def same_partition(labels, expected):
    return adjusted_rand_score(labels, expected) == 1


def centred_cosine_distance(rows):
    return squareform(pdist(rows - rows.mean(axis=0), "cosine")).clip(0, 2)


@pytest.mark.parametrize("features", ["input", "penultimate"])
@pytest.mark.parametrize("eps", [0.05, 0.2])
def test_feasp_takes_the_steps_of_grasp(draw_blobs, features, eps):
    rows, y, _ = draw_blobs(((40, 20), (20, 40)), spread=3.0)
    inferrer = FeatureGroupInferrer(
        clusterer="dbscan", eps=eps, min_samples=5, features=features, min_cluster_share=0,
        standardize=False, module=net if features == "penultimate" else None, random_state=0,
    ).fit(rows, y)  # fmt: skip
    f = rows
    if features == "penultimate":
        hidden = inferrer.reference_.module_.hidden_0
        f = hidden(torch.tensor(rows, dtype=torch.float32)).relu().detach().numpy().astype(float)
    for c in (0, 1):
        model = DBSCAN(eps=eps, min_samples=5, metric="precomputed")
        expected = model.fit_predict(centred_cosine_distance(f[y == c]))
        found, core = inferrer.groups_[y == c], model.core_sample_indices_
        assert len(core) > 20
        assert adjusted_rand_score(expected[core], found[core]) == 1
        assert (found == -1).sum() == (expected == -1).sum() > 0


@pytest.mark.parametrize("k", [2, 3, None])
def test_clusters_of_spare(draw_blobs, k):
    rows, y, _ = draw_blobs(((60, 15), (15, 60), (40, 30)), spread=0.5)
    spare = SPAREClassifier(1, k=k, hidden_layer_sizes=(8,), max_epochs=1, batch_size=8,
                            early_stopping=False, random_state=0).fit(rows, y)  # fmt: skip
    inferrer = FeatureGroupInferrer(
        k, features="output", reference=spare.identification_net_, reduction=None,
        k_rule="silhouette_per_class", small_clusters="merge", random_state=1,
    ).fit(rows, y)  # fmt: skip
    assert len(np.unique(spare.clusters_)) >= 6
    assert same_partition(inferrer.groups_, spare.clusters_)


def test_george_by_hand(four):
    """Penultimate features on the unit sphere, two principal components, a mixture a class."""
    X, y, _ = four
    rows = X + 20  # away from the origin, so that blobs differ in their directions
    inferrer = george(k=2, module=net, n_components=2).fit(rows, y)
    h = inferrer.reference_.module_.hidden_0(torch.tensor(rows, dtype=torch.float32)).relu()
    unit = nn.functional.normalize(h.double()).detach().numpy()
    for c in (0, 1):
        Z = PCA(2).fit_transform(unit[c == y])
        np.testing.assert_allclose(pdist(inferrer.embed(rows, y)[c == y]), pdist(Z), atol=1e-6)
        mixture = GaussianMixture(2, n_init=3, reg_covar=1e-6 * Z.var(axis=0).mean())
        expected = mixture.set_params(random_state=0).fit_predict(Z)
        assert same_partition(inferrer.groups_[c == y], expected)


def test_the_mean_is_removed_on_request(four):
    X, y, _ = four
    inferrer = george(k=2, module=net, scale="centred_unit", reduction=None).fit(X, y)
    Z = inferrer.embed(X, y)
    np.testing.assert_allclose(np.linalg.norm(Z, axis=1), 1, atol=1e-6)
    h = inferrer.reference_.module_.hidden_0(torch.tensor(X, dtype=torch.float32)).relu()
    h = h.double().detach().numpy()[y == 1]
    centred = h - h.mean(axis=0)
    expected = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    np.testing.assert_allclose(Z[y == 1], expected, atol=1e-5)


def test_hardness_is_the_coordinate_between_the_classes(four):
    X, y, _ = four
    inferrer = george(k=2, module=net, reduction="hardness", scale="none").fit(X, y)
    logits = inferrer.reference_.module_(torch.tensor(X, dtype=torch.float32)).detach().numpy()
    weight = inferrer.reference_.module_.head.weight.detach().numpy()
    bias = inferrer.reference_.module_.head.bias.detach().numpy()
    lead = (logits[:, 1] - logits[:, 0] - bias[1] + bias[0]) / np.linalg.norm(weight[1] - weight[0])
    Z = inferrer.embed(X, y)
    assert Z.shape == (160, 1)
    np.testing.assert_allclose(Z[:, 0], lead, rtol=1e-4, atol=1e-4)
    linear = george(k=2, reduction="hardness").fit(X, y)  # of a linear model: standardised inputs
    assert linear.embed(X, y).shape == (160, 1)


def test_missing_umap_is_said_before_the_training(four, monkeypatch):
    X, y, _ = four
    monkeypatch.setattr("skgroup.inference._reductions.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="umap-learn"):
        FeatureGroupInferrer(reduction="umap").fit(X, y)


def test_umap(four):
    X, y, truth = four
    pytest.importorskip("umap", exc_type=ImportError)
    inferrer = george(k=2, reduction="umap", scale="none", standardize=False).fit(X, y)
    assert inferrer.embed(X, y).shape == (160, 2)
    assert same_partition(inferrer.groups_, truth)
    assert (inferrer.predict(X, y) == inferrer.groups_).all()
    assert same_partition(inferrer.predict(X[::2], y[::2]), truth[::2])
