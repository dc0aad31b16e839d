import copy
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from skgroup.objectives import GroupDROLoss, MeanLoss
from skgroup.objectives._group_dro import group_means

SIZES = torch.tensor([100, 25, 4])


def logits_with_losses(losses):
    """Logits of two classes whose cross-entropy for class 0 is as given."""
    losses = torch.as_tensor(losses, dtype=torch.float64)
    return torch.stack([torch.zeros_like(losses), torch.expm1(losses).log()], dim=1)


def step(objective, losses, groups, index=None):
    logits, groups = logits_with_losses(losses), torch.tensor(groups)
    index = torch.arange(len(groups)) if index is None else torch.tensor(index)
    return objective(logits, torch.zeros_like(groups), groups, index)


def expected_q(exponents):
    return torch.softmax(torch.as_tensor(exponents, dtype=torch.float64), dim=0)


def assert_q(objective, exponents):
    torch.testing.assert_close(objective.q, expected_q(exponents), rtol=1e-12, atol=1e-15)


def test_defaults():
    objective = GroupDROLoss(torch.tensor([3, 1]))
    step(objective, [2.0, 1.0], [0, 1])
    assert_q(objective, [0.02, 0.01])  # steps of 0.01, without adjustment or normalisation


def test_group_means_by_hand():
    losses, groups = torch.tensor([1.0, 2.0, 6.0, 5.0]), torch.tensor([2, 0, 0, 2])
    means, present = group_means(losses, groups, 4)
    assert means.tolist() == [4.0, 0.0, 3.0, 0.0]
    assert present.tolist() == [True, False, True, False]
    weight = torch.tensor([0.0, 3.0, 1.0, 0.0])
    means, present = group_means(losses, groups, 4, weight)
    assert means.tolist() == [3.0, 0.0, 0.0, 0.0]  # a group without weight is not there
    assert present.tolist() == [True, False, False, False]


def test_it_starts_uniform_and_equal_losses_keep_it_so():
    objective = GroupDROLoss(SIZES, step_size=1.0)
    assert_q(objective, [0, 0, 0])
    for _ in range(5):
        loss = step(objective, [2.0, 2.0, 2.0], [0, 1, 2])
        torch.testing.assert_close(loss, torch.tensor(2.0, dtype=torch.float64))
    assert_q(objective, [0, 0, 0])


def test_one_step_by_hand():
    objective = GroupDROLoss(SIZES, step_size=0.5)
    loss = step(objective, [1.0, 3.0, 4.0, 0.5], [0, 0, 1, 2])  # means 2, 4, 0.5
    q = expected_q([1.0, 2.0, 0.25])
    torch.testing.assert_close(objective.q, q)
    # The loss is weighted by the new q.
    torch.testing.assert_close(loss, 2 * q[0] + 4 * q[1] + 0.5 * q[2])


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 2), st.floats(1e-3, 50)), min_size=1), min_size=1),
    st.floats(0, 10),
    st.floats(0, 5),
    st.booleans(),
)
def test_q_is_a_distribution(batches, step_size, adjustment, normalize):
    objective = GroupDROLoss(
        SIZES, step_size=step_size, adjustment=adjustment, normalize_losses=normalize
    )
    for batch in batches:
        groups, losses = zip(*batch, strict=True)
        step(objective, losses, groups)
        assert (objective.q >= 0).all()
        assert objective.q.sum().item() == pytest.approx(1, abs=1e-12)


def test_a_single_present_group_changes_only_its_odds():
    objective = GroupDROLoss(SIZES, step_size=0.3)
    step(objective, [1.0, 2.0, 0.5], [0, 1, 2])
    before = objective.q
    step(objective, [1.0, 3.0], [1, 1])  # mean 2
    after = objective.q
    odds = [(q[1] / (1 - q[1])).item() for q in (before, after)]
    assert odds[1] / odds[0] == pytest.approx(math.exp(0.3 * 2), rel=1e-12)
    assert (after[0] / after[2]).item() == pytest.approx((before[0] / before[2]).item(), rel=1e-12)


