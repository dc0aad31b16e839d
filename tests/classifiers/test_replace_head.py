import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from skgroup._data import as_rows
from skgroup.classifiers import _replace_head
from skgroup.classifiers._replace_head import (
    embedding_statistics,
    embeddings,
    replace_head,
    replaceable_head,
)
from skgroup.modules import mlp

X = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
ROWS = as_rows(X)


def test_embeddings_are_what_the_last_layer_receives():
    net = nn.Sequential(
        nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(), nn.Linear(5, 2)
    )
    H = embeddings(net.train(), ROWS)
    assert H.dtype == np.float64
    with torch.no_grad():
        expected = copy.deepcopy(net).eval()[:4](torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(H, expected, atol=1e-6)
    assert net.training


@pytest.mark.parametrize("at_once", [1, 7, 50, 1000])
@pytest.mark.parametrize("weight", [None, np.linspace(0.1, 2, 50)])
def test_statistics_in_pieces(monkeypatch, at_once, weight):
    monkeypatch.setattr(_replace_head, "ROWS_AT_ONCE", at_once)
    net = mlp(3, 2, [5])
    with torch.no_grad():
        net.hidden_0.weight[0] = 0
        net.hidden_0.bias[0] = -1  # an embedding that is always 0
    H = embeddings(net, ROWS)
    mean, scale = embedding_statistics(net, ROWS, weight)
    np.testing.assert_allclose(mean, np.average(H, axis=0, weights=weight), atol=1e-12)
    expected = np.sqrt(np.average((H - mean) ** 2, axis=0, weights=weight))
    assert expected[0] == 0
    np.testing.assert_allclose(scale, np.where(expected == 0, 1, expected), atol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("bias", [True, False])
def test_the_new_layer_predicts(n_classes, bias):
    net = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 3, bias=bias))
    weight, intercept = np.random.default_rng(1).normal(size=(n_classes, 5)), np.arange(n_classes)
    others = copy.deepcopy(net[0].state_dict())
    H = embeddings(net, ROWS)
    replace_head(replaceable_head(net, ROWS), weight, intercept)
    np.testing.assert_allclose(
        net(torch.from_numpy(X)).detach().numpy(), H @ weight.T + intercept, atol=1e-5
    )
    assert net[2].out_features == n_classes
    assert net[2].weight.dtype == net[2].bias.dtype == torch.float32
    assert all(torch.equal(net[0].state_dict()[name], others[name]) for name in others)


def test_a_network_may_be_one_layer():
    net = nn.Linear(3, 2)
    assert replaceable_head(net, ROWS) is net
    np.testing.assert_array_equal(embeddings(net, ROWS), X)


def test_layers_that_share_weights_with_it_keep_them():
    net = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
    net[2].weight = net[0].weight
    before = net[0].weight.detach().clone()
    replace_head(replaceable_head(net, ROWS), np.zeros((3, 3)), np.zeros(3))
    assert torch.equal(net[0].weight, before)
    assert not net[2].weight.any()


def test_a_layer_that_is_registered_twice():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(3, 2)
            self.layers = nn.ModuleList([self.head])

        def forward(self, x):
            return self.layers[0](x)

    net = Twice()
    replace_head(replaceable_head(net, ROWS), np.zeros((2, 3)), np.array([1.0, 2.0]))
    assert net(torch.from_numpy(X[:1])).tolist() == [[1.0, 2.0]]


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        return 2 * self.head(x)


REFUSED = {
    "softmax": (nn.Sequential(nn.Linear(3, 2), nn.Softmax(1)), "something comes after '0'"),
    "scaled": (Scaled(), "something comes after 'head', its last linear layer"),
    "no linear layer": (
        nn.Sequential(nn.Linear(3, 4), nn.Unflatten(1, (4, 1)), nn.Conv1d(4, 2, 1), nn.Flatten()),
        "the last of its layers to run is no plain nn.Linear",
    ),
    "batch norm": (nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), "no plain nn.Linear"),
    "computed": (nn.Sequential(nn.ReLU(), weight_norm(nn.Linear(3, 2))), "is computed from other"),
}


@pytest.mark.parametrize(("module", "text"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_replaced(module, text):
    with pytest.raises(ValueError, match=f"^net has no last linear layer that can be.*{text}"):
        replaceable_head(module, ROWS, "net")
    assert module.training


def test_a_network_for_other_inputs():
    with pytest.raises(ValueError, match=r"net cannot process X: .*fits the shape of X"):
        replaceable_head(nn.Linear(4, 2), ROWS, "net")
