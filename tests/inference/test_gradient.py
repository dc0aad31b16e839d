import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from sklearn.cluster import DBSCAN
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.model_selection import GridSearchCV

from skgroup import GradientGroupInferrer, get_groups
from skgroup.datasets import make_group_blobs
from skgroup.exceptions import UnusableSplitWarning
from skgroup.metrics import group_agreement
from skgroup.modules import mlp


def within_class_ari(truth, groups, y):
    return group_agreement(truth, groups, y)["within_class_ari"]


def contaminated(seed=0):
    """Separated groups, and three rows whose gradients are unlike all others."""
    X, y, _ = make_group_blobs(40, variance=0.01, random_state=seed)
    X, y = X.copy(), y.copy()
    X[:3], y[:3] = [[0.0, 60.0], [1.0, -60.0], [40.0, 3.0]], [0, 1, 0]
    return X, y


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("reference", ["auto", "linear", "ridge"])
def test_four_gaussian_groups_are_found(make, reference, seed):
    X, y, truth = make_group_blobs(20, variance=0.01, random_state=seed)
    inferrer = make(reference=reference, weight_decay=None).fit(X, y)
    assert within_class_ari(truth, inferrer.groups_, y) == 1
    assert sorted(inferrer.group_table_["size"]) == [20, 20, 80, 80]


def test_groups_are_consecutive_and_pure(make):
    X, y = contaminated()
    inferrer = make().fit(X, y)
    groups, table = inferrer.groups_, inferrer.group_table_
    assert np.unique(groups).tolist() == [-1, *range(inferrer.n_groups_)]
    for group in range(inferrer.n_groups_):
        assert set(y[groups == group]) == {table["class"][group]}
    assert table["size"].sum() == len(y)
    assert table["size"][table["group"] == -1].sum() == (groups == -1).sum()


def test_table_describes_the_reference(make, blobs):
    X, y, _ = blobs
    inferrer = make().fit(X, y)
    p = inferrer.reference_.predict_proba(X.astype(np.float32))
    loss, wrong = -np.log(p[np.arange(len(y)), y]), p.argmax(axis=1) != y
    table = inferrer.group_table_
    for i, group in enumerate(table["group"]):
        mask = inferrer.groups_ == group
        assert table["size"][i] == mask.sum()
        assert table["mean_loss"][i] == pytest.approx(loss[mask].mean(), abs=1e-5)
        assert table["error_rate"][i] == wrong[mask].mean()
    # The model is wrong about the minorities, and right about the others.
    assert dict(zip(table["size"], table["error_rate"], strict=True)) == {20: 1, 80: 0}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"clusterer": "gmm"},
        {"scope": "global", "k": 4},
        {"small_clusters": "merge", "k": 3},
        {"module": mlp, "epochs": 2},
        {"module": mlp, "epochs": 2, "combine": "mean"},
        {"module": mlp, "epochs": 2, "combine": "first"},
        {"module": mlp, "epochs": 2, "combine": "last", "pca": 2},
    ],
)
def test_prediction_on_training_rows_repeats_the_groups(make, options):
    X, y = contaminated()
    inferrer = make(**options).fit(X, y)
    assert inferrer.n_groups_ >= 4
    assert (inferrer.predict(X, y) == inferrer.groups_).all()


def test_prediction_without_labels_takes_the_predicted_class(make, blobs):
    X, y, _ = blobs
    inferrer = make().fit(X, y)
    predicted = inferrer.reference_.predict_proba(X.astype(np.float32)).argmax(axis=1)
    assert (predicted != y).sum() == 40
    assert (inferrer.predict(X) == inferrer.predict(X, predicted)).all()


def centred_cosine_distance(g):
    return squareform(pdist(g - g.mean(axis=0), "cosine")).clip(0, 2)


@pytest.mark.parametrize("eps", [0.02, 0.1])
def test_grasp_by_hand(make, blobs, eps):
    X, y, _ = blobs
    inferrer = make(
        clusterer="dbscan", scale="auto", pca="auto", eps=eps, min_samples=6, standardize=False
    ).fit(X, y)
    residual = inferrer.reference_.predict_proba(X.astype(np.float32))[:, 1] - y
    g = residual[:, None] * np.column_stack([X, np.ones(len(X))])
    n_found = []
    for c in (0, 1):
        model = DBSCAN(eps=eps, min_samples=6, metric="precomputed")
        expected = model.fit_predict(centred_cosine_distance(g[y == c]))
        found, core = inferrer.groups_[y == c], model.core_sample_indices_
        assert len(core) > 80
        assert adjusted_rand_score(expected[core], found[core]) == 1
        assert (found[core] >= 0).all()
        assert (found == -1).sum() == (expected == -1).sum()
        n_found.append(expected.max() + 1)
    assert inferrer.n_groups_ == sum(n_found) > 2


