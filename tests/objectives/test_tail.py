import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize
from torch.nn.functional import cross_entropy

from skgroup.objectives import MeanLoss, TailLoss
from skgroup.objectives._tail import chi2_weights, cvar_weights

SOLVERS = pytest.mark.parametrize("weights", [cvar_weights, chi2_weights])
losses_of_any_size = st.lists(st.floats(0, 20, width=32), min_size=1, max_size=12)
shares = st.floats(0.02, 1.0)


def tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def draw(m, seed=0):
    return np.random.default_rng(seed).exponential(size=m)


def logits_with_losses(losses):
    """Logits of two classes whose cross-entropy for class 0 is as given."""
    losses = tensor(losses)
    return torch.stack([torch.zeros_like(losses), losses + torch.log(-torch.expm1(-losses))], dim=1)


def evaluate(objective, losses, index=None):
    """The loss and its derivatives by the losses of the rows."""
    logits = logits_with_losses(losses).requires_grad_()
    zeros = torch.zeros(len(losses), dtype=torch.int64)
    rows = torch.arange(len(losses)) if index is None else torch.tensor(index)
    value = objective(logits, zeros, zeros, rows)
    value.backward()
    slope = -torch.expm1(-tensor(losses))  # of a row's loss by its second logit
    return value.item(), (logits.grad[:, 1] / slope).numpy()


def cvar_by_brute_force(losses, alpha):
    """Convex and piecewise linear in eta: the minimum is at one of the losses."""
    return min(eta + np.maximum(losses - eta, 0).mean() / alpha for eta in losses)


@given(losses_of_any_size, shares)
def test_cvar_is_the_minimum_over_eta(losses, alpha):
    weights = cvar_weights(tensor(losses), alpha).numpy()
    assert weights @ losses == pytest.approx(cvar_by_brute_force(np.array(losses), alpha))
    assert weights.max() <= (1 + 1e-12) / (alpha * len(losses))


def test_cvar_by_hand():
    weights = cvar_weights(tensor([1.0, 5.0, 2.0, 4.0, 3.0]), alpha=0.5)
    np.testing.assert_allclose(weights, [0, 0.4, 0, 0.4, 0.2], atol=1e-15)


def test_rows_that_tie_at_the_edge_share():
    weights = cvar_weights(tensor([2.0, 9.0, 2.0, 1.0, 2.0]), alpha=0.4)
    np.testing.assert_allclose(weights, [1 / 6, 1 / 2, 1 / 6, 0, 1 / 6], atol=1e-15)


@pytest.mark.parametrize("m", [1, 3, 10])
def test_limits_of_cvar(m):
    losses = tensor(draw(m))
    np.testing.assert_allclose(cvar_weights(losses, 1.0), np.full(m, 1 / m), atol=1e-15)
    for alpha in (1 / m, 0.5 / m):
        assert (cvar_weights(losses, alpha) @ losses).item() == pytest.approx(losses.max().item())