def test_the_sequence_is_the_softmax_of_accumulated_losses():
    objective = GroupDROLoss(SIZES, step_size=0.1, adjustment=2.0)
    losses = torch.rand(50, 3, dtype=torch.float64) + 0.1
    for row in losses:
        step(objective, row, [0, 1, 2])
    adjusted = losses + 2 / SIZES.double().sqrt()
    assert_q(objective, 0.1 * adjusted.sum(dim=0))


def test_q_concentrates_on_the_largest_loss():
    objective = GroupDROLoss(SIZES, step_size=0.5)
    path = []
    for _ in range(100):
        loss = step(objective, [1.0, 2.0, 1.5], [0, 1, 2])
        path.append(objective.q[1].item())
    assert path == sorted(path)
    assert path[-1] == pytest.approx(1, abs=1e-9)
    assert loss.item() == pytest.approx(2, abs=1e-9)


def data(n_groups=3):
    torch.manual_seed(1)
    X, y = torch.randn(12, 4, dtype=torch.float64), torch.randint(2, (12,))
    return X, y, torch.arange(12) % n_groups, nn.Linear(4, 2).double()


def gradient(loss, model):
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, model.parameters())])


@pytest.mark.parametrize("step_size", [0.0, 0.7])
def test_the_gradient_is_the_weighted_sum_of_group_gradients(step_size):
    X, y, groups, model = data()
    objective = GroupDROLoss(SIZES, step_size=step_size, adjustment=1.0)
    actual = gradient(objective(model(X), y, groups, torch.arange(12)), model)
    parts = [
        gradient(cross_entropy(model(X[groups == g]), y[groups == g]), model) for g in range(3)
    ]
    q = objective.q if step_size else torch.full((3,), 1 / 3, dtype=torch.float64)
    expected = sum(weight * part for weight, part in zip(q, parts, strict=True))
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)


def test_without_a_step_absent_groups_keep_their_share():
    objective = GroupDROLoss(SIZES, step_size=0.0)
    loss = step(objective, [3.0, 6.0], [0, 1])
    assert loss.item() == pytest.approx((3 + 6) / 3)
    assert_q(objective, [0, 0, 0])


def test_a_single_group_is_the_mean_loss():
    X, y, groups, model = data(n_groups=1)
    objective = GroupDROLoss(torch.tensor([12]), step_size=0.5, adjustment=3.0)
    for _ in range(3):
        loss, mean = (f(model(X), y, groups, torch.arange(12)) for f in (objective, MeanLoss()))
        torch.testing.assert_close(loss, mean)
        torch.testing.assert_close(gradient(loss, model), gradient(mean, model))


def test_the_adjustment_favours_small_groups():
    objective = GroupDROLoss(SIZES, step_size=0.5, adjustment=2.0)
    loss = step(objective, [1.0, 1.0, 1.0], [0, 1, 2])
    assert_q(objective, [0.5 * 2 / 10, 0.5 * 2 / 5, 0.5 * 2 / 2])
    assert loss.item() == pytest.approx(1)  # it moves q and is no part of the loss


