import pickle

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn

from skgroup.inference._embedding import Embedding
from skgroup.inference._reductions import (
    AxisReduction,
    UMAPReduction,
    check_reduction,
    class_axis,
)
from skgroup.modules import mlp


def draw(n_rows, n_columns=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n_rows, n_columns))


def test_the_axis_of_a_head_by_hand():
    net = mlp(3, 2)
    with torch.no_grad():
        net.head.weight.copy_(torch.tensor([[1.0, 1.0, 5.0], [4.0, -3.0, 5.0]]))
    axis = class_axis(net, np.zeros((2, 3)))
    np.testing.assert_allclose(axis.direction, [0.6, -0.8, 0.0])
    Z = np.array([[1.0, 0.0, 9.0], [0.0, 1.0, 7.0], [3.0, 4.0, 1.0]])
    assert axis.fit(Z, 0) is axis
    np.testing.assert_allclose(axis.transform(Z), [[0.6], [-0.8], [-1.4]])


def test_the_axis_is_that_of_the_last_layer():
    net = mlp(3, 2, (7,))
    weight = net.head.weight.detach().numpy().astype(float)
    expected = (weight[1] - weight[0]) / np.linalg.norm(weight[1] - weight[0])
    np.testing.assert_allclose(class_axis(net, np.zeros((2, 3))).direction, expected)


def test_equal_weights_have_no_axis():
    net = mlp(3, 2)
    nn.init.ones_(net.head.weight)
    assert not class_axis(net, np.zeros((2, 3))).transform(draw(5, 3)).any()


def test_a_reducer_takes_the_place_of_the_reduction():
    Z, axis = draw(6, 2), AxisReduction(np.array([0.6, 0.8]))
    embedding = Embedding.fit(
        [Z], scale="unit", combine="last", pca=2, random_state=0, reducer=axis
    )
    unit = Z / np.linalg.norm(Z, axis=1, keepdims=True)
    np.testing.assert_allclose(embedding.transform([Z]), unit @ [[0.6], [0.8]])


@pytest.mark.parametrize("n_rows", [2, 3, 10])
def test_few_rows_are_reduced_by_pca(n_rows):
    Z = draw(n_rows)
    found = UMAPReduction(2).fit(Z, 0)
    assert isinstance(found, PCA)
    expected = PCA(min(2, n_rows - 1)).fit_transform(Z)
    np.testing.assert_allclose(np.abs(found.transform(Z)), np.abs(expected), atol=1e-12)


def test_equal_rows_are_left():
    assert UMAPReduction(2).fit(np.ones((30, 3)), 0) is None
    embedding = Embedding.fit(
        [np.ones((30, 3))], scale="none", combine="last", pca=None, random_state=0,
        reducer=UMAPReduction(2),
    )  # fmt: skip
    assert (embedding.transform([np.ones((4, 3))]) == 1).all()


def test_a_missing_package_is_named_with_the_command(monkeypatch):
    monkeypatch.setattr("skgroup.inference._reductions.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'umap-learn.*`pip install "skgroup\[umap\]"`'):
        check_reduction("umap", None, "auto", 2)
    check_reduction("pca", 0.5, "input", 7)
    check_reduction(None, None, "output", 7)


@pytest.mark.parametrize(
    ("reduction", "n_components", "features", "n_classes", "message"),
    [
        ("umap", 0.5, "auto", 2, r"n_components=0\.5 is a share .* give a number of dimensions"),
        ("hardness", None, "input", 2, "features='input': use features='penultimate'"),
        ("hardness", None, "output", 2, "features='output': use features='penultimate'"),
        ("hardness", None, "auto", 3, "for two classes, y has 3: use 'pca'"),
    ],
)
def test_reductions_that_cannot_be_done(reduction, n_components, features, n_classes, message):
    with pytest.raises(ValueError, match=message):
        check_reduction(reduction, n_components, features, n_classes)


def test_umap_keeps_blobs_apart():
    pytest.importorskip("umap", exc_type=ImportError)
    blob = np.repeat([0, 1], 40)
    Z = draw(80, 6) + 20.0 * blob[:, None]
    model = UMAPReduction(2).fit(Z, 3)
    found = model.transform(Z)
    assert found.shape == (80, 2)
    assert (model.n_neighbors, model.min_dist, model.random_state) == (10, 0.0, 3)
    centres = np.array([found[blob == b].mean(axis=0) for b in (0, 1)])
    nearest = ((found[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == blob).all()
    np.testing.assert_array_equal(UMAPReduction(2).fit(Z, 3).transform(Z), found)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).transform(Z), found)
    new = model.transform(draw(10, 6, seed=1) + 20.0)
    assert (((new[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1) == 1).all()
