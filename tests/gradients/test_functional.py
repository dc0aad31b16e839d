import numpy as np
import pytest
import torch
from torch import nn

from skgroup.exceptions import SlowPathWarning
from skgroup.gradients import _functional as functional_file
from skgroup.gradients import per_sample_gradients
from skgroup.gradients._functional import FunctionalGradients, derivatives


class Readout(nn.Module):
    """Reads a value in Python, which torch.func cannot follow."""

    def __init__(self):
        super().__init__()
        self.scale, self.fc = nn.Parameter(torch.ones(4)), nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(x * self.scale if x.sum().item() > 0 else -x * self.scale)


class Embedded(nn.Module):
    """Named inputs, one of them integer, a normalisation and parameters without use."""

    def __init__(self):
        super().__init__()
        self.words, self.norm = nn.Embedding(7, 4), nn.LayerNorm(4)
        self.unused, self.fc = nn.Linear(2, 2), nn.Linear(4, 3)

    def forward(self, tokens, values):
        return self.fc(self.norm(self.words(tokens).mean(1) + values))


y = torch.tensor([0, 1, 2, 1, 0])
TABLE = torch.linspace(-1, 2, 20, dtype=torch.float64).reshape(5, 4)
TEXT = {"tokens": torch.arange(15).reshape(5, 3) % 7, "values": TABLE}


@pytest.mark.parametrize(
    ("net", "X"), [(nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 3)), TABLE), (Embedded(), TEXT)]
)
def test_equal_to_autograd_on_single_samples(net, X, reference):
    net = net.double()
    names = [name for name, _ in net.named_parameters()]
    found = FunctionalGradients(net)(names, X, y)
    rows = torch.cat([found[name].flatten(1) for name in names], dim=1)
    np.testing.assert_allclose(rows, reference(net, X, y, list(net.parameters())), rtol=1e-10)


def test_some_parameters_of_a_network():
    net = Embedded().double()
    found = FunctionalGradients(net)(["norm.bias", "unused.weight"], TEXT, y)
    assert {name: g.shape for name, g in found.items()} == {
        "norm.bias": (5, 4),
        "unused.weight": (5, 2, 2),
    }
    assert not found["unused.weight"].any()
    assert found["norm.bias"].any()


def test_what_cannot_be_vectorised_is_done_sample_by_sample(reference):
    net = Readout().double().requires_grad_(False)
    gradients = FunctionalGradients(net)
    with torch.no_grad(), pytest.warns(SlowPathWarning, match="cannot vectorise Readout .*item"):
        found = gradients(["scale"], TABLE, y)
    again = gradients(["scale"], TABLE, y)  # without a second warning
    net.requires_grad_(True)
    np.testing.assert_allclose(found["scale"], reference(net, TABLE, y, [net.scale]), rtol=1e-10)
    assert torch.equal(again["scale"], found["scale"])


def test_errors_of_the_network_stay_what_they_are():
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes"):
        FunctionalGradients(nn.Linear(3, 2).double())(["weight"], TABLE, y)


def test_without_memory_fewer_rows_are_taken_and_not_one_by_one(monkeypatch, reference):
    net, sizes = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 3)).double(), []
    vmap = functional_file.vmap

    def short_of_memory(*args, **options):
        def run(wanted, batch, y):
            sizes.append(len(y))
            if len(y) > 3:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return vmap(*args, **options)(wanted, batch, y)

        return run

    monkeypatch.setattr(functional_file, "vmap", short_of_memory)
    found = per_sample_gradients(net, TABLE, y, source="layer:0")
    assert sizes == [5, 3, 2]
    expected = reference(net, TABLE, y, list(net[0].parameters()))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


def test_random_layers_draw_for_each_sample():
    class AlwaysDropping(nn.Linear):
        def forward(self, x):
            return nn.functional.dropout(super().forward(x), 0.5, training=True)

    X = torch.ones(40, 4, dtype=torch.float64)
    net = AlwaysDropping(4, 3).double()
    found = FunctionalGradients(net)(["bias"], X, torch.zeros(40, dtype=torch.long))
    assert len(found["bias"].unique(dim=0)) > 2


def test_derivatives_are_zero_where_nothing_depends():
    a, b = torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)
    assert [g.tolist() for g in derivatives((2 * a).sum(), [a, b])] == [[2, 2], [0, 0, 0]]
    assert derivatives(torch.tensor(1.0), [b])[0].tolist() == [0, 0, 0]
