import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from scipy.spatial.distance import pdist, squareform
from sklearn.base import clone
from sklearn.cluster import DBSCAN
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import TensorDataset

from skgroup import ERMClassifier, GradientGroupInferrer, get_groups
from skgroup.datasets import make_group_blobs
from skgroup.exceptions import UnusableSplitWarning
from skgroup.inference import _gradient as gradient_file
from skgroup.metrics import group_agreement


def linear_module(n_features, n_classes):
    return nn.Linear(n_features, n_classes)


class Keyword(nn.Module):
    """Takes its input by name, any number of dimensions."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(2, 2)

    def forward(self, x):
        return self.head(x.flatten(1))


def within_class_ari(truth, groups, y):
    return group_agreement(truth, groups, y)["within_class_ari"]


def contaminated(seed=0):
    """Separated groups, and three rows whose gradients are unlike all others."""
    X, y, _ = make_group_blobs(40, variance=0.01, random_state=seed)
    X, y = X.copy(), y.copy()
    X[:3], y[:3] = [[0.0, 60.0], [1.0, -60.0], [40.0, 3.0]], [0, 1, 0]
    return X, y


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("reference", ["auto", "linear"])
def test_four_gaussian_groups_are_found(make, reference, seed):
    X, y, truth = make_group_blobs(20, variance=0.01, random_state=seed)
    inferrer = make(reference=reference).fit(X, y)
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
        {"module": linear_module, "epochs": 2},
        {"module": linear_module, "epochs": 2, "combine": "mean"},
        {"module": linear_module, "epochs": 2, "combine": "first"},
        {"module": linear_module, "epochs": 2, "combine": "last", "pca": 2},
    ],
    ids=str,
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


@pytest.mark.parametrize(
    ("clusterer", "scale", "pca"),
    [("kmeans", "residual", 10), ("gmm", "residual", 10), ("hdbscan", "centred_unit", None)],
)
def test_automatic_scale_and_reduction(make, clusterer, scale, pca):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 12)), np.repeat([0, 1], 30)
    by_name = make(clusterer=clusterer, scale=scale, pca=pca, min_samples=2).fit(X, y)
    found = make(clusterer=clusterer, scale="auto", pca="auto", min_samples=2).fit(X, y)
    np.testing.assert_array_equal(found.embed(X, y), by_name.embed(X, y))
    assert (found.groups_ == by_name.groups_).all()


@pytest.mark.parametrize("source", ["head", "all"])
def test_residual_scale_keeps_directions_and_sets_lengths(make, blobs, source):
    X, y, _ = blobs
    options = {"module": linear_module, "epochs": 2, "source": source, "pca": None}
    found = make(**options, scale="residual").fit(X, y)
    Z, G = found.embed(X, y), make(**options, scale="unit").fit(X, y).embed(X, y)
    for last, columns in ((False, slice(0, 6)), (True, slice(6, 12))):
        z, g = Z[:, columns], G[:, columns]
        lengths = np.linalg.norm(z, axis=1)
        np.testing.assert_allclose(z / lengths[:, None], g, atol=1e-5)
        for c in (0, 1):  # each epoch and class is then divided by its root mean square
            np.testing.assert_allclose((lengths[y == c] ** 2).mean(), 1)
        if last:
            p = found.reference_.predict_proba(X.astype(np.float32))[np.arange(200), y]
            expected = np.concatenate([(1 - p)[y == c] for c in (0, 1)])
            ratio = np.concatenate([lengths[y == c] for c in (0, 1)]) / expected
            for part in (ratio[:100], ratio[100:]):
                np.testing.assert_allclose(part, part[0], rtol=1e-4)


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


def exact():
    return make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, tol=1e-8))


@pytest.mark.parametrize("fitted", [False, True])
def test_a_logistic_regression_gives_the_groups_of_the_linear_reference(make, fitted):
    X, y, _ = make_group_blobs(20, variance=0.1, random_state=0)
    reference = exact().fit(X, y) if fitted else exact()
    inferrer, linear = make(reference=reference).fit(X, y), make(reference="linear").fit(X, y)
    assert (inferrer.groups_ == linear.groups_).all()
    assert (inferrer.predict(X) == linear.predict(X)).all()
    assert (inferrer.reference_ is reference) == fitted


REFERENCES = {
    "forest": RandomForestClassifier(20, min_samples_leaf=30),
    "erm": ERMClassifier(hidden_layer_sizes=(), max_epochs=2, early_stopping=False),
    "module": linear_module(2, 2),
}


@pytest.mark.parametrize("reference", REFERENCES.values(), ids=REFERENCES)
def test_other_references(make, blobs, reference):
    X, y, _ = blobs
    inferrer = make(reference=reference).fit(X, y)
    assert inferrer.n_groups_ == 4
    assert (inferrer.predict(X, y) == inferrer.groups_).all()
    assert hasattr(inferrer.reference_, "predict_proba")
    again = clone(inferrer).fit(X, y)
    assert (again.groups_ == inferrer.groups_).all()


def test_a_surrogate_finds_what_a_weak_forest_gets_wrong(make, blobs):
    # Stumps on the first column only know the shortcut.
    X, y, truth = blobs
    shortcut = RandomForestClassifier(5, max_depth=1, max_features=None, random_state=0)
    inferrer = make(reference=shortcut).fit(X, y)
    assert within_class_ari(truth, inferrer.groups_, y) == 1
    with pytest.raises(ValueError, match="needs a network, but the reference is a RandomForest"):
        make(reference=shortcut, source="all").fit(X, y)


def test_a_frame_and_a_reference_that_was_fitted_on_it(make, blobs):
    X, y, _ = blobs
    frame = pd.DataFrame(X, columns=["shortcut", "core"])
    inferrer = make(reference=exact().fit(frame, y)).fit(frame, y)
    assert (inferrer.groups_ == make().fit(X, y).groups_).all()
    with pytest.raises(ValueError, match="fitted on the features"):
        make(reference=exact().fit(frame, y)).fit(frame[["core", "shortcut"]], y)


@pytest.mark.parametrize("epochs", [0.1, 1])
def test_one_snapshot_makes_all_combinations_equal(make, blobs, epochs):
    X, y, _ = blobs
    found = {
        tuple(make(module=linear_module, epochs=epochs, combine=c).fit_predict(X, y))
        for c in ("concat", "mean", "first", "last")
    }
    assert len(found) == 1


@pytest.mark.parametrize(("epochs", "n_columns"), [(0.1, 6), (1, 6), (2.5, 18)])
def test_epochs_are_put_side_by_side(make, blobs, epochs, n_columns):
    X, y, _ = blobs
    inferrer = make(module=linear_module, epochs=epochs, pca=None).fit(X, y)
    assert inferrer.embed(X, y).shape == (200, n_columns)


@pytest.mark.parametrize("pca", [6, 1 - 1e-9])
def test_keeping_all_dimensions_changes_nothing(make, blobs, pca):
    X, y, truth = blobs
    groups = make(pca=pca).fit_predict(X, y)
    assert adjusted_rand_score(groups, make(pca=None).fit_predict(X, y)) == 1
    assert within_class_ari(truth, groups, y) == 1


def test_the_order_of_rows_changes_names_only(make, blobs):
    X, y, _ = blobs
    groups, order = make().fit_predict(X, y), np.random.default_rng(1).permutation(200)
    permuted = make().fit_predict(X[order], y[order])
    assert adjusted_rand_score(groups[order], permuted) == 1


def test_activation_gradients_of_two_classes_lie_on_a_line(make, blobs):
    X, y, _ = blobs
    inferrer = make(source="activation", pca=None)
    with pytest.warns(UserWarning, match="source='activation' all lie on one line") as caught:
        inferrer.fit(X, y)
    assert caught[0].filename == __file__
    Z = inferrer.embed(X, y)
    assert np.linalg.matrix_rank(Z, tol=1e-5) == 1
    # The groups of a class are its small and its large losses.
    p = inferrer.reference_.predict_proba(X.astype(np.float32))[np.arange(200), y]
    for c in (0, 1):
        first, second = (p[inferrer.groups_ == g] for g in (2 * c, 2 * c + 1))
        assert max(first.min(), second.min()) > min(first.max(), second.max())


def test_activation_gradients_of_three_classes_lie_in_a_plane(make):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 5)), np.repeat([0, 1, 2], 30)
    Z = make(source="activation", pca=None, scale="none").fit(X, y).embed(X, y)
    assert Z.shape == (90, 5)
    assert np.linalg.matrix_rank(Z, tol=1e-5) == 2


def test_sources(make, blobs):
    X, y, _ = blobs
    head, everything, layer = (
        make(source=source, pca=None).fit(X, y) for source in ("head", "all", "layer:head")
    )
    # The same numbers in another order
    for other in (everything, layer):
        found, expected = np.sort(other.embed(X, y)), np.sort(head.embed(X, y))
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert adjusted_rand_score(other.groups_, head.groups_) == 1


@pytest.mark.parametrize("source", ["layer:body", "top"])
def test_unknown_sources_name_the_layers(make, blobs, source):
    X, y, _ = blobs
    with pytest.raises(ValueError, match=rf"with parameters|one of \['head'\]; got '{source}'"):
        make(source=source).fit(X, y)


@pytest.mark.parametrize("reference", ["linear", LogisticRegression(C=10)], ids=str)
def test_large_gradients_are_sketched(make, blobs, monkeypatch, reference):
    X, y, truth = blobs
    X = np.tile(X, 31)
    inferrer = make(reference=reference, weight_decay=1e-3, pca=None).fit(X, y)
    assert inferrer.embed(X, y).shape == (200, 126)
    assert within_class_ari(truth, inferrer.groups_, y) == 1
    monkeypatch.setattr(gradient_file, "GRADIENT_BYTES", 4 * 200 * 126 - 1)
    monkeypatch.setattr(gradient_file, "SKETCH_SIZE", 64)
    inferrer.fit(X, y)
    assert inferrer.embed(X, y).shape == (200, 64)
    assert within_class_ari(truth, inferrer.groups_, y) == 1
    assert (inferrer.predict(X, y) == inferrer.groups_).all()
    monkeypatch.setattr(gradient_file, "SKETCH_SIZE", 126)  # nothing to be saved
    assert inferrer.fit(X, y).embed(X, y).shape == (200, 126)
    monkeypatch.setattr(gradient_file, "SKETCH_SIZE", 64)
    monkeypatch.setattr(gradient_file, "GRADIENT_BYTES", 4 * 200 * 126)  # small enough
    assert inferrer.fit(X, y).embed(X, y).shape == (200, 126)


def test_the_budget_is_for_all_snapshots(make, blobs, monkeypatch):
    X, y, _ = blobs
    monkeypatch.setattr(gradient_file, "GRADIENT_BYTES", 4 * 200 * 6)
    monkeypatch.setattr(gradient_file, "SKETCH_SIZE", 4)
    one = make(module=linear_module, epochs=1, pca=None).fit(X, y)
    two = make(module=linear_module, epochs=2, pca=None).fit(X, y)
    assert one.embed(X, y).shape == (200, 6)
    assert two.embed(X, y).shape == (200, 8)


def test_sparse_rows(make, blobs):
    X, y, _ = blobs
    dense, rows = make().fit(X, y), sparse.csr_matrix(X)
    inferrer = make().fit(rows, y)
    assert (inferrer.groups_ == dense.groups_).all()
    assert (inferrer.predict(rows) == dense.predict(X)).all()
    with pytest.raises(TypeError, match=r"csr_matrix.*groups=inferrer\.groups_"):
        make().fit_transform(rows, y)


def test_inputs_that_only_torch_reads(make, blobs):
    X, y, _ = blobs
    module = Keyword()
    rows = torch.tensor(X, dtype=torch.float32)
    expected = make(module=module).fit(X, y)
    for inputs in (rows, {"x": X}, TensorDataset(rows), X.reshape(200, 2, 1)):
        inferrer = make(module=module).fit(inputs, y)
        assert (inferrer.groups_ == expected.groups_).all()
        assert (inferrer.predict(inputs, y) == expected.groups_).all()
        with pytest.raises(ValueError, match="X has 200 samples, but y has 199"):
            inferrer.predict(inputs, y[1:])
    labelled = TensorDataset(rows, torch.tensor(y))
    assert (make(module=module).fit(labelled).groups_ == expected.groups_).all()
    assert (get_groups(make(module=module).fit_transform(rows, y)) == expected.groups_).all()
    for inputs in ({"x": X}, labelled):
        with pytest.raises(TypeError, match="cannot carry groups"):
            make(module=module).fit_transform(inputs, y)


@pytest.mark.parametrize("inputs", [{"x": [1.0]}, torch.zeros(4, 2), np.zeros((4, 2, 2))])
def test_the_linear_reference_wants_a_table(make, inputs):
    with pytest.raises((TypeError, ValueError), match=r"2-D array|dim <= 2"):
        make().fit(inputs, [0, 1, 0, 1])
    if not isinstance(inputs, dict):
        with pytest.raises(ValueError, match="linear reference needs a 2-D X: pass `module=`"):
            make(reference="linear", module=Keyword()).fit(inputs, [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clusterer": "k-means"}, "'clusterer'.*'kmeans'"),
        ({"clusterer": "k-means"}, "'clusterer'.*'dbscan'"),
        ({"scope": "row"}, "'scope'.*'global'"),
        ({"reference": "tree"}, "'reference'.*'linear'"),
        ({"scale": "max"}, "'scale'.*'centred_unit'"),
        ({"combine": "sum"}, "'combine'.*'concat'"),
        ({"pca": 0}, "'pca'"),
        ({"pca": 1.5}, "'pca'"),
        ({"epochs": 0}, "'epochs'"),
        ({"k": 0}, "'k'"),
        ({"eps": 0.0}, "'eps'"),
        ({"min_cluster_share": 1.0}, "'min_cluster_share'"),
        ({"small_clusters": "drop"}, "'small_clusters'.*'merge'"),
        ({"optimizer": "lion"}, "'optimizer'.*'adam'"),
    ],
    ids=str,
)
def test_bad_parameters(make, blobs, options, message):
    with pytest.raises(ValueError, match=message):
        make(**options).fit(*blobs[:2])


def no_optimizer(parameters):
    raise AssertionError("training began")


def test_k_larger_than_every_class_is_seen_before_the_training(make, blobs):
    inferrer = make(k=101, module=linear_module, optimizer=no_optimizer)
    with pytest.raises(ValueError, match=r"k=101 is larger than every class.*100 samples"):
        inferrer.fit(*blobs[:2])


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[0.0], [np.nan]], [0, 1], "contains NaN"),
        ([[0.0], [np.inf]], [0, 1], "contains infinity"),
        ([[0.0], [1.0]], [1, 1], "y has one class only"),
        ([[0.0], [1.0]], [0, np.nan], "y contains NaN"),
        ([[0.0], [1.0]], np.array(["a", None], dtype=object), "y contains None"),
        ([[0.0], [1.0]], [0.5, 1.5], "continuous"),
        ([[0.0], [1.0]], None, "requires y to be passed"),
        ([[0.0], [1.0]], [0, 1, 1], "inconsistent numbers of samples"),
    ],
)
def test_bad_data(make, X, y, message):
    with pytest.raises(ValueError, match=message):
        make(k=1).fit(X, y)


SEEDED = [
    {},
    {"clusterer": "gmm", "k": None},
    {"module": linear_module, "epochs": 1.5},
    {"reference": RandomForestClassifier(5, max_depth=2)},
    {"reference": ERMClassifier(hidden_layer_sizes=(4,), max_epochs=1)},
]


@pytest.mark.parametrize("options", SEEDED, ids=str)
def test_a_seed_repeats_the_fit_and_leaves_the_global_state(make, options):
    X, y, _ = make_group_blobs(10, random_state=0)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    first, again = (make(**options, random_state=4).fit(X, y) for _ in range(2))
    assert (np.random.get_state()[1] == before[0]).all()
    assert torch.equal(torch.get_rng_state(), before[1])
    assert (first.groups_ == again.groups_).all()
    np.testing.assert_array_equal(first.embed(X, y), again.embed(X, y))


def test_other_seeds_start_elsewhere(make, blobs):
    X, y, _ = blobs
    spaces = [
        make(module=linear_module, random_state=seed).fit(X, y).embed(X, y) for seed in (0, 1)
    ]
    assert not np.allclose(*spaces)


def test_without_a_seed_numpy_decides(make, blobs):
    X, y, _ = blobs
    spaces = []
    for seed in (0, 0, 1):
        np.random.seed(seed)
        spaces.append(make(module=linear_module, random_state=None).fit(X, y).embed(X, y))
    np.testing.assert_array_equal(spaces[0], spaces[1])
    assert not np.allclose(spaces[0], spaces[2])


def test_jobs_change_nothing(make):
    X, y, _ = make_group_blobs(10, random_state=0)
    with joblib.parallel_config(backend="threading"):
        two = make(n_jobs=2, k=None).fit(X, y)
    one = make(n_jobs=1, k=None).fit(X, y)
    assert (two.groups_ == one.groups_).all()
    np.testing.assert_array_equal(two.embed(X, y), one.embed(X, y))


@pytest.mark.parametrize("options", [{}, {"module": linear_module, "epochs": 2}], ids=str)
def test_pickles_and_clones(make, blobs, options):
    X, y, _ = blobs
    inferrer = make(**options).fit(X, y)
    again = pickle.loads(pickle.dumps(inferrer))
    assert (again.predict(X, y) == inferrer.groups_).all()
    assert again.score(X, y) == inferrer.score(X, y)
    copied = clone(inferrer)
    assert not hasattr(copied, "reference_")
    assert (copied.fit_predict(X, y) == inferrer.groups_).all()


def test_parameters_are_kept_as_given():
    module, reference = linear_module(2, 2), LogisticRegression()
    inferrer = GradientGroupInferrer(3, module=module, reference=reference, epochs=0.5)
    params = inferrer.get_params(deep=False)
    assert params["module"] is module
    assert params["reference"] is reference
    assert (params["k"], params["epochs"]) == (3, 0.5)


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
