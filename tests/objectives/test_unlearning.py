import copy
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from skgroup.modules import TwinOutput, mlp
from skgroup.objectives import ULELoss
from skgroup.objectives._saliency_twins import InputTwin, SaliencyOutput
from skgroup.objectives._unlearning import (
    class_scores,
    gram,
    matching_scale,
    normalized,
    saliency,
)

N_ROWS = 7
X = torch.randn(N_ROWS, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
Y = torch.arange(N_ROWS) % 3
ROWS = torch.arange(N_ROWS)


def net(seed, n_classes=3):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        built = mlp(4, n_classes, [6]).double()
        for parameter in built.parameters():
            nn.init.normal_(parameter)
    return built


def twin_output(main=1, other=2):
    return InputTwin(net(main), net(other))(X)


def value(objective, output, y=Y, index=ROWS):
    return objective.likeness(output, y, index).item()


# Scores


def test_scores_by_hand():
    logits = torch.tensor([[1.0, 2.0, 3.0], [0.0, 5.0, 0.0]])
    classes = torch.tensor([2, 0])
    assert class_scores(logits, classes, "logit").tolist() == [3, 0]
    expected = [3 - math.log(math.exp(1) + math.exp(2)), -math.log(math.exp(5) + 1)]
    torch.testing.assert_close(class_scores(logits, classes), torch.tensor(expected))


def test_the_margin_is_the_log_odds_of_the_class():
    logits = torch.randn(9, 4, dtype=torch.float64)
    classes = torch.arange(9) % 4
    p = torch.softmax(logits, dim=1).gather(1, classes[:, None]).flatten()
    torch.testing.assert_close(class_scores(logits, classes), torch.logit(p))


def test_margin_and_probability_have_the_same_normalised_saliency():
    output = twin_output()
    classes = output.logits.argmax(dim=1)
    p = torch.softmax(output.logits, dim=1).gather(1, classes[:, None]).flatten()
    of_p = normalized(saliency(p, output.inputs, differentiable=False))
    margin = class_scores(output.logits, classes)
    of_margin = normalized(saliency(margin, output.inputs, differentiable=False))
    torch.testing.assert_close(of_margin, of_p, rtol=0, atol=1e-10)


def test_saturated_logits_keep_a_margin():
    def gradients(score, scale):
        x = X.float().requires_grad_()
        logits = scale * net(1).float()(x)
        scores = score(logits, logits.argmax(dim=1))
        return normalized(saliency(scores, (x,), differentiable=False))

    def probability(logits, classes):
        return torch.softmax(logits, dim=1).gather(1, classes[:, None]).flatten()

    assert (gradients(probability, 1e6) == 0).all()  # why the probability will not do
    sure = gradients(class_scores, 1e6)
    assert sure.isfinite().all()
    assert (sure.abs().amax(dim=1) == 1).all()


def test_adding_the_same_to_all_logits_moves_no_margin():
    weight = torch.randn(4, dtype=torch.float64)
    maps = {}
    for score in ("margin", "logit"):
        for shift in (0, 10):
            x = X.clone().requires_grad_()
            logits = net(1)(x) + shift * (x @ weight)[:, None]
            scores = class_scores(logits, Y, score)
            maps[score, shift] = saliency(scores, (x,), differentiable=False)
    torch.testing.assert_close(maps["margin", 0], maps["margin", 10], rtol=0, atol=1e-10)
    assert not torch.allclose(maps["logit", 0], maps["logit", 10], atol=0.1)


def test_a_saliency_is_the_gradient_of_its_own_row():
    output = twin_output()
    maps = saliency(class_scores(output.logits, Y), output.inputs, differentiable=False)
    for i in range(N_ROWS):
        x = X[i : i + 1].clone().requires_grad_()
        alone = torch.autograd.grad(class_scores(net(1)(x), Y[i : i + 1]).sum(), x)[0]
        torch.testing.assert_close(maps[i], alone[0], rtol=0, atol=1e-10)


def test_saliencies_of_several_inputs_lie_side_by_side():
    one, two, idle = (torch.ones(3, k, requires_grad=True) for k in (2, 1, 1))
    maps = saliency(2 * one.sum(dim=1) + 3 * two[:, 0], (one, two, idle), differentiable=False)
    assert maps.tolist() == [[2, 2, 3, 0]] * 3  # a network may leave an input alone


def test_the_margin_is_the_default_score():
    logits = torch.tensor([[2.0, 0.0, 1.0]])
    chosen = torch.tensor([0])
    assert torch.equal(class_scores(logits, chosen), class_scores(logits, chosen, "margin"))


def test_defaults():
    loss = ULELoss()
    assert (loss.ce_weight, loss.form, loss.magnitude) == (0.5, "input", "decade")
    assert (loss.saliency_class, loss.saliency_score) == ("pred", "margin")


def test_second_derivatives_are_right():
    class Probe(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double()

        def forward(self, x):
            return self.net(x)

    probe, y, rows = Probe(), Y[:4], ROWS[:4]
    student = net(2)

    def loss(first, *rest):
        x = X[:4].clone().requires_grad_()
        names = [name for name, _ in probe.named_parameters()]
        parameters = dict(zip(names, (first, *rest), strict=True))
        logits = torch.func.functional_call(probe, parameters, (x,))
        return ULELoss().likeness(SaliencyOutput(logits, student(x), (x,)), y, rows)

    assert torch.autograd.gradcheck(loss, tuple(probe.parameters()))


# Normalisation


@given(st.floats(1e-6, 1e6))
def test_normalised_maps_forget_their_scale(factor):
    maps = torch.cat([X, torch.zeros(1, 4, dtype=torch.float64)])
    result = normalized(maps)
    assert (result[:-1].abs().amax(dim=1) == 1).all()
    assert (result[-1] == 0).all()
    scales = torch.linspace(1, 2, len(maps), dtype=torch.float64)[:, None] * factor
    torch.testing.assert_close(normalized(scales * maps), result, rtol=1e-12, atol=0)
    torch.testing.assert_close(normalized(-maps), -result)


# The comparison


def linear_output(main, other):
    """Networks of two classes whose saliencies are the given rows, up to their sign."""
    x = torch.ones(len(main), main.shape[1], dtype=torch.float64, requires_grad=True)
    logits = [torch.stack([0 * w[:, 0], (x * w).sum(dim=1)], dim=1) for w in (main, other)]
    return SaliencyOutput(logits[0], logits[1], (x,))


LABEL = {"saliency_class": "label"}
ONES = torch.ones(N_ROWS, dtype=torch.int64)


def test_equal_networks_differ_by_twice_their_map():
    output = twin_output(1, 1)
    classes = output.logits.argmax(dim=1)
    maps = saliency(class_scores(output.logits, classes), output.inputs, differentiable=False)
    expected = 4 * normalized(maps).square().mean()
    assert value(ULELoss(), output) == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize("k", [1e-3, 1.0, 50.0])
def test_opposite_maps_do_not_differ(k):
    assert value(ULELoss(**LABEL), linear_output(-k * X, X), ONES) == pytest.approx(0, abs=1e-20)
    assert value(ULELoss(**LABEL), linear_output(k * X, X), ONES) > 0.5


@given(st.integers(0, 50), st.sampled_from(["input", "gram"]))
def test_the_likeness_is_between_0_and_4(seed, form):
    assert 0 <= value(ULELoss(form=form), twin_output(seed, seed + 1)) <= 4
    signs = torch.sign(X)  # the largest possible difference
    assert value(ULELoss(**LABEL), linear_output(signs, signs), ONES) == pytest.approx(4)


def test_two_classes_by_hand():
    """Networks w and v of two classes: maps +-w / max|w| and +-v / max|v|, by predicted class."""
    w, v = torch.tensor([2.0, -4.0]).double(), torch.tensor([3.0, 1.0]).double()
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64, requires_grad=True)
    logits = [torch.stack([0 * x[:, 0], x @ u], dim=1) for u in (w, v)]
    output = SaliencyOutput(*logits, (x,))
    # They agree on the first row (both predict 1) and not on the second (0 and 1).
    rows = [((-1 - 0.5) ** 2 + (-1 / 3 + 1) ** 2) / 2, ((-1 + 0.5) ** 2 + (-1 / 3 - 1) ** 2) / 2]
    y, index = torch.tensor([1, 1]), torch.tensor([0, 1])
    assert value(ULELoss(), output, y, index) == pytest.approx(sum(rows) / 2)
    # By label, both maps are those of class 1.
    rows[1] = rows[0]
    assert value(ULELoss(**LABEL), output, y, index) == pytest.approx(sum(rows) / 2)


def test_the_raw_logit_is_another_score():
    output = twin_output()
    margin, logit = (
        value(ULELoss(saliency_score=score), twin_output()) for score in ("margin", "logit")
    )
    classes = [logits.argmax(dim=1) for logits in output[:2]]
    maps = [
        normalized(saliency(class_scores(z, c, "logit"), output.inputs, differentiable=False))
        for z, c in zip(output[:2], classes, strict=True)
    ]
    assert logit == pytest.approx((maps[0] + maps[1]).square().mean().item(), rel=1e-12)
    assert abs(margin - logit) > 1e-3


@pytest.mark.parametrize("form", ["input", "gram"])
def test_only_the_teacher_learns_from_the_comparison(form):
    twin = InputTwin(net(1), net(2))
    ULELoss(0.0, form=form).likeness(twin(X), Y, ROWS).backward()
    assert all(p.grad is None or not p.grad.any() for p in twin.other.parameters())
    assert any(p.grad is not None and p.grad.any() for p in twin.main.parameters())


@pytest.mark.parametrize("magnitude", ["decade", "ratio", "fixed", "none"])
@pytest.mark.parametrize("form", ["input", "gram"])
def test_the_loss_is_put_together_as_documented(form, magnitude):
    twin = InputTwin(net(1), net(2))
    objective = ULELoss(0.3, form=form, magnitude=magnitude)
    parameters = [*twin.main.parameters(), *twin.other.parameters()]
    actual = torch.autograd.grad(objective(twin(X), Y, Y, ROWS), parameters)
    output = twin(X)
    teacher, student = (cross_entropy(logits, Y) for logits in output[:2])
    likeness = objective.likeness(output, Y, ROWS)
    ratio = teacher.item() / likeness.item()
    decade = 10.0 ** (
        math.floor(math.log10(teacher.item())) - math.floor(math.log10(likeness.item()))
    )
    r = {"decade": decade, "ratio": ratio, "fixed": ratio, "none": 1}[magnitude]
    loss = student + 0.3 * teacher + 0.7 * r * likeness
    expected = torch.autograd.grad(loss, parameters)
    for one, other in zip(actual, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


def test_the_student_ignores_the_teacher():
    gradients = []
    for weight, main in ((0.0, 1), (0.5, 3), (1.0, 4)):
        twin = InputTwin(net(main), net(2))
        ULELoss(weight)(twin(X), Y, Y, ROWS).backward()
        gradients.append([p.grad for p in twin.other.parameters()])
    plain = net(2)
    cross_entropy(plain(X), Y).backward()
    for found in gradients:
        for ours, expected in zip(found, plain.parameters(), strict=True):
            torch.testing.assert_close(ours, expected.grad, rtol=0, atol=1e-12)


def test_plain_training_needs_no_inputs():
    logits = torch.randn(N_ROWS, 3, dtype=torch.float64)
    loss = ULELoss(1.0)(TwinOutput(logits, 2 * logits), Y, Y, ROWS)
    expected = cross_entropy(logits, Y) + cross_entropy(2 * logits, Y)
    torch.testing.assert_close(loss, expected)


# Pairs


def test_pairs_by_hand():
    teacher = torch.tensor([[1.0, 0.0], [1.0, 1.0]])  # products 1, 1, 1, 2
    student = torch.tensor([[0.0, 2.0], [1.0, -1.0]])  # products 4, -2, -2, 2
    y, rows = torch.tensor([0, 1]), torch.arange(2)
    squares = [(-1 - 0.5) ** 2, (0.5 - 0.5) ** 2, (0.5 - 0.5) ** 2, (-0.5 - 1) ** 2]
    output = TwinOutput(teacher, student)
    assert value(ULELoss(form="gram"), output, y, rows) == pytest.approx(sum(squares) / 4)


def test_products_of_pairs_forget_width_and_rotation():
    activations = torch.randn(N_ROWS, 3, dtype=torch.float64)
    wide = torch.cat([activations, torch.zeros(N_ROWS, 5, dtype=torch.float64)], dim=1)
    rotation = torch.linalg.qr(torch.randn(8, 8, dtype=torch.float64))[0]
    for other in (wide, wide @ rotation):
        torch.testing.assert_close(gram(other), gram(activations), rtol=0, atol=1e-10)
    student = torch.randn(N_ROWS, 3, dtype=torch.float64)
    likeness = [value(ULELoss(form="gram"), TwinOutput(a, student)) for a in (activations, wide)]
    assert likeness[0] == pytest.approx(likeness[1], rel=1e-12)


@given(st.integers(0, 1000))
def test_products_of_pairs_can_never_be_opposite(seed):
    generator = torch.Generator().manual_seed(seed)
    student, teacher = torch.randn(2, N_ROWS, 3, dtype=torch.float64, generator=generator)
    diagonal = normalized(gram(student)).view(N_ROWS, N_ROWS).diagonal()
    bound = diagonal.square().sum().item() / N_ROWS**2
    assert bound > 0
    for candidate in (teacher, -student, 1e-6 * teacher):
        output = TwinOutput(candidate, student)
        assert value(ULELoss(form="gram"), output) >= bound * (1 - 1e-12)


# Magnitude


@given(st.floats(1.01, 9.99), st.floats(1.01, 9.99), st.integers(-3, 3), st.integers(-2, 2))
def test_the_decade_rule(a, b, i, j):
    target, other = torch.tensor(a * 10.0**i), torch.tensor(b * 10.0**j)
    scale = matching_scale(target, other).item()
    assert scale == pytest.approx(10.0 ** (i - j), rel=1e-12)
    assert math.floor(math.log10(scale * other.item())) == i


def test_scales_by_hand():
    target, other = torch.tensor(0.03), torch.tensor(2.0)
    assert matching_scale(target, other).item() == pytest.approx(0.01, rel=1e-12)
    assert matching_scale(target, other, "ratio").item() == pytest.approx(0.015)
    for magnitude in ("decade", "ratio"):
        for pair in ((0.0, 2.0), (2.0, 0.0), (0.0, 0.0)):
            assert matching_scale(*map(torch.tensor, pair), magnitude).item() == 1
        assert matching_scale(torch.tensor(1e-9), torch.tensor(1e3), magnitude).item() == 1e-6
        assert matching_scale(torch.tensor(1e9), torch.tensor(1e-3), magnitude).item() == 1e6


def test_a_fixed_scale_is_that_of_the_first_batch():
    objective = ULELoss(0.5, magnitude="fixed")
    first = twin_output()
    objective(first, Y, Y, ROWS)
    ratio = cross_entropy(first.logits, Y).item() / value(objective, first)
    assert objective.first_scale.item() == pytest.approx(ratio)
    objective(twin_output(3, 4), Y, Y, ROWS)
    assert objective.first_scale.item() == pytest.approx(ratio)
    other = ULELoss(0.5, magnitude="fixed")
    other.load_state_dict(copy.deepcopy(objective.state_dict()))
    assert other(twin_output(5, 6), Y, Y, ROWS) == objective(twin_output(5, 6), Y, Y, ROWS)
    assert list(objective.parameters()) == []


# Weights


@pytest.mark.parametrize("form", ["input", "gram"])
def test_integer_weights_are_repetition(form):
    times = torch.tensor([2, 1, 3, 1, 1, 2, 1])
    repeated, twin = ROWS.repeat_interleave(times), InputTwin(net(1), net(2))
    weighted = ULELoss(0.4, form=form, sample_weight=times.double())
    one = weighted(twin(X), Y, Y, ROWS)
    y = Y[repeated]
    other = ULELoss(0.4, form=form)(twin(X[repeated]), y, y, torch.arange(len(y)))
    torch.testing.assert_close(one, other)
