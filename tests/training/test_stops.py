import math
import pickle

import pytest
import torch

from skgroup._data import as_rows
from skgroup.modules import mlp
from skgroup.objectives import MeanLoss
from skgroup.samplers import UniformSampler
from skgroup.training import Diverged, Interrupted, TrainingData, Validation, train
from skgroup.training._stops import divergence, divergence_after

N, BATCH = 30, 4  # 8 batches
torch.manual_seed(0)
X, Y, GROUPS = torch.randn(N, 3), torch.arange(N) % 2, torch.arange(N) % 3
NAMES = ["a", "b", "c"]


def data_of(X=X, labels=NAMES):
    return TrainingData(as_rows(X), Y, GROUPS, 3, labels)


DATA = data_of()


class FailAt(MeanLoss):
    """The mean loss, and at one call a number that is none."""

    def __init__(self, call, value=math.nan):
        super().__init__()
        self.call, self.value, self.n_calls = call, value, 0

    def forward(self, *args):
        self.n_calls += 1
        return super().forward(*args) * (self.value if self.n_calls == self.call else 1)


def fit(objective=None, data=DATA, **options):
    torch.manual_seed(1)
    options = {"max_epochs": 5, "lr": 0.1, **options}
    sampler = UniformSampler(N, BATCH, 0)
    return train(mlp(3, 2), objective or MeanLoss(), data, sampler=sampler, n_classes=2, **options)


def weights(net):
    return torch.cat([values.flatten() for values in net.module_.state_dict().values()])


def diverged(text, *args, **options):
    with pytest.raises(Diverged, match=text) as caught:
        fit(*args, **options)
    assert not caught.value.net.module_.training
    return caught.value.net


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize(("call", "epoch", "batch"), [(1, 1, 1), (8, 1, 8), (9, 2, 1), (29, 4, 5)])
def test_the_epoch_and_the_batch_are_named_and_the_epoch_before_is_kept(call, epoch, batch, value):
    text = rf"in epoch {epoch}, batch {batch}, group '\w': its loss is {value:g}\. Lower `lr` \(now"
    net = diverged(text, FailAt(call, value))
    assert len(net.history) == epoch - 1
    assert torch.equal(weights(net), weights(fit(max_epochs=epoch - 1)))


@pytest.mark.parametrize(("labels", "name"), [(NAMES, "'b'"), (None, "1")])
def test_the_group_of_a_row_without_a_loss_is_named(labels, name):
    row = 13  # in group 13 % 3
    values = X.clone()
    values[row] = math.nan
    place = UniformSampler(N, BATCH, 0).epoch().tolist().index(row)
    text = f"in epoch 1, batch {place // BATCH + 1}, group {name}: its loss is nan"
    diverged(text, data=data_of(values, labels))


def test_with_validation_the_best_epoch_is_kept():
    scores = iter([0.1, 0.9, 0.5, 0.4])
    validation = Validation(DATA, lambda *codes: next(scores))
    net = diverged("in epoch 5, batch 1,", FailAt(33), validation=validation)
    assert len(net.history) == 4
    assert torch.equal(weights(net), weights(fit(max_epochs=2)))


def test_a_long_training_stops_at_the_end_of_a_block_and_not_of_the_epoch(monkeypatch):
    monkeypatch.setattr("skgroup.training._net.rows_per_block", lambda rows: 2 * BATCH)
    objective = FailAt(3)
    diverged("in epoch 1, batch 3,", objective)
    assert objective.n_calls == 4


def says(logits, groups, *, y=(0, 0, 0, 0), labels=None):
    rows = torch.arange(4)
    known = TrainingData(as_rows(X[:4]), torch.tensor(y), torch.tensor(groups), 9, labels)
    net = fit(max_epochs=1)
    return str(divergence(net, known, 0, rows, logits and torch.tensor(logits), math.nan))


def test_groups_by_hand():
    right, wrong, bad = [9.0, 0.0], [0.0, 9.0], [math.nan, 0.0]
    assert "group 5:" in says([right, wrong, right, right], [2, 5, 2, 2])
    assert "group 2:" in says([right, wrong, bad, right], [0, 5, 2, 0])
    assert "groups 2, 5:" in says([bad, right, bad, right], [5, 1, 2, 1])
    assert "groups 0, 1, 2:" in says(None, [2, 1, 0, 1])


def test_of_many_groups_five_are_named():
    rows, groups = torch.arange(8), torch.arange(8)
    known = TrainingData(as_rows(X[:8]), Y[:8], groups, 8)
    text = str(divergence(fit(max_epochs=1), known, 0, rows, None, math.nan))
    assert "groups 0, 1, 2, 3, 4, 3 more:" in text


def test_the_first_batch_with_a_bad_row_is_blamed_else_the_last():
    net, index, known = fit(max_epochs=1), torch.arange(5).flip(0), DATA
    logits = torch.zeros(5, 2)
    blame = lambda: str(divergence_after(net, known, index, logits, [2, 2, 1], 0.5))  # noqa: E731
    assert "batch 3, group 'a': its loss is 0.5" in blame()  # row 0
    logits[3] = math.nan  # row 1
    assert "batch 2, group 'b'" in blame()


@pytest.mark.parametrize("make", [lambda net: Interrupted(net), lambda net: Diverged("a text")])
def test_workers_can_send_them(make):
    error = make("a net")
    error.net = "a net"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.net) == (type(error), str(error), "a net")
