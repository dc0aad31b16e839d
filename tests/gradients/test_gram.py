import numpy as np
import pytest
import torch
from torch import nn

from skgroup.gradients import _gram, per_sample_gradients
from skgroup.gradients._gram import per_sample_gram
from skgroup.modules import mlp

y = torch.arange(23) % 3


class Sequence(nn.Module):
    """A linear layer over positions, one that runs twice, and a normalisation."""

    def __init__(self):
        super().__init__()
        self.each, self.twice, self.norm = nn.Linear(2, 4), nn.Linear(4, 4), nn.LayerNorm(4)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        h = self.each(x.reshape(len(x), 2, 2)).tanh().mean(1)
        return self.head(self.norm(self.twice(self.twice(h).tanh())))


class Shy(nn.Module):
    """Its first layer runs on one row a sample only where there are many."""

    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(4, 5), nn.Linear(5, 3)

    def forward(self, x):
        h = self.body(x) if len(x) > 7 else torch.cat([self.body(x[:1]), self.body(x)])[1:]
        return self.head(h.relu())


@pytest.fixture(params=["linear", "mlp", "cnn", "text", "batch norm", "sequence", "shy"])
def case(request, build):
    if request.param in ("sequence", "shy"):
        net = {"sequence": Sequence, "shy": Shy}[request.param]()
        return net.double(), torch.randn(23, 4, dtype=torch.float64)
    return build(request.param)


@pytest.mark.parametrize("budget", [2**26, 8 * 23 * 5])
@pytest.mark.parametrize("source", ["all", "head", "activation"])
def test_it_is_the_product_of_the_gradients(case, source, budget, monkeypatch, reference):
    monkeypatch.setattr(_gram, "BLOCK_BYTES", budget)  # five columns at a time
    net, X = case
    gradients = per_sample_gradients(net, X, y, source=source)
    if source == "all":
        gradients = reference(net, X, y, list(net.parameters()))
    found = per_sample_gram(net, X, y, source=source, block_size=8)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, gradients @ gradients.T, rtol=1e-10, atol=1e-12)


def test_one_layer_alone(build, reference):
    net, X = build("cnn")
    for name in ("0", "4"):
        gradients = reference(net, X, y, list(net.get_submodule(name).parameters()))
        found = per_sample_gram(net, X, y, source=f"layer:{name}")
        np.testing.assert_allclose(found, gradients @ gradients.T, rtol=1e-10, atol=1e-12)


def test_by_hand():
    net = nn.Linear(1, 2)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    # Residuals are (-1/2, 1/2) and its opposite: products of 1/2 and -1/2, times h_i h_j + 1.
    found = per_sample_gram(net, [[3.0], [4.0]], [0, 1])
    np.testing.assert_allclose(found, [[10 / 2, -13 / 2], [-13 / 2, 17 / 2]])


def test_linear_layers_need_no_columns(monkeypatch):
    def forbidden(*args):
        raise AssertionError

    monkeypatch.setattr(_gram._Work, "add_columns", forbidden)
    net, X = mlp(4, 3, [6, 5]), torch.randn(23, 4)
    gradients = per_sample_gradients(net, X, y, source="all").astype(float)
    found = per_sample_gram(net, X, y)
    np.testing.assert_allclose(found, gradients @ gradients.T, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("source", ["head", "all"])
def test_the_network_is_left_as_it_was(source, build, state_of):
    net, X = build("cnn")
    before = state_of(net)
    per_sample_gram(net, X, y, source=source)
    assert state_of(net) == before
