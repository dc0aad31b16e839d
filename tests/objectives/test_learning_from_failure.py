import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from skgroup.modules import TwinOutput
from skgroup.objectives import LfFLoss, MeanLoss
from skgroup.objectives._gce import generalized_cross_entropy

Y = torch.tensor([0, 1, 0, 1, 1, 0])
ROWS = torch.arange(6)


def logits_with_losses(losses, y):
    """Logits of two classes whose cross-entropy for the true class is as given."""
    losses = torch.as_tensor(losses, dtype=torch.float64)
    wrong = torch.expm1(losses).log()
    zero = torch.zeros_like(wrong)
    right = (y == 0)[:, None]
    return torch.where(right, torch.stack([zero, wrong], 1), torch.stack([wrong, zero], 1))


def output(biased, main, index=ROWS):
    return TwinOutput(logits_with_losses(main, Y[index]), logits_with_losses(biased, Y[index]))


def visit(objective, biased, main, index=ROWS):
    """Show a batch; return the weights of its rows."""
    index = torch.as_tensor(index)
    batch = output(biased, main, index)
    objective(batch, Y[index], Y[index], index)
    return objective.weights(batch, Y[index], index)


def random_twin(seed=0):
    draw = torch.randn(2, 6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return TwinOutput(*(logits.clone().requires_grad_() for logits in draw))


def test_weights_by_hand_without_averages():
    weights = visit(LfFLoss(Y, ema=None), [1, 3, 2, 1, 1, 4], [3, 1, 2, 1, 9, 0.5])
    expected = torch.tensor([1 / 4, 3 / 4, 1 / 2, 1 / 2, 1 / 10, 4 / 4.5], dtype=torch.float64)
    torch.testing.assert_close(weights, expected, rtol=0, atol=1e-8)


def test_the_first_visit_takes_the_losses_as_they_are():
    objective = LfFLoss(Y)
    weights = visit(objective, [1.0, 3.0, 2.0, 1.0, 1.5, 4.0], [3.0, 1.0, 2.0, 1.0, 9.0, 0.5])
    # The largest losses of class 0 are 4 and 3, those of class 1 are 3 and 9.
    biased = torch.tensor([1 / 4, 3 / 3, 2 / 4, 1 / 3, 1.5 / 3, 4 / 4], dtype=torch.float64)
    main = torch.tensor([3 / 3, 1 / 9, 2 / 3, 1 / 9, 9 / 9, 0.5 / 3], dtype=torch.float64)
    torch.testing.assert_close(weights, biased / (biased + main), rtol=0, atol=1e-6)


def test_later_visits_move_the_average():
    objective = LfFLoss(Y, ema=0.7)
    visit(objective, [1.0, 2.0], [2.0, 4.0], index=[0, 2])
    visit(objective, [3.0, 1.0], [1.0, 0.5], index=[2, 1])
    visit(objective, [5.0], [2.0], index=[2])
    row_2 = [0.7 * (0.7 * 2 + 0.3 * 3) + 0.3 * 5, 0.7 * (0.7 * 4 + 0.3 * 1) + 0.3 * 2]
    averages = objective.averages[:, objective.place]
    expected = [[1, 1, row_2[0], -1, -1, -1], [2, 0.5, row_2[1], -1, -1, -1]]
    torch.testing.assert_close(averages, torch.tensor(expected), rtol=1e-6, atol=0)


def test_losses_below_1_are_as_good_as_others():
    objective = LfFLoss(Y, ema=0.5)
    visit(objective, [0.2, 0.4, 0.3, 0.8, 0.1, 0.4], [0.6, 0.2, 0.4, 0.1, 0.4, 0.2])
    weights = visit(objective, [0.4], [0.2], index=[0])
    # Averages of row 0: (0.2 + 0.4) / 2 and (0.6 + 0.2) / 2; the largest of its class: 0.4, 0.4.
    expected = torch.tensor([(0.3 / 0.4) / (0.3 / 0.4 + 0.4 / 0.4)], dtype=torch.float64)
    torch.testing.assert_close(weights, expected, rtol=0, atol=1e-6)


def test_defaults():
    objective = LfFLoss(Y)
    assert (objective.exponent, objective.ema) == (0.7, 0.7)
    assert LfFLoss(Y, ema=None).averages.shape == (2, 0)  # nothing to remember


def test_without_memory_the_last_visit_counts():
    objective = LfFLoss(Y, ema=0.0)
    visit(objective, [1.0, 2.0], [2.0, 4.0], index=[0, 2])
    visit(objective, [3.0], [1.0], index=[0])
    torch.testing.assert_close(objective.averages[:, objective.place[0]], torch.tensor([3.0, 1.0]))


def test_averages_belong_to_rows_whatever_the_order():
    generator, losses = torch.Generator().manual_seed(0), torch.rand(3, 2, 6) * 3 + 0.1
    one, other = LfFLoss(Y), LfFLoss(Y)
    for biased, main in losses:
        whole = visit(one, biased, main)
        order = torch.randperm(6, generator=generator)
        for part in order.split(4):
            weights = visit(other, biased[part], main[part], index=part)
    assert order.tolist() != ROWS.tolist()
    torch.testing.assert_close(one.averages, other.averages)
    torch.testing.assert_close(weights, whole[part])  # the last batch saw the same averages


@given(
    st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50)), min_size=6, max_size=6),
    st.sampled_from([None, 0.0, 0.7]),
)
def test_weights_are_between_0_and_1(losses, ema):
    objective = LfFLoss(Y, ema=ema)
    biased, main = zip(*losses, strict=True)
    for _ in range(2):
        weights = visit(objective, biased, main)
        assert ((weights >= 0) & (weights <= 1)).all()