def test_a_radius_beyond_the_largest_distance_finds_one_group_a_class(make, blobs):
    X, y, _ = blobs
    inferrer = make(clusterer="dbscan", scale="auto", pca="auto", eps=2.01, min_samples=6)
    with pytest.warns(UnusableSplitWarning, match="only one cluster was found") as caught:
        groups = inferrer.fit_predict(X, y)
    assert [str(w.message)[:7] for w in caught] == ["class 0", "class 1"]
    assert (groups == y).all()


def test_score_by_hand(make):
    X, y = contaminated()
    inferrer = make().fit(X, y)
    groups, Z = inferrer.predict(X, y), inferrer.embed(X, y)
    silhouettes = [silhouette_score(Z[y == c], groups[y == c]) for c in (0, 1)]
    assert inferrer.score(X, y) == pytest.approx(np.bincount(y) @ silhouettes / len(y))


def test_a_grid_search_needs_no_scoring(blobs):
    X, y, _ = blobs
    search = GridSearchCV(GradientGroupInferrer(random_state=0), {"k": [2, 3]}, cv=2).fit(X, y)
    assert -1 < search.best_score_ <= 1
    assert get_groups(search.best_estimator_.fit_transform(X, y)) is not None


@pytest.mark.parametrize("k", [2, 3, None])
def test_number_of_groups(make, blobs, k):
    X, y, _ = blobs
    inferrer = make(k=k).fit(X, y)
    found = np.bincount(inferrer.group_table_["class"])
    if k is None:
        assert (found >= 2).all()
    else:
        assert found.tolist() == [k, k]


def test_the_order_of_rows_changes_names_only(make, blobs):
    X, y, _ = blobs
    groups, order = make().fit_predict(X, y), np.random.default_rng(1).permutation(200)
    permuted = make().fit_predict(X[order], y[order])
    assert adjusted_rand_score(groups[order], permuted) == 1


def test_string_labels_and_classes_of_unequal_size(make, blobs):
    X, y, truth = blobs
    kept = np.flatnonzero((y == 0) | (np.arange(200) % 3 > 0))
    X, y, truth = X[kept], y[kept], truth[kept]
    names = np.array(["waterbird", "landbird"])[y]
    inferrer = make().fit(X, names)
    assert inferrer.classes_.tolist() == ["landbird", "waterbird"]
    assert set(inferrer.group_table_["class"]) == set(names)
    assert within_class_ari(truth, inferrer.groups_, y) == 1
    assert (inferrer.predict(X, names) == inferrer.groups_).all()


def test_classes_without_a_split(make, blobs):
    X, y, _ = blobs
    X = np.vstack([X, [[9.0, 9.0]], np.full((6, 2), -9.0)])
    y = np.concatenate([y, [7], np.full(6, 8)])
    with pytest.warns(UnusableSplitWarning, match="1 distinct row") as caught:
        inferrer = make().fit(X, y)
    assert [str(w.message)[:7] for w in caught] == ["class 7", "class 8"]
    assert inferrer.n_groups_ == 6
    assert inferrer.groups_[200:].tolist() == [4] + [5] * 6
    assert (inferrer.predict(X, y) == inferrer.groups_).all()


@pytest.mark.parametrize(
    "options",
    [{"optimizer": "sgd"}, {"lr": 0.1}, {"weight_decay": 5.0}, {"batch_size": 20}, {"epochs": 2}],
)
def test_training_options_reach_the_training(make, blobs, options):
    X, y, _ = blobs
    settings = {"module": mlp, "optimizer": "adam", "lr": 0.01, "batch_size": 100, "epochs": 1}
    plain = make(**settings, pca=2).fit(X, y).embed(X, y)
    changed = make(**settings | options, pca=2).fit(X, y).embed(X, y)
    assert not np.allclose(changed, plain)
    np.testing.assert_array_equal(make(**settings, pca=2).fit(X, y).embed(X, y), plain)


def test_no_epochs_are_twenty_steps(make, blobs):
    X, y, _ = blobs  # two batches an epoch
    none, ten = (make(module=mlp, epochs=e, pca=None).fit(X, y).embed(X, y) for e in (None, 10))
    np.testing.assert_array_equal(none, ten)


def test_parameters_are_kept_as_given():
    module, reference = mlp(2, 2), LogisticRegression()
    inferrer = GradientGroupInferrer(3, module=module, reference=reference, epochs=0.5)
    params = inferrer.get_params(deep=False)
    assert params["module"] is module
    assert params["reference"] is reference
    assert (params["k"], params["epochs"]) == (3, 0.5)