@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("m", [5, 20, 100])
def test_chi_square_dual_is_the_primal(m, alpha):
    losses = draw(m, seed=m)
    c2 = 1 + (1 / alpha - 1) ** 2
    primal = minimize(
        lambda w: -w @ losses, np.full(m, 1 / m), jac=lambda w: -losses, method="SLSQP",
        bounds=[(0, 1)] * m, options={"maxiter": 1000, "ftol": 1e-14},
        constraints=[
            {"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
            {"type": "ineq", "fun": lambda w: c2 / m - w @ w, "jac": lambda w: -2 * w},
        ],
    )  # fmt: skip
    weights = chi2_weights(tensor(losses), alpha).numpy()
    assert weights @ losses == pytest.approx(-primal.fun, rel=1e-6)
    assert m * weights @ weights <= c2 * (1 + 1e-9)


def slope_of_dual(eta, losses, c):
    above = np.maximum(losses - eta, 0)
    return 1 - c * above.mean() / np.sqrt((above**2).mean())


@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("c_factor", [1.0, 2.0])
def test_chi_square_value_and_gradient_are_those_of_the_dual(alpha, c_factor):
    losses = draw(400, seed=1)
    c = math.sqrt(1 + c_factor * (1 / alpha - 1) ** 2)
    top = np.sort(losses)[-2]  # just below the largest loss the slope is positive
    eta = brentq(slope_of_dual, -1e3, top, args=(losses, c), xtol=1e-15, rtol=1e-15)
    row = tensor(losses).requires_grad_()
    dual = c * ((row - eta).clamp_min(0) ** 2).mean().sqrt() + eta
    dual.backward()
    objective = TailLoss(alpha, divergence="chi2", c_factor=c_factor)
    value, gradient = evaluate(objective, losses)
    assert value == pytest.approx(dual.item(), rel=1e-10)
    np.testing.assert_allclose(gradient, row.grad, atol=1e-10)


def test_chi_square_in_closed_form_where_every_loss_has_weight():
    losses, alpha = tensor([1.0, 2.0, 2.5, 4.0]), 0.9
    value = chi2_weights(losses, alpha) @ losses
    expected = losses.mean() + (1 / alpha - 1) * losses.std(correction=0)
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize(("m", "on_the_largest_alone"), [(81, True), (82, True), (83, False)])
def test_small_batches_put_all_weight_on_the_largest_loss(m, on_the_largest_alone):
    losses = tensor(draw(m))
    weights = chi2_weights(losses, alpha=0.1)
    largest = weights[losses.argmax()].item()
    assert (largest == pytest.approx(1, abs=1e-9)) is on_the_largest_alone


def test_largest_losses_that_tie_share():
    losses = tensor([3.0, 1.0, 3.0, 0.5, 2.0, 2.9])
    weights = chi2_weights(losses, alpha=0.4)  # C^2 = 3.25 is above 6 / 2
    np.testing.assert_allclose(weights, [0.5, 0, 0.5, 0, 0, 0], atol=1e-15)
    less = chi2_weights(losses, alpha=0.5)  # C^2 = 2 is below
    assert less[0] == less[2]
    assert less[5] > 0


@SOLVERS
@given(losses=losses_of_any_size, alpha=shares)
def test_weights_are_a_distribution_that_raises_the_loss(weights, losses, alpha):
    found = weights(tensor(losses), alpha)
    assert found.min() >= 0
    assert found.sum().item() == pytest.approx(1, abs=1e-12)
    assert (found @ tensor(losses)).item() >= np.mean(losses) - 1e-9


@SOLVERS
@pytest.mark.parametrize("alpha", [0.01, 0.2, 0.7, 1.0])
@pytest.mark.parametrize(
    "losses", [[0.1], [0.1] * 3, [0.7] * 50, [0.0] * 4, [1e-30, 0.0], [1.0, 1e30, 2.0, 3.0]]
)
def test_no_nan(weights, alpha, losses):
    found = weights(tensor(losses), alpha)
    assert found.isfinite().all()
    assert found.sum().item() == pytest.approx(1, abs=1e-12)
    if len(set(losses)) == 1:
        np.testing.assert_allclose(found, 1 / len(losses), atol=1e-12)


@SOLVERS
@pytest.mark.parametrize("alpha", [0.15, 0.5, 0.9, 1.0])
def test_mass_is_repetition(weights, alpha):
    losses, times = tensor(draw(12)), torch.tensor([1, 2, 3] * 4)
    repeated = losses.repeat_interleave(times)
    expected = (weights(repeated, alpha) @ repeated).item()
    found = weights(losses, alpha, mass=0.3 * times) @ losses
    assert found.item() == pytest.approx(expected, rel=1e-10)


@SOLVERS
def test_the_order_of_rows_does_not_matter(weights):
    losses = torch.tensor([1.0, 2.0, 2.0, 0.5, 2.0, 3.0, 0.5, 1.0] * 4)
    order = torch.randperm(32)
    np.testing.assert_allclose(weights(losses, 0.3)[order], weights(losses[order], 0.3), atol=1e-15)


@pytest.mark.parametrize("divergence", ["cvar", "chi2"])
@pytest.mark.parametrize(("m", "share", "n_out"), [(10, 0.2, 2), (9, 0.2, 1), (100, 0.29, 29)])
def test_the_largest_losses_are_discarded(m, share, n_out, divergence):
    losses = draw(m)
    order = np.argsort(-losses)
    doro = TailLoss(0.4, outlier_share=share, divergence=divergence)
    value, gradient = evaluate(doro, losses)
    plain = TailLoss(0.4, divergence=divergence)
    rest, rest_gradient = evaluate(plain, losses[order[n_out:]])
    assert value == pytest.approx(rest, rel=1e-12)
    np.testing.assert_allclose(gradient[order[n_out:]], rest_gradient, atol=1e-10)
    assert (gradient[order[:n_out]] == 0).all()
    assert value <= evaluate(plain, losses)[0]


def test_doro_as_one_sum():
    losses = -np.sort(-draw(100))
    share, alpha = 0.05, 0.2  # 5 discarded, 19 of the other 95 kept
    value, _ = evaluate(TailLoss(alpha, outlier_share=share), losses)
    last = round((share + alpha * (1 - share)) * 100)
    assert value == pytest.approx(losses[5:last].sum() / (alpha * 95), rel=1e-12)


@pytest.mark.parametrize("divergence", ["cvar", "chi2"])
def test_a_discarded_loss_may_be_anything(divergence):
    losses = draw(20)
    objective = TailLoss(0.3, outlier_share=0.05, divergence=divergence)
    before = evaluate(objective, losses)
    losses[losses.argmax()] = 1e9
    after = evaluate(objective, losses)
    assert after[0] == before[0]
    np.testing.assert_array_equal(after[1], before[1])


@pytest.mark.parametrize("divergence", ["cvar", "chi2"])
def test_a_discarded_loss_may_be_infinite(divergence):
    logits = torch.tensor([[0.0, -math.inf], [1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    y, rows = torch.tensor([1, 0, 0, 0]), torch.arange(4)
    logits.requires_grad_()
    loss = TailLoss(0.5, outlier_share=0.25, divergence=divergence)(logits, y, y, rows)
    (slope,) = torch.autograd.grad(loss, logits)
    others = logits[1:].detach().requires_grad_()
    rest = TailLoss(0.5, divergence=divergence)(others, y[1:], y[1:], rows[1:])
    assert loss.item() == rest.item()
    torch.testing.assert_close(slope[1:], torch.autograd.grad(rest, others)[0], rtol=0, atol=0)
    assert slope[0].tolist() == [0, 0]


@pytest.mark.parametrize("divergence", ["cvar", "chi2"])
def test_a_batch_of_heavy_rows_counts_by_its_mean_weight(divergence):
    losses, weight = draw(12), tensor([1, 2, 6, 4, 2, 9, 5, 5, 3, 3, 1, 1])  # 3.5 on average
    options = {"outlier_share": 0.25, "divergence": divergence}
    heavy = [2, 5, 6, 7]
    whole = TailLoss(0.4, sample_weight=weight, **options)
    alone = TailLoss(0.4, sample_weight=weight[heavy], **options)
    expected = weight[heavy].mean().item() / 3.5 * evaluate(alone, losses[heavy])[0]
    assert evaluate(whole, losses[heavy], heavy)[0] == pytest.approx(expected, rel=1e-12)


def test_defaults():
    losses = draw(20)
    for divergence, weights in (("cvar", cvar_weights), ("chi2", chi2_weights)):
        expected = weights(tensor(losses), 0.2) @ tensor(losses)
        found = evaluate(TailLoss(divergence=divergence), losses)[0]
        assert found == pytest.approx(expected.item(), rel=1e-12)
    assert evaluate(TailLoss(), losses)[0] == evaluate(TailLoss(divergence="cvar"), losses)[0]


def test_one_row_is_never_discarded():
    assert evaluate(TailLoss(outlier_share=0.99), [2.0])[0] == pytest.approx(2.0)
    assert evaluate(TailLoss(outlier_share=0.999999999999), [2.0, 1.0])[0] == pytest.approx(1.0)


@pytest.mark.parametrize("divergence", ["cvar", "chi2"])
def test_alpha_of_one_is_the_mean(divergence):
    losses = draw(7)
    weight = tensor(np.arange(1, 8))
    rows = [6, 0, 3, 3]
    for given_weight in (None, weight):
        tail = TailLoss(1.0, divergence=divergence, sample_weight=given_weight)
        value, gradient = evaluate(tail, losses[rows], rows)
        expected, mean_gradient = evaluate(MeanLoss(given_weight), losses[rows], rows)
        assert value == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(gradient, mean_gradient, atol=1e-10)


@pytest.mark.parametrize("divergence", ["cvar", "chi2"])
@pytest.mark.parametrize("share", [0.0, 0.1])
def test_integer_weights_are_repetition(divergence, share):
    losses, times = draw(20), np.array([1, 3] * 10)  # a tenth: 2 of 20 rows, 4 of 40
    options = {"outlier_share": share, "divergence": divergence}
    repeated, _ = evaluate(TailLoss(0.3, **options), np.repeat(losses, times))
    weighted, _ = evaluate(TailLoss(0.3, sample_weight=tensor(5 * times), **options), losses)
    assert weighted == pytest.approx(repeated, rel=1e-10)


@pytest.mark.parametrize(
    ("divergence", "weights"), [("cvar", cvar_weights), ("chi2", chi2_weights)]
)
def test_no_gradient_passes_through_the_weights(divergence, weights):
    logits = torch.randn(30, 3, dtype=torch.float64, requires_grad=True)
    y = torch.arange(30) % 3
    losses = cross_entropy(logits, y, reduction="none")
    value = TailLoss(0.3, divergence=divergence)(logits, y, y, torch.arange(30))
    (found,) = torch.autograd.grad(value, logits)
    (expected,) = torch.autograd.grad(weights(losses.detach(), 0.3) @ losses, logits)
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_the_state_round_trips():
    assert TailLoss().state_dict() == {}
    weight = torch.tensor([1.0, 2.0, 3.0])
    one, other = TailLoss(sample_weight=weight), TailLoss(sample_weight=torch.ones(3))
    other.load_state_dict(one.state_dict())
    assert evaluate(one, [1.0, 2.0, 3.0])[0] == evaluate(other, [1.0, 2.0, 3.0])[0]
    assert weight.tolist() == [1, 2, 3]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("divergence", ["cvar", "chi2"])
def test_losses_that_diverged_stay_visible(divergence, bad):
    logits = torch.tensor([[bad, 0.0], [0.0, bad], [bad, 0.0]])
    y = torch.tensor([1, 0, 1])
    loss = TailLoss(0.5, divergence=divergence)(logits, y, groups=y, index=y)
    assert not loss.isfinite()
