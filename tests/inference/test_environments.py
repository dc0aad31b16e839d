from functools import partial
from itertools import product

import numpy as np
import pytest
import torch
from scipy.special import expit
from torch.nn.functional import cross_entropy

from skgroup.inference._environments import climb, loss_slopes, split_rows

split = partial(split_rows, solver="adam", step_size=1e-3, max_steps=10000)


def softmax(logits):
    return torch.softmax(torch.as_tensor(logits), dim=1).numpy()


def penalty(slopes, q):
    return ((q * slopes).mean() ** 2 + ((1 - q) * slopes).mean() ** 2) / 2


def penalty_of_environments(slopes, environments):
    return penalty(slopes, environments.astype(float))


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_slopes_are_those_of_the_loss(n_classes):
    rng = np.random.default_rng(n_classes)
    logits, y = 3 * rng.normal(size=(50, n_classes)), rng.integers(n_classes, size=50)
    s = torch.ones(50, 1, dtype=torch.float64, requires_grad=True)
    cross_entropy(s * torch.tensor(logits), torch.tensor(y), reduction="sum").backward()
    found = loss_slopes(softmax(logits), y)
    np.testing.assert_allclose(found, s.grad.flatten(), atol=1e-10)
    # The same from the logits, and from logits with a number added to each row.
    own = (softmax(logits) * logits).sum(axis=1) - logits[np.arange(50), y]
    np.testing.assert_allclose(found, own, atol=1e-10)
    moved = logits + rng.normal(size=(50, 1))
    np.testing.assert_allclose(loss_slopes(softmax(moved), y), found, atol=1e-10)


def test_slopes_by_hand():
    p = np.array([[0.8, 0.2], [0.8, 0.2], [0.5, 0.5], [1.0, 0.0]])
    before = p.copy()
    gap = np.log(4)  # of the logits: a loss of .2 of it too much, or .8 of it
    slopes = loss_slopes(p, np.array([0, 1, 0, 0]))
    np.testing.assert_allclose(slopes, [-0.2 * gap, 0.8 * gap, 0, 0], atol=1e-15)
    assert np.isfinite(loss_slopes(p, np.array([0, 0, 0, 1]))).all()
    np.testing.assert_array_equal(p, before)


def test_slopes_of_symmetric_logits_are_positive_where_the_model_is_wrong():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=200), rng.integers(2, size=200)
    slopes = loss_slopes(softmax(np.column_stack([-z / 2, z / 2])), y)
    assert ((slopes > 0) == ((z > 0) != y)).all()


