from functools import partial

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV
from torch import nn

from skgroup import FeatureGroupInferrer, GradientGroupInferrer, get_groups
from skgroup.clustering import class_silhouette
from skgroup.exceptions import UnusableSplitWarning
from skgroup.metrics import group_agreement
from skgroup.modules import mlp


def net(n_features, n_classes):
    return mlp(n_features, n_classes, (8,))


plain = partial(
    FeatureGroupInferrer, features="input", scale="none", reduction=None, standardize=False,
    random_state=0,
)  # fmt: skip
george = partial(
    FeatureGroupInferrer, clusterer="gmm", k_rule="cluster_silhouette", k_max=4,
    min_cluster_share=0, random_state=0,
)  # fmt: skip


def same_partition(labels, expected):
    return adjusted_rand_score(labels, expected) == 1


@pytest.mark.parametrize("options", [
    {}, {"clusterer": "gmm"}, {"k": 2}, {"k_rule": "cluster_silhouette"}, {"scope": "global"},
    {"k_rule": "silhouette_per_class"}, {"clusterer": "hdbscan", "min_samples": 10},
    {"reduction": "pca"}, {"features": "penultimate"}, {"scale": "rms"},
    {"reference": RandomForestClassifier(n_estimators=5)},
])  # fmt: skip
def test_separate_blobs_are_found(four, options):
    X, y, truth = four
    inferrer = plain(**options).fit(X, y)
    assert same_partition(inferrer.groups_, truth)
    assert sorted(inferrer.group_table_["size"]) == [20, 20, 60, 60]


@pytest.mark.parametrize("k_rule", ["cluster_silhouette", "silhouette_per_class"])
def test_every_class_has_its_own_number_of_blobs(draw_blobs, k_rule):
    rows, y, truth = draw_blobs(((40, 40), (30, 30, 30)))
    inferrer = plain(k_rule=k_rule).fit(rows, y)
    assert same_partition(inferrer.groups_, truth)
    assert [inferrer.settings_[c]["k"] for c in (0, 1)] == [2, 3]
    pooled = plain(k_rule="silhouette").fit(rows, y)
    assert len(set(np.bincount(pooled.group_table_["class"]))) == 1


