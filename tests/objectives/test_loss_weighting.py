import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from skgroup.objectives import LossWeightedLoss, MeanLoss, TailLoss

SCHEMES = ["power", "tilted", "top"]
Y = torch.arange(12) % 3
LOGITS = torch.randn(12, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
LOSSES = cross_entropy(LOGITS, Y, reduction="none")
MASS = torch.tensor([1.0, 2.0, 3.0] * 4, dtype=torch.float64)
ROWS = torch.arange(12)


def weigh(values, scheme="power", mass=None, **options):
    losses = torch.as_tensor(values, dtype=torch.float64)
    return LossWeightedLoss(scheme, **options).weigh(losses, mass).numpy()


def evaluate(objective, rows=ROWS):
    """The loss and its gradient by the logits of all rows."""
    logits = LOGITS.clone().requires_grad_()
    value = objective(logits[rows], Y[rows], Y[rows], rows)
    return value.item(), torch.autograd.grad(value, logits)[0].numpy()


def assert_same(one, other, rows=ROWS):
    (value, gradient), (expected, expected_gradient) = evaluate(one, rows), evaluate(other, rows)
    assert value == pytest.approx(expected, rel=1e-10)
    np.testing.assert_allclose(gradient, expected_gradient, atol=1e-10)


def test_weights_by_hand():
    np.testing.assert_allclose(weigh([1, 2, 3]), [0.5, 1, 1.5], rtol=1e-7)
    np.testing.assert_allclose(weigh([1, 2, 3], gamma=2.0), np.array([1, 4, 9]) * 3 / 14, rtol=1e-7)
    tilted = weigh([0, math.log(2), math.log(5)], "tilted")
    np.testing.assert_allclose(tilted, np.array([1, 2, 5]) * 3 / 8, rtol=1e-12)
    cooler = weigh([0, math.log(2), math.log(5)], "tilted", tau=0.5)
    np.testing.assert_allclose(cooler, np.array([1, 4, 25]) * 3 / 30, rtol=1e-12)
    np.testing.assert_allclose(weigh([1, 2, 3, 0], "top", alpha=0.5), [0, 2, 2, 0], atol=1e-12)


def test_losses_below_1_are_as_good_as_others():
    np.testing.assert_allclose(weigh([0.1, 0.2, 0.3]), [0.5, 1, 1.5], rtol=1e-6)


def test_the_default_is_the_power_of_1():
    assert_same(LossWeightedLoss(), LossWeightedLoss("power", gamma=1.0))
    assert LossWeightedLoss().scheme == "power"


def test_weights_are_cut_off_and_scaled_again():
    # 0.4, 0.4, 0.4 and 2.8; cut off at 2 they have mean 0.8.
    np.testing.assert_allclose(weigh([1, 1, 1, 7], clip=2.0), [0.5, 0.5, 0.5, 2.5], rtol=1e-6)
    np.testing.assert_allclose(weigh([1, 1, 1, 7], clip=3.0), [0.4, 0.4, 0.4, 2.8], rtol=1e-6)


@pytest.mark.parametrize("scheme", SCHEMES)
@given(losses=st.lists(st.floats(0, 1e4), min_size=1, max_size=9), clip=st.sampled_from([None, 2]))
def test_weights_have_mean_one_and_grow_with_the_loss(scheme, losses, clip):
    weights = weigh(losses, scheme, clip=clip)
    assert weights.mean() == pytest.approx(1)
    assert weights.min() >= 0
    assert (np.diff(weights[np.argsort(losses, kind="stable")]) >= -1e-9).all()


@pytest.mark.parametrize(
    ("scheme", "options"),
    [("power", {"gamma": 0.0}), ("tilted", {"tau": math.inf}), ("top", {"alpha": 1.0})],
)
def test_limits_are_the_mean(scheme, options):
    assert_same(LossWeightedLoss(scheme, **options), MeanLoss())
    weighted = LossWeightedLoss(scheme, sample_weight=MASS, **options)
    assert_same(weighted, MeanLoss(MASS), torch.tensor([3, 0, 7]))


def test_a_large_temperature_is_nearly_the_mean():
    np.testing.assert_allclose(weigh(LOSSES, "tilted", tau=1e6), 1, atol=1e-5)


@pytest.mark.parametrize("tau", [1e-3, 1e-300])
def test_a_small_temperature_leaves_the_largest_loss_only(tau):
    np.testing.assert_allclose(weigh([1, 3, 2], "tilted", tau=tau), [0, 3, 0], atol=1e-12)


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.5])
def test_top_is_cvar(alpha):
    assert_same(LossWeightedLoss("top", alpha=alpha), TailLoss(alpha))
    weighted = LossWeightedLoss("top", alpha=alpha, sample_weight=MASS)
    assert_same(weighted, TailLoss(alpha, sample_weight=MASS), torch.tensor([1, 2, 5, 9]))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("losses", [[0.0], [0.0, 0.0], [5.0] * 7, [1e30, 1.0], [1e4, 0.0]])