@pytest.mark.parametrize("ema", [None, 0.7])
def test_rows_that_are_as_hard_for_both_count_half(ema):
    losses = [1.0, 0.2, 3.0, 4.0, 0.5, 2.0]
    weights = visit(LfFLoss(Y, ema=ema), losses, losses)
    torch.testing.assert_close(weights, torch.full_like(weights, 0.5), rtol=0, atol=1e-7)


def test_rows_that_only_the_biased_network_gets_wrong_count_in_full():
    weights = visit(LfFLoss(Y, ema=None), [5.0] * 6, [1e-12] * 6)
    torch.testing.assert_close(weights, torch.ones_like(weights), rtol=0, atol=1e-8)
    weights = visit(LfFLoss(Y), [5.0] * 6, [1.0] * 5 + [0.0])  # class 0 has losses 1, 1 and 0
    assert weights[-1].item() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("ema", [None, 0.7])
def test_a_perfect_batch_is_no_division_by_zero(ema):
    logits = torch.tensor([[1000.0, 0.0], [0.0, 1000.0]])[Y].requires_grad_()
    objective = LfFLoss(Y, ema=ema)
    loss = objective(TwinOutput(logits, logits), Y, Y, ROWS)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("weighted", [False, True])
def test_the_gradient_is_the_weighted_sum_of_row_gradients(weighted):
    twin, weight = random_twin(), torch.tensor([1.0, 2, 0, 4, 1, 1]).double()
    objective = LfFLoss(Y, q=0.6, ema=None, sample_weight=weight if weighted else None)
    main, biased = torch.autograd.grad(objective(twin, Y, Y, ROWS), list(twin))
    losses = [cross_entropy(logits.detach(), Y, reduction="none") for logits in twin]
    hardness = losses[1] / (losses[0] + losses[1] + 1e-8)
    rows = (weight / weight.mean() if weighted else torch.ones(6).double()) / 6
    residual = torch.softmax(twin.logits.detach(), 1) - torch.eye(2)[Y]
    torch.testing.assert_close(main, (rows * hardness)[:, None] * residual, rtol=0, atol=1e-10)
    easy = generalized_cross_entropy(twin.other, Y, 0.6) @ rows
    expected = torch.autograd.grad(easy, twin.other)[0]
    torch.testing.assert_close(biased, expected, rtol=0, atol=1e-10)


def test_with_weights_of_one_the_main_network_sees_the_mean_loss(monkeypatch):
    monkeypatch.setattr(LfFLoss, "_compare", lambda self, hardness, y: torch.ones(len(y)))
    twin = random_twin()
    ours = torch.autograd.grad(LfFLoss(Y)(twin, Y, Y, ROWS), twin.logits)[0]
    erm = torch.autograd.grad(MeanLoss()(twin.logits, Y, Y, ROWS), twin.logits)[0]
    torch.testing.assert_close(ours, erm, rtol=0, atol=1e-12)


def test_integer_weights_are_repetition():
    times = torch.tensor([2, 1, 3, 1, 1, 2])
    repeated, twin = ROWS.repeat_interleave(times), random_twin()
    weighted = LfFLoss(Y, sample_weight=times.double())
    plain = LfFLoss(Y[repeated])
    copies = TwinOutput(*(logits[repeated] for logits in twin))
    for _ in range(2):
        one = weighted(twin, Y, Y, ROWS)
        other = plain(copies, Y[repeated], Y[repeated], torch.arange(10))
        torch.testing.assert_close(one, other)


def test_the_state_restores_the_averages():
    first, second = LfFLoss(Y), LfFLoss(Y)
    visit(first, [1.0, 3.0, 2.0, 1.0, 1.5, 4.0], [3.0, 1.0, 2.0, 1.0, 9.0, 0.5])
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    again = ([2.0, 2.0, 2.0, 0.1, 1.0, 1.0], [1.0, 1.0, 3.0, 2.0, 2.0, 2.0])
    weights = visit(copy.deepcopy(first), *again)
    assert torch.equal(visit(second, *again), weights)
    assert not torch.equal(visit(LfFLoss(Y), *again), weights)
    assert list(first.parameters()) == []