def test_the_largest_k_tried(draw_blobs):
    rows, y, truth = draw_blobs(((15,) * 5, (15,) * 5))
    assert same_partition(plain(k_max=5).fit_predict(rows, y), truth)
    assert plain(k_max=3).fit(rows, y).n_groups_ <= 6


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm"])
@pytest.mark.parametrize("options", [
    {}, {"features": "penultimate"}, {"features": "output"}, {"reduction": "hardness"},
    {"overcluster": 3, "min_subcluster_size": 2}, {"reduction": None, "k": 3},
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:without validation rows")
def test_every_row_is_labelled_and_predicted_as_fitted(draw_blobs, clusterer, options):
    rows, y, _ = draw_blobs(((30, 5), (5, 30)), spread=4.0)
    options = {"module": net, "epochs": 2} | options
    inferrer = george(**options | {"clusterer": clusterer}).fit(rows, y)
    groups = inferrer.groups_
    assert (inferrer.predict(rows, y) == groups).all()
    assert np.unique(groups).tolist() == list(range(inferrer.n_groups_))
    for group in range(inferrer.n_groups_):  # pure in the class
        assert set(y[groups == group]) == {inferrer.group_table_["class"][group]}


@pytest.mark.parametrize("options", [{}, {"module": net}, {"overcluster": 5}])
@pytest.mark.filterwarnings("ignore:without validation rows")
def test_constant_features_make_one_group_a_class(options):
    with pytest.warns(UnusableSplitWarning, match="1 distinct row") as caught:
        inferrer = george(**options).fit(np.ones((60, 2)), np.repeat([0, 1], 30))
    unusable = [str(w.message) for w in caught if w.category is UnusableSplitWarning]
    assert [message[:7] for message in unusable] == ["class 0", "class 1"]
    assert inferrer.groups_.tolist() == [0] * 30 + [1] * 30


def test_validation_rows_without_overclustering(four):
    X, y, _ = four
    some = slice(0, None, 3)
    inferrer = plain(k=2).fit(X, y, X_val=X[some], y_val=y[some])
    assert (inferrer.groups_val_ == inferrer.groups_[some]).all()


@pytest.mark.parametrize(("options", "named"), [
    ({}, {"features": "input", "scale": "none", "reduction": "pca"}),
    ({"clusterer": "gmm"}, {"features": "input", "scale": "none", "reduction": "pca"}),
    ({"module": net}, {"features": "penultimate", "scale": "unit", "n_components": 10}),
    ({"module": net, "features": "output"}, {"scale": "none", "epochs": 1}),
    ({"module": net}, {"epochs": 10}),
    ({"clusterer": "hdbscan"}, {"scale": "centred_unit", "reduction": None, "features": "input"}),
    ({"reference": RandomForestClassifier(5, random_state=0)}, {"features": "input"}),
    ({"reference": mlp(12, 2, (15,))}, {"features": "penultimate", "scale": "unit"}),
])  # fmt: skip
def test_automatic_settings(options, named):
    rng = np.random.default_rng(0)
    rows, y = rng.normal(size=(60, 12)), np.repeat([0, 1], 30)
    found, by_name = (
        FeatureGroupInferrer(k=2, min_samples=2, random_state=0, **o).fit(rows, y)
        for o in (options, options | named)
    )
    np.testing.assert_array_equal(found.embed(rows, y), by_name.embed(rows, y))
    assert (found.groups_ == by_name.groups_).all()


def test_a_share_of_the_variance(four):
    X, y, _ = four
    rows = X * [1.0, 1.0, 1e-3]
    assert plain(k=2, reduction="pca", n_components=0.5).fit(rows, y).embed(rows, y).shape[1] == 1


def test_groups_do_not_depend_on_the_units_of_the_columns(four):
    X, y, _ = four
    first = FeatureGroupInferrer(2, random_state=0).fit(X, y)
    other = FeatureGroupInferrer(2, random_state=0).fit(X * [1e3, 1e-3, 5.0], y)
    assert same_partition(first.groups_, other.groups_)


def test_losses_are_those_of_the_reference(four):
    X, y, _ = four
    inferrer = plain(k=2).fit(X, y)
    gradient = GradientGroupInferrer(2, reference="linear", standardize=False, random_state=0)
    gradient.fit(X, y)
    p = gradient.reference_.predict_proba(X.astype(np.float32))
    np.testing.assert_allclose(inferrer.reference_.predict_proba(X.astype(np.float32)), p)
    loss = -np.log(p[np.arange(len(y)), y])
    for group, mean in zip(
        *(inferrer.group_table_[c] for c in ("group", "mean_loss")), strict=True
    ):
        assert mean == pytest.approx(loss[inferrer.groups_ == group].mean(), rel=1e-3, abs=1e-6)


def test_only_the_last_epoch_is_kept(four):
    X, y, _ = four
    inferrer = plain(features="penultimate", module=net, epochs=4).fit(X, y)
    assert len(inferrer._model.snapshots) == 1


def test_sparse_rows(four):
    X, y, _ = four
    dense = FeatureGroupInferrer(2, random_state=0).fit(X, y)
    rows = sparse.csr_matrix(X)
    inferrer = FeatureGroupInferrer(2, random_state=0).fit(rows, y)
    assert (inferrer.groups_ == dense.groups_).all()
    assert (inferrer.predict(rows, y) == dense.groups_).all()


def test_images_through_a_network(four):
    X, y, truth = four
    images = np.repeat(X[:, :, None], 2, axis=2)
    module = nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))
    inferrer = FeatureGroupInferrer(2, module=module, random_state=0).fit(images, y)
    assert (inferrer.predict(images, y) == inferrer.groups_).all()
    by_input = plain(k=2, module=module).fit(images, y)
    assert same_partition(by_input.groups_, truth)


def test_a_network_without_a_linear_head_fails_before_the_training(four):
    X, y, _ = four

    class Untrainable(nn.Sequential):
        def train(self, mode=True):
            if mode:
                raise AssertionError("the training has begun")
            return super().train(mode)

    module = Untrainable(nn.Linear(3, 2), nn.BatchNorm1d(2)).eval()
    with pytest.raises(ValueError, match=r"no linear head.* for features choose features='output'"):
        FeatureGroupInferrer(module=module).fit(X, y)


@pytest.mark.parametrize("options", [{}, {"module": net}, {"features": "output", "module": net}])
def test_the_same_seed_gives_the_same_groups(four, options):
    X, y, _ = four
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    first, second = (FeatureGroupInferrer(random_state=3, **options).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(first.embed(X, y), second.embed(X, y))
    assert (first.groups_ == second.groups_).all()
    assert (np.random.get_state()[1] == before[0]).all()
    assert (torch.get_rng_state() == before[1]).all()


def test_score_and_search(four):
    X, y, truth = four
    inferrer = plain(k=2).fit(X, y)
    expected = [class_silhouette(X[c == y], truth[c == y]) for c in (0, 1)]
    assert inferrer.score(X, y) == pytest.approx(np.mean(expected))
    order = np.random.default_rng(0).permutation(len(y))
    search = GridSearchCV(FeatureGroupInferrer(random_state=0), {"k": [2, 3]}, cv=2)
    search.fit(X[order], y[order])
    assert search.best_params_ == {"k": 2}
    assert get_groups(search.best_estimator_.fit_transform(X, y)) is not None


def test_gradients_find_what_features_hide(blobs):
    """The minority of these blobs lies beside the majority: only its gradients stand out."""
    rows, y, truth = blobs
    ari = {
        cls: group_agreement(truth, cls(2, random_state=0).fit(rows, y).groups_, y)[
            "within_class_ari"
        ]
        for cls in (FeatureGroupInferrer, GradientGroupInferrer)
    }
    assert ari[GradientGroupInferrer] == 1
    assert ari[FeatureGroupInferrer] < 0.5
