import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import linear
from torch.nn.utils import parametrizations

from skgroup._data import as_rows
from skgroup.gradients._forward import evaluating
from skgroup.gradients._layer import LayerGradients
from skgroup.gradients._sketch import columns_of


class Net(nn.Module):
    """Two layers, put together by a function of them and the input."""

    def __init__(self, forward, **layers):
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.compute = forward

    def forward(self, x):
        return self.compute(self, x)


def dense():
    return nn.Linear(4, 4)


def net(forward, layer=dense):
    return Net(forward, a=layer(), fc=nn.Linear(4, 3))


def tied():
    module = net(lambda m, x: m.fc(m.b(m.a(x).tanh()).tanh()))
    module.b = dense()
    module.b.weight = module.a.weight
    return module


def frozen_body(m, x):
    with torch.no_grad():
        h = m.a(x).tanh()
    return m.fc(h)


TABLE = torch.randn(13, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
SEQUENCES = torch.randn(13, 8, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
IMAGES = SEQUENCES.reshape(13, 2, 4, 4)
y = torch.arange(13) % 3

# What the network does with its layer `a`, and samples; the gradient of `a` is a product of ...
PRODUCTS = {
    "mlp": (lambda m, x: m.fc(m.a(x).tanh()), dense, TABLE),
    "in place": (lambda m, x: m.fc(m.a(x).relu_()).mul_(2), dense, TABLE),
    "input in place": (lambda m, x: m.fc(m.a(x.neg_()).tanh()), dense, TABLE.clone()),
    "sequence": (lambda m, x: m.fc(m.a(x).tanh().mean(1)), dense, SEQUENCES),
    "image": (lambda m, x: m.fc(m.a(x).relu().mean((2, 3))), lambda: nn.Conv2d(2, 4, 3), IMAGES),
    "no gradient": (frozen_body, dense, TABLE),
}
# ... or it is not.
OTHERS = {
    # 8 positions and, in the first look, 8 samples: shapes alone do not tell them apart.
    "samples second": (lambda m, x: m.fc(m.a(x.transpose(0, 1)).tanh().mean(0)), dense, SEQUENCES),
    "flattened": (
        lambda m, x: m.fc(m.a(x.flatten(0, 1)).tanh().unflatten(0, (-1, 8)).mean(1)),
        dense,
        SEQUENCES,
    ),
    "twice": (lambda m, x: m.fc(m.a(m.a(x).tanh()).tanh()), dense, TABLE),
    "second use": (lambda m, x: m.fc(linear(m.a(x).tanh(), m.a.weight.T)), dense, TABLE),
    "never called": (lambda m, x: m.fc(linear(x, m.a.weight).tanh()), dense, TABLE),
    "reparametrised": (
        lambda m, x: m.fc(m.a(x).tanh()),
        lambda: parametrizations.weight_norm(dense()),
        TABLE,
    ),
    "layer norm": (lambda m, x: m.fc(m.a(x)), lambda: nn.LayerNorm(4), TABLE),
    "batch norm": (lambda m, x: m.fc(m.a(x)), lambda: nn.BatchNorm1d(4), TABLE),
}
each_case = pytest.mark.parametrize("case", [*PRODUCTS, *OTHERS])


def build_case(case):
    forward, layer, X = {**PRODUCTS, **OTHERS}[case]
    return net(forward, layer).double(), X


def compute(module, parameters, X):
    with evaluating(module):
        gradients = LayerGradients(module, parameters, as_rows(X, dtype=X.dtype), y)
        result = X.new_full((len(X), gradients.n_columns), torch.nan)
        gradients(X, y, columns_of(result))
    return gradients, result


@pytest.mark.parametrize("frozen", [False, True])
@each_case
def test_all_parameters_equal_autograd(case, frozen, reference):
    module, X = build_case(case)
    module.requires_grad_(not frozen)
    gradients, found = compute(module, module.parameters(), X)
    assert list(gradients.layers) == (["a", "fc"] if case in PRODUCTS else ["fc"])
    module.requires_grad_(True)
    expected = reference(module, X, y, list(module.parameters()))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


@each_case
def test_one_layer_equals_autograd(case, reference):
    module, X = build_case(case)
    gradients, found = compute(module, module.a.parameters(), X)
    assert list(gradients.layers) == (["a"] if case in PRODUCTS else [])
    expected = reference(module, X, y, list(module.a.parameters()))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


def test_tied_layers_have_the_gradient_of_both_uses(reference):
    module = tied().double()
    gradients, found = compute(module, module.parameters(), TABLE)
    assert list(gradients.layers) == ["fc"]
    expected = reference(module, TABLE, y, list(module.parameters()))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


def test_layers_by_another_name_have_the_same_gradient():
    module = tied().double()
    _, first = compute(module, [module.a.weight], TABLE)
    _, second = compute(module, [module.b.weight], TABLE)
    assert torch.equal(first, second)


def test_a_layer_that_some_samples_skip_is_still_right(reference):
    # The first rows all use it once; later ones use it twice.
    module = net(lambda m, x: m.fc(m.a(m.a(x)) if len(x) == 5 else m.a(x))).double()
    rows = as_rows(TABLE, dtype=torch.float64)
    with evaluating(module):
        gradients = LayerGradients(module, module.a.parameters(), rows, y)
        assert list(gradients.layers) == ["a"]
        result = torch.full((5, gradients.n_columns), torch.nan, dtype=torch.float64)
        gradients(TABLE[8:], y[8:], columns_of(result))
    single = reference(module, TABLE[8:], y[8:], list(module.a.parameters()))
    np.testing.assert_allclose(result, single, rtol=1e-10)


def test_single_precision_trusts_products_too():
    module = nn.Sequential(
        nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 3)
    )
    gradients, _ = compute(module, module.parameters(), TABLE.float())
    assert list(gradients.layers) == ["0", "2", "4"]


def test_memory_counts_what_the_products_need():
    module = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.Flatten(), nn.LayerNorm(64), nn.Linear(64, 3)
    )
    gradients, _ = compute(module, module.parameters(), IMAGES.float())
    # The widest unit, a row of the last weight, and the parameters of the norm.
    assert gradients.numbers_per_row == 2 * (64 + 128)
