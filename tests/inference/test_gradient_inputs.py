"""What X, y and the parameters may be."""

import numpy as np
import pytest
import torch
from scipy import sparse
from torch import nn
from torch.utils.data import TensorDataset

from skgroup import get_groups
from skgroup.modules import mlp


class Keyword(nn.Module):
    """Takes its input by name, any number of dimensions."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(2, 2)

    def forward(self, x):
        return self.head(x.flatten(1))


def test_sparse_rows(make, blobs):
    X, y, _ = blobs
    dense, rows = make().fit(X, y), sparse.csr_matrix(X)
    inferrer = make().fit(rows, y)
    assert (inferrer.groups_ == dense.groups_).all()
    assert (inferrer.predict(rows) == dense.predict(X)).all()
    with pytest.raises(TypeError, match=r"csr_matrix.*groups=inferrer\.groups_.*make it dense"):
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
        with pytest.raises(TypeError, match=r"cannot carry groups.*to the classifier\.$"):
            make(module=module).fit_transform(inputs, y)


@pytest.mark.parametrize("inputs", [{"x": [1.0]}, torch.zeros(4, 2), np.zeros((4, 2, 2))])
def test_the_linear_reference_wants_a_table(make, inputs):
    with pytest.raises((TypeError, ValueError), match=r"2-D array.*`module=`"):
        make().fit(inputs, [0, 1, 0, 1])


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
)
def test_bad_parameters(make, blobs, options, message):
    with pytest.raises(ValueError, match=message):
        make(**options).fit(*blobs[:2])


def no_optimizer(parameters):
    raise AssertionError("training began")


def test_k_larger_than_every_class_is_seen_before_the_training(make, blobs):
    inferrer = make(k=101, module=mlp, optimizer=no_optimizer)
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


def test_a_module_and_another_reference(make, blobs):
    X, y, _ = blobs
    with pytest.raises(ValueError, match="module and reference were both given"):
        make(module=mlp, reference="linear").fit(X, y)


def test_images_need_a_module(make):
    images, y = np.zeros((6, 3, 4, 4)), [0, 1] * 3
    with pytest.raises(ValueError, match=r"dim 4.*pass your own network as `module=`"):
        make().fit(images, y)
