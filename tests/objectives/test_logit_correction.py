import copy
import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from skgroup.modules import TwinOutput
from skgroup.objectives import LogitCorrectionLoss, MeanLoss
from skgroup.objectives._gce import generalized_cross_entropy

Y = torch.tensor([0, 0, 1, 1])
ROWS = torch.arange(4)
# Probabilities of class 0; the third row is of class 1 and taken for class 0.
P = torch.tensor([0.9, 0.7, 0.8, 0.4], dtype=torch.float64)


def biased(p):
    p = torch.as_tensor(p, dtype=torch.float64)
    return torch.stack([p.log(), (1 - p).log()], dim=1)


def show(objective, p, y=Y, index=ROWS, logits=None):
    logits = torch.zeros(len(p), 2, dtype=torch.float64) if logits is None else logits
    return objective(TwinOutput(logits, biased(p)), y, y, index)


def test_defaults():
    objective = LogitCorrectionLoss(2)
    assert (objective.exponent, objective.eta, objective.momentum) == (0.7, 1.0, 0.9)


def test_one_batch_by_hand():
    objective = LogitCorrectionLoss(2, q=1.0)
    loss = show(objective, P)
    # Cells: (0, 0) has 0.9 and 0.7, (1, 0) has 0.2, (1, 1) has 0.6, (0, 1) has no row.
    table = torch.tensor([[0.8, -1.0], [0.2, 0.6]], dtype=torch.float64)
    torch.testing.assert_close(objective.table, table)
    torch.testing.assert_close(objective.prior, torch.tensor([[0.8, 0.0], [0.2, 1.0]]).double())
    corrections = torch.tensor([[0.8, 0.2]] * 3 + [[0.0, 1.0]]).double()
    corrected = cross_entropy(torch.log(corrections + 1e-4), Y)
    wrong = torch.tensor([0.1, 0.3, 0.8, 0.4], dtype=torch.float64).mean()
    torch.testing.assert_close(loss, corrected + wrong)


def test_the_table_is_a_moving_average_of_cells():
    objective = LogitCorrectionLoss(2, momentum=0.75)
    show(objective, P)
    show(objective, [0.6, 0.3], torch.tensor([0, 0]), torch.tensor([1, 0]))
    expected = [[0.75 * 0.8 + 0.25 * 0.6, 0.3], [0.2, 0.6]]
    torch.testing.assert_close(objective.table, torch.tensor(expected, dtype=torch.float64))


def test_columns_sum_to_one_or_know_nothing():
    objective = LogitCorrectionLoss(3)
    assert objective.prior.tolist() == [[0.0] * 3] * 3
    draws = torch.randn(5, 20, 3, generator=torch.Generator().manual_seed(0))
    for logits in draws:
        y = logits.argmax(dim=1).roll(3)
        objective(TwinOutput(logits, logits), y, y, torch.arange(20))
        assert ((objective.prior >= 0) & (objective.prior <= 1)).all()
    torch.testing.assert_close(objective.prior.sum(dim=0), torch.ones(3, dtype=torch.float64))


def gradient(objective, logits):
    logits = logits.clone().requires_grad_()
    return torch.autograd.grad(show(objective, P, logits=logits), logits)[0]


def test_the_correction_is_added_to_the_logits():
    logits = torch.randn(4, 2, dtype=torch.float64)
    objective = LogitCorrectionLoss(2, eta=2.0)
    actual = gradient(objective, logits)
    prior = torch.tensor([[0.8, 0.2]] * 3 + [[0.0, 1.0]]).double()
    shifted = logits + torch.log(prior**2 + 1e-4)
    expected = (torch.softmax(shifted, dim=1) - torch.eye(2)[Y]) / 4
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)


def test_without_correction_the_main_network_sees_the_mean_loss():
    logits = torch.randn(4, 2, dtype=torch.float64).requires_grad_()
    expected = torch.autograd.grad(MeanLoss()(logits, Y, Y, ROWS), logits)[0]
    for known in (True, False):  # eta = 0, and a biased network that knows nothing
        objective = LogitCorrectionLoss(2, eta=0.0 if known else 1.0)
        other = biased(P) if known else torch.zeros(4, 2, dtype=torch.float64)
        loss = objective(TwinOutput(logits, other), Y, Y, ROWS)
        actual = torch.autograd.grad(loss, logits)[0]
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)


def test_a_shortcut_that_says_all_leaves_little_to_learn():
    sure = [1 - 1e-9, 1 - 1e-9, 1e-9, 1e-9]
    objective = LogitCorrectionLoss(2, q=1.0)
    assert show(objective, sure).item() == pytest.approx(math.log1p(1e-4), abs=1e-6)


def test_the_biased_network_minimises_its_own_loss_only():
    other = biased(P).requires_grad_()
    loss = LogitCorrectionLoss(2, q=0.4)(TwinOutput(torch.randn(4, 2), other), Y, Y, ROWS)
    actual = torch.autograd.grad(loss, other)[0]
    expected = torch.autograd.grad(generalized_cross_entropy(other, Y, 0.4).mean(), other)[0]
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)


def test_integer_weights_are_repetition():
    times = torch.tensor([2, 1, 1, 3])
    repeated = ROWS.repeat_interleave(times)
    weighted = LogitCorrectionLoss(2, sample_weight=times.double())
    plain = LogitCorrectionLoss(2)
    logits = torch.randn(4, 2, dtype=torch.float64)
    for _ in range(2):
        one = show(weighted, P, logits=logits)
        other = show(plain, P[repeated], Y[repeated], torch.arange(7), logits[repeated])
        torch.testing.assert_close(one, other)
        torch.testing.assert_close(weighted.table, plain.table)


def test_the_state_restores_the_table():
    first, second = LogitCorrectionLoss(2), LogitCorrectionLoss(2)
    show(first, P)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert torch.equal(show(second, 1 - P), show(copy.deepcopy(first), 1 - P))
    assert list(first.parameters()) == []
