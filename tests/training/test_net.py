from typing import NamedTuple

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, GradientNormClipping
from torch import nn
from torch.nn.functional import cross_entropy

from skgroup._data import as_rows
from skgroup.modules import Twin, Wrapper, mlp
from skgroup.objectives import MeanLoss
from skgroup.samplers import UniformSampler
from skgroup.training import Net, TrainingData, as_net, is_net, train
from skgroup.training import _net as net_file


@pytest.fixture
def problem():
    generator = torch.Generator().manual_seed(3)
    X = torch.randn(11, 4, generator=generator)
    y = torch.randint(3, (11,), generator=generator)
    return X, y


def make_net(**options):
    torch.manual_seed(0)
    options = {"objective": MeanLoss(), "optimizer": "sgd", "lr": 0.1, **options}
    return as_net(mlp(4, 3, [5]), 3, **options)


def as_data(X, y):
    return TrainingData(as_rows(X), y, torch.zeros_like(y), 1)


INDEX, LENGTHS = torch.tensor([3, 0, 7, 9, 1, 10, 2]), [3, 2, 2]


def test_one_epoch_equals_a_plain_loop(problem):
    X, y = problem
    net, by_hand = make_net(), make_net().module_
    logits = net.train_epoch(as_data(X, y), INDEX, LENGTHS)
    optimizer, outputs = torch.optim.SGD(by_hand.parameters(), lr=0.1, momentum=0.9), []
    for rows in INDEX.split(LENGTHS):
        outputs.append(by_hand(X[rows]))
        optimizer.zero_grad()
        cross_entropy(outputs[-1], y[rows]).backward()
        optimizer.step()
    torch.testing.assert_close(logits, torch.cat(outputs).detach(), rtol=0, atol=1e-6)
    for ours, theirs in zip(net.module_.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
    assert not logits.requires_grad


def test_the_objective_knows_which_rows_it_sees(problem):
    class Witness(nn.Module):
        def forward(self, output, y, groups, index):
            seen.append((y.tolist(), groups.tolist(), index.tolist()))
            return output.sum()

    X, y = problem
    seen, groups = [], torch.arange(11) % 4
    data = TrainingData(as_rows(X), y, groups, 4)
    make_net(objective=Witness()).train_epoch(data, INDEX, LENGTHS)
    expected = INDEX.split(LENGTHS)
    assert seen == [(y[rows].tolist(), groups[rows].tolist(), rows.tolist()) for rows in expected]


@pytest.mark.parametrize("n_rows", [1, 4, 5, 6])
def test_rows_moved_at_a_time_do_not_matter(problem, monkeypatch, n_rows):
    net, pieces = make_net(), make_net()
    logits = net.train_epoch(as_data(*problem), INDEX, LENGTHS)
    monkeypatch.setattr(net_file, "rows_per_block", lambda rows: n_rows)
    assert torch.equal(pieces.train_epoch(as_data(*problem), INDEX, LENGTHS), logits)
    for ours, theirs in zip(net.module_.parameters(), pieces.module_.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_dict_input(problem):
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.rest = nn.Linear(1, 3), nn.Linear(3, 3)

        def forward(self, rest, first):
            return self.first(first) + self.rest(rest)

    X, y = problem
    net = as_net(Two(), 3, objective=MeanLoss())
    # The first batch comes before any step, so that it is known from the initial weights.
    first, rest = X[:, :1], X[:, 1:]
    with torch.no_grad():
        expected = net.module_(rest[INDEX[:3]], first[INDEX[:3]])
    data = TrainingData(as_rows({"first": first, "rest": rest}), y, torch.zeros_like(y), 1)
    logits = net.train_epoch(data, INDEX, LENGTHS)
    assert logits.shape == (7, 3)
    torch.testing.assert_close(logits[:3], expected)


class Diary(Callback):
    def __init__(self):
        self.events = []

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        self.events.append(("begin", len(batch[1]), training))

    def on_grad_computed(self, net, named_parameters, training=None, **kwargs):
        gradients = {name: weights.grad is not None for name, weights in named_parameters}
        self.events.append(("gradient", sorted(gradients), all(gradients.values())))

    def on_batch_end(self, net, batch=None, training=None, loss=None, y_pred=None, **kwargs):
        self.events.append(("end", tuple(y_pred.shape), loss.requires_grad))


def test_callbacks_hear_of_every_batch(problem):
    diary = Diary()
    net = make_net(callbacks=[diary])
    net.history.new_epoch()
    logits = net.train_epoch(as_data(*problem), INDEX, LENGTHS)
    names = ["head.bias", "head.weight", "hidden_0.bias", "hidden_0.weight"]
    assert diary.events == [
        event
        for size in LENGTHS
        for event in [("begin", size, True), ("gradient", names, True), ("end", (size, 3), False)]
    ]
    first = cross_entropy(logits[:3], problem[1][INDEX[:3]]).item()
    losses = net.history[-1, "batches", :, "train_loss"]
    assert len(losses) == 3
    assert losses[0] == pytest.approx(first, abs=1e-6)


def test_without_callbacks_nothing_is_kept_per_batch(problem):
    net = make_net()
    net.history.new_epoch()
    net.train_epoch(as_data(*problem), INDEX, LENGTHS)
    assert list(net.history) == [{"batches": []}]


def test_gradients_can_be_clipped(problem):
    net = make_net(callbacks=[GradientNormClipping(1e-9)], optimizer="sgd", lr=1.0)
    net.history.new_epoch()
    before = [weights.clone() for weights in net.module_.parameters()]
    net.train_epoch(as_data(*problem), INDEX, LENGTHS)
    for weights, old in zip(net.module_.parameters(), before, strict=True):
        torch.testing.assert_close(weights.detach(), old, rtol=0, atol=1e-7)


def test_a_module_keeps_its_weights_and_is_not_copied():
    module = mlp(4, 3)
    before = module.head.weight.clone()
    net = as_net(module, 3)
    assert net.module_ is module
    assert torch.equal(module.head.weight, before)


def test_a_net_predicts_by_itself(problem):
    X = problem[0]
    net = make_net()
    with torch.no_grad():
        expected = torch.softmax(net.module_.eval()(X), dim=1).numpy()
    np.testing.assert_allclose(net.predict_proba(X.numpy()), expected, atol=1e-6)
    np.testing.assert_array_equal(net.predict(X.numpy()), expected.argmax(axis=1))
    assert net.classes_.tolist() == [0, 1, 2]


def test_only_the_user_s_callbacks_are_there():
    diary = Diary()
    assert make_net().callbacks_ == []
    assert [callback for _, callback in make_net(callbacks=[diary]).callbacks_] == [diary]


def test_what_a_net_is():
    assert is_net(make_net())
    assert is_net(Net(mlp(4, 3)))
    assert not is_net(mlp(4, 3))


class BothLosses(nn.Module):
    def forward(self, output, y, groups, index):
        return cross_entropy(output.logits, y) + cross_entropy(output.other, y)


def test_the_main_network_of_two_trains_as_it_would_alone(problem):
    X, y = problem
    alone = make_net()
    torch.manual_seed(0)
    options = {"objective": BothLosses(), "optimizer": "sgd", "lr": 0.1}
    both = as_net(Twin(mlp(4, 3, [5]), mlp(4, 3)), 3, **options)
    logits = [net.train_epoch(as_data(X, y), INDEX, LENGTHS) for net in (alone, both)]
    assert torch.equal(*logits)
    both.history.new_epoch()
    net = both.unwrapped()
    assert net.history is both.history
    assert net.module_ is both.module_.main
    np.testing.assert_array_equal(net.predict_proba(X.numpy()), alone.predict_proba(X.numpy()))
    assert alone.unwrapped() is alone


class Halves(Wrapper):
    """Adds the first half of a batch to the second: outputs that belong to no row."""

    class Output(NamedTuple):
        logits: None
        sums: torch.Tensor

    def forward(self, x):
        return self.Output(None, self.main(sum(x.chunk(2)))) if self.training else self.main(x)


class SumLoss(nn.Module):
    def forward(self, output, y, groups, index):
        return cross_entropy(output.sums, y.chunk(2)[0])


def test_mixed_rows_have_no_logits_and_the_history_is_about_the_rows_themselves(problem):
    X, y = problem
    net = as_net(Halves(mlp(4, 3)), 3, objective=SumLoss())
    assert net.train_epoch(as_data(X, y), INDEX[:6], [4, 2]) is None
    sampler = UniformSampler(10, 2, seed=0)
    trained = train(Halves(mlp(4, 3)), SumLoss(), as_data(X[:10], y[:10]), sampler=sampler,
                    n_classes=3, max_epochs=1)  # fmt: skip
    loss = cross_entropy(trained.module_.main(X[:10]), y[:10]).item()
    assert trained.history[0, "train_loss"] == pytest.approx(loss)
