"""What X, y and groups may be."""

import numpy as np
import pandas as pd
import pytest
import torch
from joblib import Parallel, delayed
from scipy import sparse
from torch import nn
from torch.utils.data import Dataset, TensorDataset

from skgroup import ERMClassifier, GroupedArray
from skgroup.modules import mlp


@pytest.fixture
def fit(quick, blobs):
    def run(*, X=blobs.X, y=blobs.y, groups=blobs.groups, given=None, **parameters):
        return quick(**parameters).fit(X, y, groups=groups, **(given or {}))

    return run


def read_only(values):
    values = np.array(values)
    values.flags.writeable = False
    return values


def test_read_only_arrays(fit, blobs, assert_same_model):
    weight = np.linspace(0.5, 1, 120)
    plain = fit(given={"sample_weight": weight})
    frozen = fit(
        X=read_only(blobs.X), y=read_only(blobs.y), groups=read_only(blobs.groups),
        given={"sample_weight": read_only(weight)},
    )  # fmt: skip
    assert_same_model(plain, frozen, blobs.X)
    np.testing.assert_array_equal(plain.predict(blobs.X), frozen.predict(read_only(blobs.X)))


def test_the_caller_s_arrays_stay_as_they_are(fit, blobs):
    weight = np.linspace(0, 1, 120)
    given = [blobs.X, blobs.y, blobs.groups, weight]
    before = [values.copy() for values in given]
    held_out = {"X_val": blobs.X, "y_val": blobs.y, "groups_val": blobs.groups}
    fit(given={"sample_weight": weight} | held_out).predict(blobs.X)
    for values, old in zip(given, before, strict=True):
        np.testing.assert_array_equal(values, old)
        assert values.flags.writeable


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_memory_mapped_arrays(fit, blobs, assert_same_model, tmp_path, dtype):
    X = blobs.X.astype(dtype)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert_same_model(fit(X=X), fit(X=mapped), mapped)


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array, sparse.coo_array])
def test_sparse_matrices(fit, blobs, assert_same_model, container):
    X = np.where(blobs.X > 1, blobs.X, 0)
    X = np.column_stack([X, np.full(120, 0.1), np.zeros(120)])  # constant columns too
    weight = np.linspace(0, 1, 120)
    out = np.where(np.arange(120) % 7 == 0, -1, blobs.groups)
    settings = {"groups": out, "given": {"sample_weight": weight}}
    dense, thin = fit(X=X, **settings), fit(X=container(X), **settings)
    assert_same_model(dense, thin, X, atol=1e-5)
    np.testing.assert_allclose(
        thin.predict_proba(container(X)), thin.predict_proba(X), rtol=0, atol=1e-6
    )


def test_dok_matrices_are_no_dicts(fit, blobs, assert_same_model):
    assert_same_model(fit(), fit(X=sparse.dok_array(blobs.X)), blobs.X, atol=1e-5)


def test_precision_of_the_input_does_not_matter(fit, blobs, assert_same_model):
    single, double = fit(), fit(X=blobs.X.astype(np.float64))
    assert_same_model(single, double, blobs.X)
    np.testing.assert_array_equal(
        single.predict_proba(blobs.X), single.predict_proba(blobs.X.astype(np.float64))
    )


def test_lists_and_other_layouts(fit, blobs, assert_same_model):
    lists = fit(X=blobs.X.tolist(), y=blobs.y.tolist(), groups=blobs.groups.tolist())
    assert_same_model(fit(), lists, blobs.X)
    assert_same_model(fit(), fit(X=np.asfortranarray(blobs.X)), blobs.X)
    backwards = fit(X=blobs.X[::-1].copy()[::-1], y=blobs.y[::-1].copy()[::-1])
    assert_same_model(fit(), backwards, blobs.X)


def test_integers(fit, blobs, assert_same_model):
    X = np.rint(10 * blobs.X)
    assert_same_model(fit(X=X), fit(X=X.astype(int)), X)


def test_data_frames(fit, blobs, assert_same_model):
    rows = [f"row {i}" for i in range(120)]
    frame = pd.DataFrame(blobs.X, index=rows, columns=["height", "width"])
    y = pd.Series(np.array(["cat", "dog"])[blobs.y], index=rows)
    groups = pd.Series(pd.Categorical.from_codes(blobs.groups, list("abcd")), index=rows)
    clf = fit(X=frame, y=y, groups=groups)
    assert clf.feature_names_in_.tolist() == ["height", "width"]
    assert clf.classes_.tolist() == ["cat", "dog"]
    assert clf.group_labels_.tolist() == ["a", "b", "c", "d"]
    plain = fit()
    np.testing.assert_array_equal(clf.predict_proba(frame), plain.predict_proba(blobs.X))
    np.testing.assert_array_equal(clf.predict(frame), clf.classes_[plain.predict(blobs.X)])
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(frame[["width", "height"]])


def test_groups_in_two_columns(fit, blobs, assert_same_model):
    one, two = fit(), fit(groups=pd.DataFrame({"y": blobs.y, "side": blobs.groups % 2}))
    assert two.group_labels_.tolist() == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert_same_model(one, two, blobs.X)
    assert_same_model(one, fit(groups=[blobs.y, blobs.groups % 2]), blobs.X)


def test_groups_as_categories_with_unused_and_missing_ones(fit, blobs, assert_same_model):
    names = pd.Categorical.from_codes(np.where(blobs.groups == 2, -1, blobs.groups), list("abcde"))
    clf = fit(groups=pd.Series(names))
    assert clf.group_labels_.tolist() == ["a", "b", "d"]
    assert clf.n_outliers_ == 12
    kept = blobs.groups != 2
    less = fit(X=blobs.X[kept], y=blobs.y[kept], groups=blobs.groups[kept])
    assert_same_model(clf, less, blobs.X)


