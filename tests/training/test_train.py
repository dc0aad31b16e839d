import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from skgroup._data import as_rows
from skgroup.modules import mlp
from skgroup.objectives import GroupDROLoss, MeanLoss
from skgroup.samplers import BalancedSampler, UniformSampler
from skgroup.training import TrainingData, Validation, train

N, BATCH = 53, 8


def draw(n=N, seed=0):
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n, 4, generator=generator)
    y = (X[:, 0] + torch.randn(n, generator=generator) > 0).long()
    groups = (torch.rand(n, generator=generator) < 0.2).long() + 2 * y
    return X, y, groups


X, Y, GROUPS = draw()
DATA = TrainingData(as_rows(X), Y, GROUPS, 4)


def network(*, noisy=False, seed=1):
    """A small network; a noisy one draws numbers and has statistics."""
    torch.manual_seed(seed)
    if not noisy:
        return mlp(4, 2, [6])
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.3), nn.Linear(6, 2))


def fit(module=None, objective=None, **options):
    module, objective = module or network(), objective or MeanLoss()
    options = {"sampler": UniformSampler(N, BATCH, 5), "max_epochs": 3, **options}
    data = options.pop("data", DATA)
    return train(module, objective, data, n_classes=2, **options)


def weights(module):
    return torch.cat([values.flatten() for values in module.state_dict().values()]).clone()


UNFUSED = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=0.01),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.01),
}


@pytest.mark.parametrize("optimizer", sorted(UNFUSED))
def test_erm_equals_a_plain_loop(optimizer):
    path = []
    fit(
        optimizer=optimizer, lr=0.01, weight_decay=0.01,
        after_epoch=lambda module: path.append(weights(module)),
    )  # fmt: skip
    module, sampler = network(), UniformSampler(N, BATCH, 5)
    step = UNFUSED[optimizer](module.parameters())
    for epoch in range(3):
        for rows in sampler.epoch().split(sampler.lengths):
            step.zero_grad()
            cross_entropy(module(X[rows]), Y[rows]).backward()
            step.step()
        torch.testing.assert_close(path[epoch], weights(module), rtol=0, atol=1e-6)


@pytest.mark.parametrize("normalize", [False, True])
def test_group_dro_equals_a_plain_loop(normalize):
    path, sizes = [], np.bincount(GROUPS)
    objective = GroupDROLoss(
        torch.tensor(sizes), step_size=0.3, adjustment=0.5, normalize_losses=normalize
    )
    net = fit(
        objective=objective, sampler=BalancedSampler(GROUPS, BATCH, 5), optimizer="sgd", lr=0.05,
        after_epoch=lambda module: path.append(weights(module)),
    )  # fmt: skip
    module, sampler, q = network(), BalancedSampler(GROUPS, BATCH, 5), np.full(4, 0.25)
    step, sequence = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9), []
    for epoch in range(3):
        for rows in sampler.epoch().split(sampler.lengths):
            losses = cross_entropy(module(X[rows]), Y[rows], reduction="none")
            present = [g for g in range(4) if (GROUPS[rows] == g).any()]
            means = {g: losses[GROUPS[rows] == g].mean() for g in present}
            raised = np.zeros(4)
            raised[present] = [means[g].item() + 0.5 / math.sqrt(sizes[g]) for g in present]
            if normalize:
                raised /= raised.sum()
            q = q * np.exp(0.3 * raised)
            q = q / q.sum()
            step.zero_grad()
            sum(q[g] * means[g] for g in present).backward()
            step.step()
        sequence.append(q)
        torch.testing.assert_close(path[epoch], weights(module), rtol=0, atol=1e-6)
    np.testing.assert_allclose(net.history[:, "group_weights"], sequence, rtol=0, atol=1e-6)


class Counted(MeanLoss):
    n_steps = 0

    def forward(self, *args):
        Counted.n_steps += 1
        return super().forward(*args)


