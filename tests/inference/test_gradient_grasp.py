"""GRASP: density clusters of centred unit gradients, with settings found by the silhouette."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist, squareform
from sklearn.base import clone
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from torch import nn

from skgroup import FeatureGroupInferrer, GroupDROClassifier
from skgroup.clustering import fit_scaling
from skgroup.datasets import make_group_blobs
from skgroup.exceptions import UnusableSplitWarning
from skgroup.gradients import per_sample_gradients
from skgroup.metrics import group_agreement
from skgroup.modules import mlp

EPS = np.arange(0.1, 0.71, 0.05)
GRASP = {"clusterer": "dbscan", "eps": None, "min_samples": None, "scale": "auto", "pca": "auto"}


@pytest.fixture
def grasp(make):
    def build(**options):
        return make(**GRASP | {"standardize": False} | options)

    return build


def flipped(seed=0, variance=0.01):
    return make_group_blobs(40, variance=variance, flip=0.05, random_state=seed)


def one_logit_gradients(inferrer, X, y):
    residual = inferrer.reference_.predict_proba(X.astype(np.float32))[:, 1] - (y == 1)
    return residual[:, None] * np.column_stack([X, np.ones(len(X))])


def centred_cosine_distances(g):
    return squareform(pdist(g - g.mean(axis=0), "cosine")).clip(0, 2)


def best_setting(g, counts):
    """The published rule, without any shortcut."""
    centred = g - g.mean(axis=0)
    unit, D = centred / np.linalg.norm(centred, axis=1)[:, None], centred_cosine_distances(g)
    best, chosen = -1, None
    for eps in EPS:
        for m in counts:
            labels = DBSCAN(eps=eps, min_samples=m, metric="precomputed").fit_predict(D)
            score = silhouette_score(unit, labels) if np.ptp(labels) else -1
            if score > best + 1e-6:
                best, chosen = score, (eps, m, labels)
    return chosen


@pytest.mark.parametrize("seed", range(3))
def test_by_hand(grasp, seed):
    X, y, _ = flipped(seed)
    inferrer = grasp().fit(X, y)
    g = one_logit_gradients(inferrer, X, y)
    assert list(inferrer.settings_) == [0, 1]
    for c, found in inferrer.settings_.items():
        counts = sorted({min(m, np.bincount(y)[c] // 5) for m in (5, 10, 20, 30, 40, 50, 60, 100)})
        eps, m, labels = best_setting(g[y == c], counts)
        assert found == {"k": None, "eps": pytest.approx(eps), "min_samples": m}
        assert adjusted_rand_score(labels, inferrer.groups_[y == c]) == 1
        assert ((inferrer.groups_[y == c] == -1) == (labels == -1)).all()


def test_what_is_embedded_has_the_distances_of_the_paper(grasp):
    X, y, _ = flipped()
    inferrer = grasp().fit(X, y)
    Z, g = inferrer.embed(X, y), one_logit_gradients(inferrer, X, y)
    for c in (0, 1):
        D = 1 - Z[y == c] @ Z[y == c].T
        np.testing.assert_allclose(D, D.T)
        np.testing.assert_allclose(np.diag(D), 0, atol=1e-6)
        assert D.min() > -1e-6
        assert D.max() < 2 + 1e-6
        # Two logits have the distances of one.
        np.testing.assert_allclose(D, centred_cosine_distances(g[y == c]), atol=2e-5)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_distances_follow_from_inner_products_without_any_gradient(n_classes):
    net = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, n_classes)).double()
    rng = np.random.default_rng(0)
    X, y = torch.from_numpy(rng.normal(size=(50, 4))), rng.integers(n_classes, size=50)
    G = per_sample_gradients(net, X, torch.from_numpy(y))
    h = net[:2](X).detach().numpy()
    d = torch.softmax(net(X), 1).detach().numpy() - np.eye(n_classes)[y]
    K = (d @ d.T) * (h @ h.T + 1)
    C = np.eye(50) - 1 / 50
    K = C @ K @ C
    norms = np.sqrt(np.diag(K))
    Z = fit_scaling(G, "centred_unit").transform(G)
    np.testing.assert_allclose(1 - Z @ Z.T, 1 - K / np.outer(norms, norms), atol=1e-10)


def test_rows_that_are_fitted_all_but_perfectly_have_no_gradient(make):
    X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    options = {"pca": None, "standardize": False}
    plain, centred = (make(scale=scale, **options).fit(X, y) for scale in ("none", "centred_unit"))
    p = plain.reference_.predict_proba(X.astype(np.float32))[np.arange(200), y]
    lengths = np.linalg.norm(plain.embed(X, y), axis=1)
    by_hand = 2**0.5 * (1 - p) * np.linalg.norm(np.column_stack([X, np.ones(200)]), axis=1)
    np.testing.assert_allclose(lengths, by_hand, rtol=1e-4)
    # Far on the right side of the boundary: next to the origin before centring, so that all
    # have one direction after it, away from the mean.
    far = np.array([[-40.0, 3.0], [-60.0, 1.0], [-50.0, 5.0]])
    zeros = np.zeros(3, dtype=int)
    assert np.linalg.norm(plain.embed(far, zeros), axis=1).max() < 1e-4
    mean = plain.embed(X, y)[y == 0].mean(axis=0)
    direction = np.tile(-mean / np.linalg.norm(mean), (3, 1))
    np.testing.assert_allclose(centred.embed(far, zeros), direction, atol=1e-3)


@pytest.mark.parametrize("options", [{}, {"scope": "global"}, {"clusterer": "hdbscan"}])
def test_groups_are_pure_and_sizes_add_up(grasp, options):
    X, y, _ = flipped(variance=0.1)
    inferrer = grasp(**options).fit(X, y)
    groups, table = inferrer.groups_, inferrer.group_table_
    assert set(groups) - {-1} == set(range(inferrer.n_groups_))
    for group in range(inferrer.n_groups_):
        assert len(set(y[groups == group])) == 1
    assert table["size"].sum() == len(y)
    assert table["size"][table["group"] == -1].sum() == (groups == -1).sum()
    found = list(inferrer.settings_.values())
    assert len(found) == 2
    assert (found[0] == found[1]) == ("scope" in options)
    assert all(setting["k"] is None for setting in found)
    assert all((setting["eps"] is None) == ("clusterer" in options) for setting in found)


@pytest.mark.parametrize("seed", range(3))
def test_gradients_tell_more_of_the_true_groups_than_features(grasp, seed):
    X, y, truth = make_group_blobs(40, variance=0.01, random_state=seed)
    features = FeatureGroupInferrer(
        features="input", clusterer="dbscan", eps=None, min_samples=None, random_state=0
    )
    found = [
        group_agreement(truth, inferrer.fit_predict(X, y), y)["within_class_ari"]
        for inferrer in (grasp(), grasp(standardize=True), features)
    ]
    assert min(found[:2]) > found[2] + 0.1
    assert found[0] > 0.6


def test_outliers_never_reach_the_robust_training(grasp):
    X, y, _ = flipped(1)
    groups = grasp(standardize=True).fit_predict(X, y)
    outliers = groups == -1
    assert 0 < outliers.sum() < 100
    elsewhere, other = X.copy(), y.copy()
    elsewhere[outliers], other[outliers] = 1e6, 1 - y[outliers]
    clf = GroupDROClassifier(
        hidden_layer_sizes=(4,), max_epochs=3, standardize=True, random_state=0
    )
    expected = clone(clf).fit(X[~outliers], y[~outliers], groups=groups[~outliers])
    for rows, labels in ((X, y), (elsewhere, other)):
        fitted = clone(clf).fit(rows, labels, groups=groups)
        assert fitted.n_outliers_ == outliers.sum()
        np.testing.assert_array_equal(fitted.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize("clusterer", ["dbscan", "hdbscan"])
def test_outliers_can_join_the_nearest_cluster(grasp, clusterer):
    X, y, _ = flipped(1)
    options = {"clusterer": clusterer, "min_samples": 20, "eps": 0.1}
    apart, merged = (
        grasp(small_clusters=mode, **options).fit(X, y) for mode in ("outlier", "merge")
    )
    assert (apart.groups_ == -1).sum() > 10
    assert apart.n_groups_ == merged.n_groups_ > 2
    kept = apart.groups_ >= 0
    assert (merged.groups_[kept] == apart.groups_[kept]).all()
    Z = merged.embed(X, y)
    for c in (0, 1):
        ids = np.unique(apart.groups_[kept & (y == c)])
        centroids = np.array([Z[apart.groups_ == i].mean(axis=0) for i in ids])
        own = Z[~kept & (y == c)]
        nearest = ids[((own[:, None] - centroids) ** 2).sum(axis=2).argmin(axis=1)]
        assert (merged.groups_[~kept & (y == c)] == nearest).all()
    assert (merged.predict(X, y) >= 0).all()
    new = X + np.random.default_rng(0).normal(size=X.shape)
    assert (merged.predict(new, y) >= 0).all()
    assert (apart.predict(new, y) == -1).any()


def test_a_small_network_with_all_its_parameters(grasp, blobs):
    X, y, _ = blobs
    net = partial(mlp, hidden_layer_sizes=(4,))
    inferrer = grasp(module=net, source="all", epochs=30, combine="last", lr=0.01).fit(X, y)
    rows = torch.tensor(X, dtype=torch.float32)
    g = per_sample_gradients(inferrer.reference_.module_, rows, torch.tensor(y), source="all")
    assert g.shape == (200, 2 * 4 + 4 + 4 * 2 + 2)
    for c in (0, 1):
        Z = inferrer.embed(X, y)[y == c]
        distances = centred_cosine_distances(g[y == c].astype(float))
        np.testing.assert_allclose(1 - Z @ Z.T, distances, atol=1e-4)


def test_variants_of_the_authors(grasp):
    X, y, truth = make_group_blobs(40, variance=0.01, random_state=0)
    raw = grasp(scale="none").fit(X, y)
    assert group_agreement(truth, raw.groups_, y)["within_class_ari"] == 1
    g = one_logit_gradients(raw, X, y)
    k_means = grasp(clusterer="kmeans", k=2, scale="centred_unit", pca=None).fit(X, y)
    for c in (0, 1):
        setting = raw.settings_[c]
        # Two logits double a squared distance.
        model = DBSCAN(eps=setting["eps"] ** 0.5, min_samples=setting["min_samples"])
        expected = model.fit_predict(g[y == c])
        assert adjusted_rand_score(expected, raw.groups_[y == c]) == 1
        centred = g[y == c] - g[y == c].mean(axis=0)
        unit = centred / np.linalg.norm(centred, axis=1)[:, None]
        expected = KMeans(2, n_init=10, random_state=0).fit_predict(unit)
        assert adjusted_rand_score(expected, k_means.groups_[y == c]) == 1
    assert k_means.settings_ == {c: {"k": 2, "eps": None, "min_samples": None} for c in (0, 1)}


def test_settings_are_named_by_the_labels_and_found_again(grasp):
    X, y, _ = flipped()
    names = np.array(["left", "right"])[y]
    inferrer = grasp().fit(X, names)
    assert list(inferrer.settings_) == ["left", "right"]
    again = clone(inferrer).fit(X, names)
    assert again.settings_ == inferrer.settings_
    assert (again.groups_ == inferrer.groups_).all()


def test_a_class_without_a_split(grasp, blobs):
    X, y, _ = blobs
    X = np.vstack([X, [[9.0, 9.0], [8.0, 3.0]]])
    y = np.concatenate([y, [7, 7]])
    with pytest.warns(UnusableSplitWarning, match="class 7 stays one group: every eps"):
        inferrer = grasp(weight_decay=0.01).fit(X, y)
    assert inferrer.settings_[7] == {"k": None, "eps": None, "min_samples": None}
    assert len(set(inferrer.groups_[200:])) == 1