def test_no_nan(scheme, losses):
    assert weigh(losses, scheme, gamma=50.0, tau=1e-3).mean() == pytest.approx(1)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_weights_are_constants(scheme):
    _, gradient = evaluate(LossWeightedLoss(scheme, clip=1.5))
    logits = LOGITS.clone().requires_grad_()
    fixed = torch.from_numpy(weigh(LOSSES, scheme, clip=1.5))
    torch.mean(fixed * cross_entropy(logits, Y, reduction="none")).backward()
    np.testing.assert_allclose(gradient, logits.grad, atol=1e-10)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("clip", [None, 1.3])
def test_integer_sample_weights_are_repetition(scheme, clip):
    rows = ROWS.repeat_interleave(MASS.long())
    weighted = LossWeightedLoss(scheme, clip=clip, sample_weight=5 * MASS)
    (value, gradient), (expected, repeated) = (
        evaluate(weighted), evaluate(LossWeightedLoss(scheme, clip=clip), rows)
    )  # fmt: skip
    assert value == pytest.approx(expected, rel=1e-10)
    np.testing.assert_allclose(gradient, repeated, atol=1e-10)


def test_warm_up_is_the_mean():
    objective = LossWeightedLoss(warmup_epochs=2, sample_weight=MASS)
    for _ in range(2):
        assert objective.in_warmup
        assert_same(objective, MeanLoss(MASS))
        objective.end_epoch()
    assert not objective.in_warmup
    assert_same(objective, LossWeightedLoss(sample_weight=MASS))


def test_weights_of_an_epoch_stay_until_they_are_refreshed():
    objective = LossWeightedLoss("tilted", n_samples=12, sample_weight=MASS)
    rows = torch.tensor([4, 1, 8])
    assert_same(objective, MeanLoss(MASS), rows)
    for losses in (2 * LOSSES, LOSSES.flip(0)):
        objective.refresh(losses)
        # In proportion to the losses of all rows, not to those of the batch.
        fixed = MASS * losses.exp() / (MASS * losses.exp()).mean()
        assert evaluate(objective, rows)[0] == pytest.approx((fixed * LOSSES)[rows].mean().item())
    assert evaluate(objective)[0] == pytest.approx((fixed * LOSSES).mean().item())


def test_the_state_round_trips():
    options = {"warmup_epochs": 1, "n_samples": 12}
    one = LossWeightedLoss(sample_weight=MASS, **options)
    one.end_epoch()
    one.refresh(LOSSES)
    other = LossWeightedLoss(sample_weight=torch.ones(12), **options)
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    assert not other.in_warmup
    assert evaluate(other)[0] == evaluate(one)[0] != evaluate(MeanLoss(MASS))[0]
    assert list(one.parameters()) == []
