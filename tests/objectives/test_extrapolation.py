import copy
import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from skgroup.objectives import ExtrapolationLoss
from skgroup.samplers._extrapolation_shares import Shares

BETAS = [-1.0, 0.0, 0.7, 3.0]
ROWS = torch.randn(24, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
Y = torch.arange(24) % 3
ATTRIBUTE = torch.tensor([0] * 14 + [1] * 10)


def model():
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double()


def gradient(loss, net):
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, net.parameters())])


def test_by_hand():
    # Cross-entropies log 2 and log 4 in the biased half, log 8 and 0 in the other.
    right = torch.tensor([1 / 2, 1 / 4, 1 / 8, 1.0], dtype=torch.float64)
    logits = torch.stack([right, 1 - right], dim=1).log().clamp_min(-1000)
    y, rows = torch.zeros(4, dtype=torch.int64), torch.arange(4)
    loss = ExtrapolationLoss(2.0)(logits, y, y, rows)
    assert loss.item() == pytest.approx((3 * 1.5 - 2 * 1.5) * math.log(2))
    weight = torch.tensor([2.0, 0.0, 1.0, 5.0])
    loss = ExtrapolationLoss(2.0, sample_weight=weight)(logits, y, y, rows)
    assert loss.item() == pytest.approx((3 * 1.5 - 2 * 1.0) * math.log(2))
    assert loss.dtype == torch.float64


@pytest.mark.parametrize("beta", BETAS)
def test_the_gradient_is_extrapolated_from_those_of_two_batches(beta):
    net, objective = model(), ExtrapolationLoss(beta)
    for _ in range(5):
        biased, less_biased = torch.randint(24, (2, 8))
        rows = torch.cat([biased, less_biased])
        actual = gradient(objective(net(ROWS[rows]), Y[rows], Y[rows], rows), net)
        first, second = (
            gradient(cross_entropy(net(ROWS[half]), Y[half]), net) for half in (biased, less_biased)
        )
        expected = (1 + beta) * second - beta * first
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("beta", "half"), [(-1.0, 0), (0.0, 1)])
def test_one_half_alone_counts_at_the_ends(beta, half):
    net, rows = model(), torch.arange(24)
    other = ROWS.clone()
    other[rows.chunk(2)[1 - half]] += 100.0
    grads = [
        gradient(ExtrapolationLoss(beta)(net(x), Y, Y, rows), net) for x in (ROWS, other)
    ]  # fmt: skip
    assert torch.equal(*grads)
    part = rows.chunk(2)[half]
    expected = gradient(cross_entropy(net(ROWS[part]), Y[part]), net)
    torch.testing.assert_close(grads[0], expected, rtol=0, atol=1e-10)


def full_batches(shares, c):
    """All rows twice, weighted so that both halves have the exact shares and full group means."""
    size = torch.bincount(torch.from_numpy(shares.cell))
    n_classes = len(set(shares.y.tolist()))
    halves = [
        torch.from_numpy(share) / (size * n_classes) * len(Y)
        for share in (shares.data, shares.less_biased(c))
    ]
    return torch.cat([half[torch.from_numpy(shares.cell)] for half in halves])


def group_losses(net, shares):
    losses, cell = cross_entropy(net(ROWS), Y, reduction="none"), torch.from_numpy(shares.cell)
    return torch.stack([losses[cell == i].mean() for i in range(len(shares.data))])


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("c", [0.3, 1.0])
def test_the_group_form(c, beta):
    net, shares = model(), Shares.count(Y, ATTRIBUTE)
    objective = ExtrapolationLoss(beta, sample_weight=full_batches(shares, c))
    twice = torch.cat([Y, Y])
    loss = objective(net(torch.cat([ROWS, ROWS])), twice, twice, torch.arange(48))
    weights = torch.from_numpy(shares.extrapolated(c, beta))
    expected = (weights * group_losses(net, shares)).sum() / 3
    torch.testing.assert_close(loss, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(
        gradient(loss, net), gradient(expected, net), rtol=0, atol=1e-10
    )  # fmt: skip


@pytest.mark.parametrize("c", [0.2, 0.5, 1.0])
def test_in_expectation_it_joins_class_balance_and_group_balance(c):
    net, shares = model(), Shares.count(Y, ATTRIBUTE)
    twice, both = torch.cat([Y, Y]), torch.cat([ROWS, ROWS])
    ends = {
        -1.0: torch.stack([cross_entropy(net(ROWS[k == Y]), Y[k == Y]) for k in range(3)]).mean(),
        1 / c - 1: group_losses(net, shares).mean(),
    }
    for beta, balanced in ends.items():
        objective = ExtrapolationLoss(beta, sample_weight=full_batches(shares, c))
        loss = objective(net(both), twice, twice, torch.arange(48))
        torch.testing.assert_close(
            gradient(loss, net), gradient(balanced, net), rtol=0, atol=1e-10
        )  # fmt: skip


def test_the_weights_follow_the_rows():
    weight = torch.rand(24, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    net, rows = model(), torch.tensor([3, 3, 9, 1, 20, 3])
    losses = weight[rows] * cross_entropy(net(ROWS[rows]), Y[rows], reduction="none")
    loss = ExtrapolationLoss(0.5, sample_weight=weight)(net(ROWS[rows]), Y[rows], Y[rows], rows)
    torch.testing.assert_close(loss, 1.5 * losses[3:].mean() - 0.5 * losses[:3].mean())


def test_it_may_be_negative():
    logits = torch.tensor([[0.0, 9.0], [9.0, 0.0]])  # wrong, then right
    y = torch.zeros(2, dtype=torch.int64)
    assert ExtrapolationLoss(1.0)(logits, y, y, y).item() == pytest.approx(-9, abs=1e-3)
    assert ExtrapolationLoss()(logits, y, y, y) == ExtrapolationLoss(1.0)(logits, y, y, y)


def test_an_odd_batch_is_refused():
    y = torch.zeros(3, dtype=torch.int64)
    with pytest.raises(
        ValueError,
        match=r"less biased ones, got 3 rows: draw them with ExtrapolationPairSampler\.$",
    ):
        ExtrapolationLoss()(torch.zeros(3, 2), y, y, y)


def test_nothing_is_for_the_optimiser_and_a_copy_is_alike():
    objective = ExtrapolationLoss(0.5, sample_weight=torch.rand(24))
    assert list(objective.parameters()) == []
    logits, rows = torch.randn(24, 3), torch.arange(24)
    again = ExtrapolationLoss(0.5, sample_weight=torch.ones(24))
    again.load_state_dict(copy.deepcopy(objective.state_dict()))
    assert torch.equal(again(logits, Y, Y, rows), objective(logits, Y, Y, rows))
