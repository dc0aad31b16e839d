import copy
import itertools
import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from skgroup.objectives import MeanLoss

LOGITS = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 1, 2, 2, 0, 1])
WEIGHT = torch.tensor([1.0, 0.0, 2.5, 3.0, 0.5, 1.0], dtype=torch.float64)
GROUPS = torch.zeros(6, dtype=torch.int64)


def loss(objective, rows):
    return objective(LOGITS[rows], Y[rows], GROUPS[rows], rows)


def test_by_hand():
    # The probabilities of the right classes are 1/2 and 3/4.
    logits, y = torch.tensor([[0.0, 0.0], [0.0, math.log(3)]]), torch.tensor([0, 1])
    loss = MeanLoss()(logits, y, groups=y, index=y)
    assert loss.item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)


def test_without_weights_it_is_cross_entropy():
    rows = torch.tensor([4, 1, 1, 2])
    torch.testing.assert_close(loss(MeanLoss(), rows), cross_entropy(LOGITS[rows], Y[rows]))


def test_only_ratios_of_weights_matter():
    rows = torch.tensor([3, 0, 4])
    expected = loss(MeanLoss(WEIGHT), rows)
    torch.testing.assert_close(loss(MeanLoss(7 * WEIGHT), rows), expected)
    equal = torch.full((6,), 0.2, dtype=torch.float64)
    torch.testing.assert_close(loss(MeanLoss(equal), rows), loss(MeanLoss(), rows))


def test_weights_belong_to_training_rows():
    losses = cross_entropy(LOGITS, Y, reduction="none")
    rows = torch.tensor([5, 2])
    weights = WEIGHT / (8 / 6)  # mean 1
    expected = (weights[5] * losses[5] + weights[2] * losses[2]) / 2
    torch.testing.assert_close(loss(MeanLoss(WEIGHT), rows), expected)


@pytest.mark.parametrize("size", [1, 2, 4, 6])
def test_batches_estimate_the_weighted_mean_without_bias(size):
    losses = cross_entropy(LOGITS, Y, reduction="none")
    batches = map(torch.tensor, itertools.combinations(range(6), size))
    estimates = torch.stack([loss(MeanLoss(WEIGHT), rows) for rows in batches])
    torch.testing.assert_close(estimates.mean(), (WEIGHT * losses).sum() / WEIGHT.sum())


def test_integer_weights_are_repetition():
    times = torch.tensor([2, 0, 1, 3, 1, 1])
    repeated = torch.arange(6).repeat_interleave(times)
    weighted = loss(MeanLoss(times.double()), torch.arange(6))
    torch.testing.assert_close(weighted, cross_entropy(LOGITS[repeated], Y[repeated]))


def test_the_callers_weights_stay_and_the_state_round_trips():
    weight = WEIGHT.clone()
    objective = MeanLoss(weight)
    assert torch.equal(weight, WEIGHT)
    other = MeanLoss(torch.ones(6, dtype=torch.float64))
    other.load_state_dict(objective.state_dict())
    rows = torch.tensor([0, 3])
    assert torch.equal(loss(other, rows), loss(objective, rows))
    assert torch.equal(loss(copy.deepcopy(objective), rows), loss(objective, rows))
    assert MeanLoss().state_dict() == {}


def test_weights_may_be_used_as_they_are():
    rows = torch.tensor([3, 0, 4])
    plain = cross_entropy(LOGITS[rows], Y[rows], reduction="none")
    ours = loss(MeanLoss(WEIGHT, normalize=False), rows)
    torch.testing.assert_close(ours, torch.mean(WEIGHT[rows] * plain))
    twice = loss(MeanLoss(2 * WEIGHT, normalize=False), rows)
    torch.testing.assert_close(twice, 2 * ours)