def test_the_penalty_is_that_of_two_risks():
    rng = np.random.default_rng(1)
    logits, y, q = rng.normal(size=(30, 3)), rng.integers(3, size=30), rng.uniform(size=30)
    s = torch.ones(1, dtype=torch.float64, requires_grad=True)
    losses = cross_entropy(s * torch.tensor(logits), torch.tensor(y), reduction="none")
    squares = []
    for weight in (q, 1 - q):
        (slope,) = torch.autograd.grad((torch.tensor(weight) * losses).mean(), s, retain_graph=True)
        squares.append(float(slope) ** 2)
    assert penalty(loss_slopes(softmax(logits), y), q) == pytest.approx(sum(squares) / 2, rel=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_the_exact_split_is_the_best_of_all(seed):
    slopes = np.random.default_rng(seed).normal(size=10)
    corners = np.array(list(product([0, 1], repeat=10)))
    values = np.array([penalty_of_environments(slopes, corner) for corner in corners])
    exact = split(slopes, np.zeros(10), solver="exact")
    best = corners[np.isclose(values, values.max(), rtol=1e-12)]
    assert len(best) == 2  # it, and the same with the names exchanged
    assert exact.tolist() in best.tolist()
    assert (1 - exact).tolist() in best.tolist()
    positive, negative = slopes[slopes > 0].sum() / 10, slopes[slopes < 0].sum() / 10
    assert values.max() == pytest.approx((positive**2 + negative**2) / 2)
    # The penalty is convex: inside the cube it is nowhere larger.
    inside = np.random.default_rng(seed).uniform(size=(100, 10))
    assert max(penalty(slopes, q) for q in inside) < values.max()


def climb_with_torch(slopes, start, step_size, max_steps):
    u = torch.tensor(start, requires_grad=True)
    d = torch.tensor(slopes)
    adam = torch.optim.Adam([u], lr=step_size, maximize=True)
    for _ in range(max_steps):
        q = torch.sigmoid(u)
        value = ((q * d).mean() ** 2 + ((1 - q) * d).mean() ** 2) / 2
        adam.zero_grad()
        value.backward()
        adam.step()
    return u.detach().numpy()


def test_steps_are_those_of_adam():
    rng = np.random.default_rng(2)
    slopes, start = rng.normal(size=40), rng.normal(size=40)
    before = start.copy()
    found = climb(slopes, start, step_size=0.05, max_steps=60)
    np.testing.assert_allclose(found, climb_with_torch(slopes, start, 0.05, 60), atol=1e-10)
    assert abs(found - start).max() > 1
    np.testing.assert_array_equal(start, before)


def test_steps_that_are_left_out_would_move_no_row_to_the_other_side():
    rng = np.random.default_rng(5)
    slopes, start = rng.normal(size=30), rng.normal(size=30)
    found = climb(slopes, start, step_size=0.03, max_steps=10**9)
    expected = climb_with_torch(slopes, start, 0.03, 600)
    np.testing.assert_array_equal(found > 0, expected > 0)
    assert abs(found - expected).max() > 0.1


@pytest.mark.parametrize("seed", range(3))
def test_the_penalty_does_not_fall(seed):
    rng = np.random.default_rng(seed)
    slopes, start = rng.normal(size=100), rng.normal(size=100)
    values = [penalty(slopes, expit(start))]
    for n_steps in range(200, 2001, 200):
        u = climb(slopes, start, step_size=1e-3, max_steps=n_steps)
        values.append(penalty(slopes, expit(u)))
    assert np.diff(values).min() > -1e-9
    best = penalty_of_environments(slopes, split(slopes, start, solver="exact"))
    assert 10 * values[0] < values[-1] < best


@pytest.mark.parametrize("seed", range(3))
def test_adam_comes_close_to_the_exact_split(seed):
    rng = np.random.default_rng(seed)
    slopes = np.where(rng.uniform(size=300) < 0.2, 1.5, -0.3) + 0.05 * rng.normal(size=300)
    start = rng.normal(size=300)
    exact = split(slopes, start, solver="exact")
    agreement = (split(slopes, start) == exact).mean()
    assert agreement >= 0.95
    assert (split(slopes, start, max_steps=1) == exact).mean() < 0.7


@pytest.mark.parametrize("solver", ["adam", "exact"])
def test_permuted_rows_have_permuted_environments(solver):
    rng = np.random.default_rng(3)
    slopes, start, order = rng.normal(size=80), rng.normal(size=80), rng.permutation(80)
    found = split(slopes, start, solver=solver, max_steps=500)
    again = split(slopes[order], start[order], solver=solver, max_steps=500)
    np.testing.assert_array_equal(again, found[order])
    assert 0 < found.sum() < 80


def test_the_second_environment_has_the_larger_slopes():
    rng = np.random.default_rng(4)
    slopes = rng.normal(size=60)
    names = []
    for seed in range(6):
        start = np.random.default_rng(seed).normal(size=60)
        found = split(slopes, start, max_steps=300)
        assert slopes[found == 1].mean() > slopes[found == 0].mean()
        u = climb(slopes, start, step_size=1e-3, max_steps=300)
        names.append(((u > 0) == found).all())
    assert len(set(names)) == 2  # either side can end up as the one where u is positive


@pytest.mark.parametrize(("slope", "expected"), [(1.0, 1), (-1.0, 0), (0.0, 0)])
@pytest.mark.parametrize("solver", ["adam", "exact"])
def test_rows_of_one_kind_are_one_environment(solver, slope, expected):
    for start in (np.full(5, 0.1), np.full(5, -0.1)):
        assert split(np.full(5, slope), start, solver=solver).tolist() == [expected] * 5


def test_rows_without_a_slope_are_not_split_by_chance():
    assert split(np.zeros(6), np.array([-1.0, 1, -1, 1, -1, 1])).tolist() == [0] * 6
