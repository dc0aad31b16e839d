import copy
import itertools
import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from skgroup.objectives import IRMLoss, MeanLoss, VRExLoss
from skgroup.objectives._invariance import scale_gradients

BOTH = pytest.mark.parametrize("Loss", [IRMLoss, VRExLoss])
Y = torch.arange(12) % 3
GROUPS = torch.tensor([0, 1, 1, 0, 2, 1, 0, 2, 1, 2, 0, 1])
LOGITS = 2 * torch.randn(12, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
WEIGHT = torch.linspace(0.5, 2.5, 12, dtype=torch.float64)
ROWS = torch.arange(12)


def evaluate(objective, rows=ROWS, groups=GROUPS):
    """The loss and its gradient by the logits of all rows."""
    logits = LOGITS.clone().requires_grad_()
    value = objective(logits[rows], Y[rows], groups[rows], rows)
    return value.item(), torch.autograd.grad(value, logits)[0].numpy()


def rows_of(group):
    return torch.nonzero(group == GROUPS).flatten()


def risks_of(logits, weight=None):
    losses = cross_entropy(logits, Y, reduction="none")
    w = torch.ones(12) if weight is None else weight
    return torch.stack([(w * losses)[rows_of(g)].sum() / w[rows_of(g)].sum() for g in range(3)])


@pytest.mark.parametrize(("Loss", "penalty"), [(IRMLoss, 100.0), (VRExLoss, 10.0)])
def test_defaults(Loss, penalty):
    objective, other = Loss(3), Loss(3, penalty=penalty, anneal_steps=500)
    for loss in (objective, other):
        loss.step += 499
    steps = [(evaluate(objective)[0], evaluate(other)[0]) for _ in range(2)]
    assert [one == two for one, two in steps] == [True, True]
    assert steps[0][0] != steps[1][0]  # the penalty is whole from step 500 on


def test_scale_gradients_are_those_of_autograd():
    scale = torch.ones(12, dtype=torch.float64, requires_grad=True)
    cross_entropy(scale[:, None] * LOGITS, Y, reduction="sum").backward()
    np.testing.assert_allclose(scale_gradients(LOGITS, Y), scale.grad, atol=1e-12)


def test_scale_gradients_by_hand():
    # Probabilities 1/4 and 3/4: (3/4) log 3 minus the logit of the class.
    logits, y = torch.tensor([[0.0, math.log(3)]] * 2), torch.tensor([0, 1])
    expected = [0.75 * math.log(3), -0.25 * math.log(3)]
    assert scale_gradients(logits, y).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("penalty", [0.0, 0.3, 50.0])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_irm_is_the_product_of_scale_gradients_by_double_backward(penalty, weight):
    logits = LOGITS.clone().requires_grad_()
    w = torch.ones(12, dtype=torch.float64) if weight is None else weight
    total = risks_of(logits, weight).mean()
    for g in range(3):
        rows, halves = rows_of(g), []
        for half in (rows[::2], rows[1::2]):
            scale = torch.ones((), dtype=torch.float64, requires_grad=True)
            losses = cross_entropy(scale * logits[half], Y[half], reduction="none")
            risk = (w[half] * losses).sum() / w[half].sum()
            halves += torch.autograd.grad(risk, scale, create_graph=True)
        total = total + penalty * halves[0] * halves[1] / 3
    total = total / max(1.0, penalty)
    (expected,) = torch.autograd.grad(total, logits)
    value, gradient = evaluate(IRMLoss(3, penalty=penalty, anneal_steps=0, sample_weight=weight))
    assert value == pytest.approx(total.item(), rel=1e-10)
    np.testing.assert_allclose(gradient, expected, atol=1e-10)


def test_two_halves_estimate_the_square_without_bias():
    d = scale_gradients(LOGITS[:5], Y[:5])
    one = torch.zeros(12, dtype=torch.int64)
    objective = IRMLoss(1, penalty=1.0)
    products = [
        evaluate(objective, rows, one)[0] - evaluate(MeanLoss(), rows)[0]
        for rows in map(torch.tensor, itertools.product(range(5), repeat=2))
    ]
    assert np.mean(products) == pytest.approx(d.mean().item() ** 2, rel=1e-10)


def test_where_the_scale_is_right_there_is_no_penalty():
    # Of equal logits every class must be as frequent as its probability says.
    logits = torch.log(torch.tensor([[0.25, 0.75]], dtype=torch.float64)).repeat(8, 1)
    y, one = torch.tensor([0, 0, 1, 1, 1, 1, 1, 1]), torch.zeros(8, dtype=torch.int64)
    value = IRMLoss(1, penalty=1.0)(logits, y, one, torch.arange(8))
    assert value.item() == pytest.approx(cross_entropy(logits, y).item(), rel=1e-12)


def test_an_environment_with_one_row_has_no_penalty():
    pair, alone = torch.tensor([0, 3, 4]), torch.tensor([1, 0, 4])
    options = {"penalty": 1.0, "anneal_steps": 0}
    losses, d = cross_entropy(LOGITS, Y, reduction="none"), scale_gradients(LOGITS, Y)
    expected = (losses[[0, 3]].mean() + losses[4]) / 2 + d[0] * d[3]
    assert evaluate(IRMLoss(3, **options), pair)[0] == pytest.approx(expected.item())
    assert evaluate(IRMLoss(3, **options), alone)[0] == pytest.approx(losses[alone].mean().item())


@pytest.mark.parametrize("penalty", [0.0, 0.3, 50.0])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_vrex_is_the_mean_risk_and_its_variance(penalty, weight):
    logits = LOGITS.clone().requires_grad_()
    a, b, c = risks_of(logits, weight)
    mean = (a + b + c) / 3
    total = mean + penalty * ((a**2 + b**2 + c**2) / 3 - mean**2)
    (expected,) = torch.autograd.grad(total, logits)
    value, gradient = evaluate(VRExLoss(3, penalty=penalty, anneal_steps=0, sample_weight=weight))
    assert value == pytest.approx(total.item(), rel=1e-10)
    np.testing.assert_allclose(gradient, expected, atol=1e-10)


def test_absent_environments_do_not_count():
    rows = torch.tensor([4, 0, 7])  # environments 2, 0 and 2
    losses = cross_entropy(LOGITS, Y, reduction="none")
    one, other = losses[0], losses[[4, 7]].mean()
    expected = (one + other) / 2 + 5 * ((one - other) / 2) ** 2
    objective = VRExLoss(3, penalty=5.0, anneal_steps=0)
    assert evaluate(objective, rows)[0] == pytest.approx(expected.item(), rel=1e-10)


def test_vrex_of_one_environment_is_the_mean():
    one = torch.zeros(12, dtype=torch.int64)
    value, gradient = evaluate(VRExLoss(1, penalty=1e6, anneal_steps=0), groups=one)
    expected, mean_gradient = evaluate(MeanLoss())
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, mean_gradient, atol=1e-10)