@pytest.mark.parametrize(
    ("max_epochs", "n_batches", "n_steps"),
    [
        (1, 10, 10),
        (0.25, 10, 3),
        (1.5, 4, 6),
        (1.1, 10, 11),  # in binary, 1.1 - 1 is more than .1
        (2.3, 10, 23),
        (1e-12, 10, 1),
        (0.5, 1, 1),
        (1.5, 1, 2),
    ],
)
def test_epochs_are_cut_at_a_batch(max_epochs, n_batches, n_steps):
    Counted.n_steps = 0
    sampler = UniformSampler(40, 40 // n_batches, 0)
    data = TrainingData(as_rows(X[:40]), Y[:40], GROUPS[:40], 4)
    net = fit(objective=Counted(), data=data, sampler=sampler, max_epochs=max_epochs)
    assert len(sampler.lengths) == n_batches
    assert Counted.n_steps == n_steps
    assert len(net.history) == math.ceil(max_epochs)


def test_half_an_epoch_is_the_first_half_of_one():
    path = []
    fit(
        optimizer="sgd", max_epochs=4 / 7, sampler=UniformSampler(N, BATCH, 5),
        after_epoch=lambda module: path.append(weights(module)),
    )  # fmt: skip
    module, sampler = network(), UniformSampler(N, BATCH, 5)
    step = torch.optim.SGD(module.parameters(), lr=1e-3, momentum=0.9)
    for rows in sampler.epoch().split(sampler.lengths)[:4]:
        step.zero_grad()
        cross_entropy(module(X[rows]), Y[rows]).backward()
        step.step()
    torch.testing.assert_close(path[0], weights(module), rtol=0, atol=1e-6)


def tiny():
    """One feature, two classes, no bias, weights of 0: the first step is known in closed form."""
    module = nn.Linear(1, 2, bias=False)
    nn.init.zeros_(module.weight)
    y, groups = torch.tensor([0, 0, 1]), torch.tensor([0, 2, 2])
    return module, TrainingData(as_rows(torch.tensor([[1.0], [1.0], [-1.0]])), y, groups, 4)


def test_history_by_hand():
    module, data = tiny()
    held_out = TrainingData(
        as_rows(torch.tensor([[2.0], [-2.0]])), torch.tensor([0, 0]), torch.tensor([3, 0]), 4
    )
    net = train(
        module, MeanLoss(), data, sampler=UniformSampler(3, 3, 0), n_classes=2, optimizer="sgd",
        lr=1.0, max_epochs=2, validation=Validation(held_out, "worst_group"),
    )  # fmt: skip
    # The gradient is the mean of (softmax - one-hot) x = (-1/2, 1/2); so W = (1/2, -1/2).
    first, second = net.history
    ln2, later = math.log(2), math.log1p(math.exp(-1))
    nan, approx = math.nan, pytest.approx
    assert first["epoch"] == 1
    assert first["train_loss"] == approx(ln2)
    assert first["train_accuracy"] == approx(2 / 3)  # ties of the logits go to class 0
    assert first["group_loss"] == approx([ln2, nan, ln2, nan], nan_ok=True)
    assert first["group_accuracy"] == approx([1, nan, 1 / 2, nan], nan_ok=True)
    assert second["train_loss"] == approx(later)
    assert second["group_accuracy"] == approx([1, nan, 1, nan], nan_ok=True)
    # After the first step, +2 is class 0 (right) and -2 class 1 (wrong).
    assert (first["valid_score"], first["valid_accuracy"]) == (0, 1 / 2)
    assert first["valid_group_accuracy"] == approx([0, nan, nan, 1], nan_ok=True)
    assert first["valid_best"] is True
    assert "group_weights" not in first


def test_group_weights_by_hand():
    module, data = tiny()
    objective = GroupDROLoss(torch.tensor([1, 1, 2, 1]), step_size=1.0)
    net = train(module, objective, data, sampler=UniformSampler(3, 3, 0), n_classes=2, max_epochs=1)
    # Groups 0 and 2 have loss ln 2, which doubles their weight of 1/4; the others are absent.
    assert net.history[0, "group_weights"] == pytest.approx([1 / 3, 1 / 6, 1 / 3, 1 / 6])


def test_an_empty_corner_of_the_data_is_not_looked_at():
    module, data = tiny()
    poisoned = TrainingData(as_rows(torch.tensor([[1.0], [math.nan], [-1.0]])), data.y, data.y, 2)

    class Others(UniformSampler):
        def epoch(self):
            return torch.tensor([0, 2])

    net = train(
        module, MeanLoss(), poisoned, sampler=Others(2, 2, 0), n_classes=2, lr=1.0, max_epochs=1
    )
    assert net.history[0, "group_accuracy"] == [1, 0]


class Scripted:
    """A criterion that returns given numbers, one an epoch."""

    def __init__(self, scores):
        self.scores = iter(scores)

    def __call__(self, y_true, y_pred, groups):
        return next(self.scores)


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize(
    ("scores", "patience", "best", "n_epochs"),
    [
        ([0.1, 0.5, 0.3, 0.2, 0.9], 2, 2, 4),
        ([0.1, 0.5, 0.3, 0.2, 0.9], 3, 5, 5),
        ([0.9, 0.5], 1, 1, 2),
        ([0.1, 0.2, 0.3, 0.4, 0.5], 1, 5, 5),
    ],
)
def test_the_best_epoch_is_kept(scores, patience, best, n_epochs, noisy):
    path, validation = [], Validation(DATA, Scripted(scores))
    net = fit(
        network(noisy=noisy), validation=validation, patience=patience, max_epochs=5,
        after_epoch=lambda module: path.append(weights(module)),
    )  # fmt: skip
    assert len(path) == len(net.history) == n_epochs
    assert net.history[:, "valid_score"] == scores[:n_epochs]
    assert torch.equal(weights(net.module_), path[best - 1])


def test_ties_go_to_the_better_accuracy_and_then_to_the_first():
    path = []
    net = fit(
        validation=Validation(DATA, lambda *codes: 0.5), max_epochs=12, patience=12, lr=0.02,
        after_epoch=lambda module: path.append(weights(module)),
    )  # fmt: skip
    best = int(np.argmax(net.history[:, "valid_accuracy"]))  # argmax takes the first of equals
    assert torch.equal(weights(net.module_), path[best])


@pytest.mark.parametrize("options", [{}, {"validation": Validation(DATA, "accuracy")}])
@pytest.mark.parametrize("noisy", [False, True])
def test_the_net_comes_back_in_eval_mode(options, noisy):
    net = fit(network(noisy=noisy), **options)
    assert not any(part.training for part in net.module_.modules())


def test_the_module_is_trained_in_place():
    module = network()
    assert fit(module).module_ is module


@pytest.mark.parametrize(
    ("lr", "text"),
    [
        (1e30, r"epoch 2, batch 1, groups? .*: its loss is nan\. Lower `lr` \(now 1e\+30\)"),
        # the step overflows
        (1e39, r"epoch 1, batch 1, group \d: its loss is 0\.\d+\. Lower `lr` \(now 1e\+39\)"),
    ],
)
def test_divergence_is_an_error(lr, text):
    one_batch = UniformSampler(N, N, 0)
    with pytest.raises(FloatingPointError, match=text):
        fit(optimizer="sgd", lr=lr, sampler=one_batch, max_epochs=5)


def test_a_network_that_returns_nan_is_an_error():
    class Broken(nn.Linear):
        def forward(self, x):
            return super().forward(x) * math.nan

    with pytest.raises(
        FloatingPointError, match=r"epoch 1, batch 1, .*: its loss is nan.*now 0\.5"
    ):
        fit(Broken(4, 2), lr=0.5)


@pytest.mark.parametrize("objective", [MeanLoss, lambda: GroupDROLoss(GROUPS.bincount())])
def test_a_compiled_network_trains_like_its_original(objective):
    plain, original = network(), network()
    compiled = torch.compile(original, backend="eager")
    fit(plain, objective())
    assert fit(compiled, objective()).module_ is compiled
    assert torch.equal(weights(original), weights(plain))