def test_an_absent_group_gets_no_adjustment():
    objective = GroupDROLoss(SIZES, step_size=0.5, adjustment=2.0)
    step(objective, [3.0], [1])
    assert_q(objective, [0, 0.5 * (3 + 2 / 5), 0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_adjustment_per_group(dtype):
    objective = GroupDROLoss(SIZES, step_size=1.0, adjustment=torch.tensor([0, 3, 1], dtype=dtype))
    step(objective, [1.0, 1.0, 1.0], [0, 1, 2])
    assert_q(objective, [0, 3 / 5, 1 / 2])


def test_normalized_losses_by_hand():
    objective = GroupDROLoss(SIZES, step_size=2.0, adjustment=5.0, normalize_losses=True)
    loss = step(objective, [3.0, 1.5], [0, 2])  # adjusted: 3.5 and 4
    assert_q(objective, [2 * 3.5 / 7.5, 0, 2 * 4 / 7.5])
    assert loss.item() == pytest.approx((3 * objective.q[0] + 1.5 * objective.q[2]).item())


@pytest.mark.parametrize("normalize", [False, True])
def test_a_perfect_batch_changes_nothing(normalize):
    objective = GroupDROLoss(SIZES, step_size=1.0, normalize_losses=normalize)
    logits, y = torch.tensor([[1000.0, 0.0]] * 3), torch.zeros(3, dtype=torch.int64)
    loss = objective(logits, y, torch.arange(3), torch.arange(3))
    assert loss.item() == 0
    assert_q(objective, [0, 0, 0])


def test_sample_weights_inside_group_means():
    weight = torch.tensor([5.0, 1.0, 0.5, 3.0, 9.0], dtype=torch.float64)
    objective = GroupDROLoss(SIZES, step_size=0.5, sample_weight=weight)
    loss = step(objective, [2.0, 6.0, 4.0], [1, 1, 0], index=[3, 1, 2])
    means = [4.0, (3 * 2 + 1 * 6) / 4]
    q = expected_q([0.5 * means[0], 0.5 * means[1], 0])
    torch.testing.assert_close(objective.q, q)
    torch.testing.assert_close(loss, q[0] * means[0] + q[1] * means[1])


def test_integer_weights_are_repetition():
    times = torch.tensor([2, 1, 3, 1, 2, 1, 1, 4, 1, 1, 1, 2])
    repeated = torch.arange(12).repeat_interleave(times)
    X, y, groups, model = data()
    weighted = GroupDROLoss(SIZES, step_size=0.5, sample_weight=times.double())
    plain = GroupDROLoss(SIZES, step_size=0.5)
    for _ in range(3):
        loss = weighted(model(X), y, groups, torch.arange(12))
        again = plain(model(X[repeated]), y[repeated], groups[repeated], repeated)
        torch.testing.assert_close(loss, again)
        torch.testing.assert_close(gradient(loss, model), gradient(again, model))
    torch.testing.assert_close(weighted.q, plain.q)


@pytest.mark.parametrize("weight_dtype", [torch.float32, torch.float64])
def test_the_loss_has_the_precision_of_the_output(weight_dtype):
    X, y, groups, model = data()
    objective = GroupDROLoss(SIZES, sample_weight=torch.ones(12, dtype=weight_dtype))
    for dtype in (torch.float32, torch.float64):
        loss = objective(model.to(dtype)(X.to(dtype)), y, groups, torch.arange(12))
        assert loss.dtype == dtype
    assert objective.q.dtype == torch.float64


def test_many_steps_with_large_losses():
    objective = GroupDROLoss(SIZES, step_size=0.01)
    means, present = torch.tensor([100.0, 1.0, 99.0]), torch.tensor([True, True, True])
    with torch.inference_mode():
        for _ in range(100_000):
            objective._update(means, present)
    assert objective.q.tolist() == [1.0, 0.0, 0.0]
    exact = torch.tensor([0.0, -99_000.0, -1_000.0], dtype=torch.float64)
    torch.testing.assert_close(objective.log_q, exact, rtol=1e-9, atol=1e-9)


def test_small_steps_are_not_rounded_away():
    objective = GroupDROLoss(torch.tensor([9, 9]), step_size=1e-10)
    for _ in range(100):
        step(objective, [2.0, 1.0], [0, 1])
    difference = (objective.log_q[0] - objective.log_q[1]).item()
    assert difference == pytest.approx(1e-8, rel=1e-5)


def test_the_state_restores_q():
    first = GroupDROLoss(SIZES, step_size=0.5, adjustment=1.0, sample_weight=torch.rand(3) + 1)
    step(first, [1.0, 2.0, 3.0], [0, 1, 2])
    second = GroupDROLoss(SIZES, step_size=0.5, sample_weight=torch.ones(3))
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert torch.equal(second.q, first.q)
    for objective in (second, copy.deepcopy(first)):
        assert torch.equal(
            step(objective, [3.0, 1.0, 2.0], [0, 1, 2]),
            step(copy.deepcopy(first), [3.0, 1.0, 2.0], [0, 1, 2]),
        )
    assert list(first.parameters()) == []  # q is not for the optimizer


def test_a_restored_adjustment_moves_q():
    given = GroupDROLoss(SIZES, step_size=0.5, adjustment=1.0)
    taken = GroupDROLoss(SIZES, step_size=0.5)
    taken.load_state_dict(given.state_dict())
    for objective in (given, taken):
        step(objective, [1.0, 2.0], [0, 1])
    assert torch.equal(taken.q, given.q)