@BOTH
@pytest.mark.parametrize(("penalty", "before"), [(20.0, 1.0), (0.5, 0.5)])
def test_the_penalty_is_weak_until_the_steps_are_done(Loss, penalty, before):
    objective = Loss(3, penalty=penalty, anneal_steps=2)
    values = [evaluate(objective)[0] for _ in range(4)]
    weak = evaluate(Loss(3, penalty=before, anneal_steps=0))[0]
    strong = evaluate(Loss(3, penalty=penalty, anneal_steps=0))[0]
    assert values == [weak, weak, strong, strong]


@BOTH
def test_renaming_environments_changes_nothing(Loss):
    options = {"penalty": 3.0, "anneal_steps": 0}
    renamed = torch.tensor([2, 0, 1])[GROUPS]
    (value, gradient), (again, other) = (
        evaluate(Loss(3, **options)), evaluate(Loss(3, **options), groups=renamed)
    )  # fmt: skip
    assert value == pytest.approx(again, rel=1e-12)
    np.testing.assert_allclose(gradient, other, atol=1e-12)


@BOTH
def test_the_state_remembers_the_steps(Loss):
    one = Loss(3, anneal_steps=2, sample_weight=WEIGHT)
    for _ in range(2):
        evaluate(one)
    other = Loss(3, anneal_steps=2, sample_weight=torch.ones(12, dtype=torch.float64))
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    assert int(other.step) == 2
    assert evaluate(other)[0] == evaluate(one)[0]
    assert list(one.parameters()) == []