NETWORK = {"module": mlp, "lr": 0.05}  # mlp(n_features, n_classes) is a linear network


def test_tensors(fit, blobs, assert_same_model):
    array, X = fit(**NETWORK), torch.from_numpy(blobs.X)
    tensor = fit(X=X, y=torch.from_numpy(blobs.y), **NETWORK)
    assert_same_model(array, tensor, blobs.X)
    np.testing.assert_array_equal(tensor.predict(X), array.predict(blobs.X))
    assert_same_model(array, fit(X=X.double().requires_grad_(), **NETWORK), blobs.X)


class TwoInputs(nn.Module):
    def __init__(self, n_features, n_classes):
        super().__init__()
        self.left, self.right, self.head = nn.Linear(1, 4), nn.Linear(1, 4), nn.Linear(4, n_classes)

    def forward(self, left, right):
        return self.head(self.left(left) + self.right(right))


def test_dicts_of_arrays(fit, blobs):
    arrays = {"left": blobs.X[:, :1], "right": blobs.X[:, 1:]}
    frozen = {name: read_only(values) for name, values in arrays.items()}
    tensors = {name: torch.from_numpy(values) for name, values in arrays.items()}
    thin = {"left": arrays["left"], "right": sparse.csr_array(arrays["right"])}
    swapped = dict(reversed(arrays.items()))
    expected = fit(X=arrays, module=TwoInputs).predict_proba(arrays)
    assert expected.std() > 0.01
    for X in (frozen, tensors, thin, swapped):
        np.testing.assert_array_equal(fit(X=X, module=TwoInputs).predict_proba(X), expected)


def test_dicts_with_outliers_and_validation(fit, blobs):
    groups = np.where(np.arange(120) % 5 == 0, -1, blobs.groups)
    X = {"left": blobs.X[:, :1].copy(), "right": blobs.X[:, 1:].copy()}
    held_out = {"X_val": {k: v.copy() for k, v in X.items()}, "y_val": blobs.y}
    settings = {"module": TwoInputs, "groups": groups, "given": held_out}
    clean = fit(X=X, **settings)
    X["left"][::5] = 1e30
    poisoned = fit(X=X, **settings)
    np.testing.assert_array_equal(
        clean.predict_proba(held_out["X_val"]), poisoned.predict_proba(held_out["X_val"])
    )
    assert poisoned.early_stopping_


def test_dataset_that_knows_its_labels(fit, blobs, assert_same_model):
    pairs = TensorDataset(torch.from_numpy(blobs.X), torch.from_numpy(blobs.y))
    array, dataset = fit(**NETWORK), fit(X=pairs, y=None, **NETWORK)
    assert_same_model(array, dataset, blobs.X)
    np.testing.assert_array_equal(dataset.predict(pairs), array.predict(blobs.X))
    held_out = {"X_val": pairs, "groups_val": blobs.groups}
    stopped = fit(X=pairs, y=None, given=held_out, **NETWORK)
    explicit = fit(given={**held_out, "X_val": blobs.X, "y_val": blobs.y}, **NETWORK)
    assert_same_model(explicit, stopped, blobs.X)


def test_dataset_without_labels(fit, blobs, assert_same_model):
    class Inputs(Dataset):
        def __len__(self):
            return 120

        def __getitem__(self, i):
            return torch.from_numpy(blobs.X)[i]

    assert_same_model(fit(**NETWORK), fit(X=Inputs(), **NETWORK), blobs.X)


def convolutional(n_features, n_classes):
    return nn.Sequential(
        nn.Conv2d(n_features, 3, kernel_size=3), nn.ReLU(), nn.Flatten(), nn.Linear(12, n_classes)
    )


@pytest.fixture
def images():
    """60 images of one channel; the class is the brighter half."""
    rng, y = np.random.default_rng(0), np.arange(60) % 2
    X = rng.normal(size=(60, 1, 4, 4)).astype(np.float32)
    X[y == 0, :, :2] += 2
    X[y == 1, :, 2:] += 2
    return X, y, np.arange(60) % 4


# A biased network that knows these easy classes leaves the other one nothing to learn.
EASY = {"LogitCorrectionClassifier": {"eta": 0}}


def test_images(Classifier, quick, images):
    X, y, groups = images
    settings = {"module": convolutional, "lr": 0.03, "max_epochs": 15}
    settings |= EASY.get(Classifier.__name__, {})
    clf = quick(**settings).fit(X, y, groups=groups)
    assert clf.n_features_in_ == 1
    assert clf.score(X, y) > 0.9
    carried = quick(**settings).fit(GroupedArray(X, groups), y)
    np.testing.assert_array_equal(clf.predict_proba(X), carried.predict_proba(X))


def test_images_need_a_network(quick, images):
    X, y, groups = images
    with pytest.raises(ValueError, match="Found array with dim 4"):
        quick().fit(X, y, groups=groups)


def test_several_threads_fit_at_a_time(blobs):
    def proba(seed):
        clf = ERMClassifier(module=noisy, max_epochs=3, random_state=seed)
        return clf.fit(blobs.X, blobs.y).predict_proba(blobs.X)

    alone = [proba(seed) for seed in range(3)]
    together = Parallel(2, backend="threading")(delayed(proba)(seed) for seed in range(3))
    np.testing.assert_array_equal(alone, together)


def noisy(n_features, n_classes):
    return nn.Sequential(nn.Linear(n_features, 8), nn.Dropout(0.5), nn.Linear(8, n_classes))
