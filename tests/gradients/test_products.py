import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from skgroup.gradients import _products
from skgroup.gradients._products import emit_layer, emit_products, has_product_rule
from skgroup.gradients._sketch import columns_of


def products(layer: nn.Module, x: torch.Tensor, delta: torch.Tensor) -> torch.Tensor:
    sizes = {name: p.numel() for name, p in layer.named_parameters()}
    target = x.new_full((len(x), sum(sizes.values())), torch.nan)
    emit_layer(
        layer,
        x,
        delta,
        {"weight": 0, "bias": sizes["weight"]} if "bias" in sizes else {"weight": 0},
        columns_of(target),
    )
    return target


def test_a_linear_layer_by_hand():
    x, delta = torch.tensor([[2.0, 3.0]]), torch.tensor([[5.0, -1.0]])
    assert products(nn.Linear(2, 2), x, delta).tolist() == [[10, 15, -2, -3, 5, -1]]
    assert products(nn.Linear(2, 2, bias=False), x, delta).tolist() == [[10, 15, -2, -3]]


LAYERS = {
    "linear": (nn.Linear(4, 3), (4,)),
    "no bias": (nn.Linear(4, 3, bias=False), (4,)),
    "sequence": (nn.Linear(4, 3), (5, 4)),
    "grid": (nn.Linear(4, 3), (2, 5, 4)),
    "conv": (nn.Conv2d(2, 3, 3), (2, 6, 5)),
    "conv without bias": (nn.Conv2d(2, 3, (1, 2), bias=False), (2, 6, 5)),
    "stride": (nn.Conv2d(2, 3, 3, stride=(2, 1), padding=(1, 0), dilation=2), (2, 7, 8)),
    "groups": (nn.Conv2d(4, 6, 3, groups=2), (4, 5, 5)),
    "depthwise": (nn.Conv2d(4, 4, 3, groups=4, padding=1), (4, 5, 5)),
    "valid": (nn.Conv2d(2, 3, 3, padding="valid"), (2, 5, 5)),
    "same": (nn.Conv2d(2, 3, (3, 5), padding="same", dilation=(1, 2)), (2, 5, 5)),
    "one position": (nn.Conv2d(2, 3, 5), (2, 5, 5)),
}


@pytest.mark.parametrize("piece", [1, 2000, 2**20])
@pytest.mark.parametrize("case", LAYERS)
def test_products_equal_autograd(case, piece, monkeypatch):
    monkeypatch.setattr(_products, "PIECE_BYTES", piece)
    monkeypatch.setattr(_products, "CONVOLUTION_BYTES", 2 * piece)
    layer, shape = LAYERS[case]
    layer = layer.double()
    x = torch.randn(6, *shape, dtype=torch.float64)
    delta = torch.randn_like(layer(x))
    expected = []
    for xi, di in zip(x, delta, strict=True):
        loss = (layer(xi[None]) * di).sum()
        gradients = torch.autograd.grad(loss, list(layer.parameters()))
        expected.append(torch.cat([g.flatten() for g in gradients]))
    assert has_product_rule(layer)
    torch.testing.assert_close(
        products(layer, x, delta), torch.stack(expected), rtol=1e-10, atol=1e-12
    )


def test_pieces_are_bounded():
    layer, sizes = nn.Linear(1000, 50), []
    emit_layer(
        layer,
        torch.ones(100, 1000),
        torch.ones(100, 50),
        {"weight": 0, "bias": 50_000},
        lambda start, columns: sizes.append(columns.shape),
    )
    assert max(rows * columns * 4 for rows, columns in sizes) <= _products.PIECE_BYTES
    assert sum(columns for _, columns in sizes) == 50_050


class Overridden(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


def pruned() -> nn.Module:
    layer = nn.Linear(3, 3)
    return prune.l1_unstructured(layer, "weight", amount=0.5)


@pytest.mark.parametrize(
    "layer",
    [
        Overridden(3, 3),
        parametrizations.weight_norm(nn.Linear(3, 3)),
        pruned(),
        nn.Conv2d(1, 1, (2, 3), padding="same"),
        nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"),
        nn.Conv1d(1, 1, 3),
        nn.LayerNorm(3),
        nn.Sequential(nn.Linear(3, 3)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_other_layers_have_no_product_rule(layer):
    assert not has_product_rule(layer)


@pytest.mark.parametrize("positions", [1, 3])
@pytest.mark.parametrize("emitter", ["in place", "in pieces"])
def test_a_constant_input_stands_beside_the_others(positions, emitter):
    delta = torch.randn(2, 3, positions, dtype=torch.float64)
    h = torch.randn(2, 4, positions, dtype=torch.float64)
    target = torch.full((2, 17), -9.0, dtype=torch.float64)
    place = columns_of(target)
    emit = place if emitter == "in place" else lambda start, columns: place(start, columns)
    emit_products(delta, h, 1, emit, with_ones=True)
    for row in range(2):
        for unit in range(3):
            first = 1 + 5 * unit
            expected = [float(delta[row, unit] @ h[row, i]) for i in range(4)]
            expected.append(float(delta[row, unit].sum()))
            np.testing.assert_allclose(target[row, first : first + 5], expected, rtol=1e-12)
    assert (target[:, [0, 16]] == -9).all()
