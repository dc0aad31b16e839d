"""What goes on around the epochs: callbacks, Ctrl-C, the progress bar."""

import math

import pytest
import torch
from skorch.callbacks import (
    BatchScoring,
    Callback,
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    LRScheduler,
    PassthroughScoring,
    PrintLog,
    ProgressBar,
)
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import StepLR

from skgroup._data import as_rows
from skgroup.modules import mlp
from skgroup.objectives import MeanLoss
from skgroup.samplers import UniformSampler
from skgroup.training import Interrupted, TrainingData, Validation, train

N = 20
torch.manual_seed(0)
X, Y = torch.randn(N, 3), torch.arange(N) % 2
DATA = TrainingData(as_rows(X), Y, Y, 2)


def fit(**options):
    torch.manual_seed(1)
    options = {"max_epochs": 4, "optimizer": "sgd", "lr": 0.1, **options}
    return train(
        mlp(3, 2), MeanLoss(), DATA, sampler=UniformSampler(N, 5, 0), n_classes=2, **options
    )


class Diary(Callback):
    def __init__(self):
        self.events = []

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.events.append(("train begins", len(X), len(y)))

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self.events.append(("epoch begins", len(dataset_train), dataset_valid))

    def on_epoch_end(self, net, **kwargs):
        row = net.history[-1]
        self.events.append(("epoch ends", row["epoch"], math.isfinite(row["train_loss"])))

    def on_train_end(self, net, **kwargs):
        self.events.append(("train ends", len(net.history)))


def test_order_of_events():
    diary = Diary()
    fit(callbacks=[diary], max_epochs=2)
    assert diary.events == [
        ("train begins", N, N),
        ("epoch begins", N, None),
        ("epoch ends", 1, True),
        ("epoch begins", N, None),
        ("epoch ends", 2, True),
        ("train ends", 2),
    ]


def test_callbacks_change_nothing_by_being_there():
    plain, watched = fit(), fit(callbacks=[Diary(), EpochTimer()])
    assert torch.equal(plain.module_.head.weight, watched.module_.head.weight)
    assert plain.history[:, "train_loss"] == watched.history[:, "train_loss"]


def test_skorch_early_stopping_ends_the_training_quietly():
    # No loss falls by 100 %, so that the epochs after the first are misses.
    stop = EarlyStopping("train_loss", patience=2, threshold=1.0, sink=lambda text: None)
    net = fit(callbacks=[stop], max_epochs=9)
    assert len(net.history) == 3


def test_skorch_learning_rate_scheduler():
    path = []
    net = fit(
        callbacks=[LRScheduler(StepLR, step_size=2, gamma=0.1)],
        after_epoch=lambda module: path.append(module.head.weight.clone()),
    )
    torch.manual_seed(1)
    module, sampler = mlp(3, 2), UniformSampler(N, 5, 0)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    for epoch in range(4):
        optimizer.param_groups[0]["lr"] = [0.1, 0.1, 0.01, 0.01][epoch]
        for rows in sampler.epoch().split(5):
            optimizer.zero_grad()
            cross_entropy(module(X[rows]), Y[rows]).backward()
            optimizer.step()
        torch.testing.assert_close(path[epoch], module.head.weight, rtol=0, atol=1e-6)
    assert net.history[:, "event_lr"] == pytest.approx([0.1, 0.1, 0.01, 0.01])


def test_skorch_print_log():
    lines = []
    fit(callbacks=[EpochTimer(), PrintLog(sink=lines.append)], max_epochs=2)
    assert len(lines) == 4  # names, a rule, one line an epoch
    assert "train_loss" in lines[0]


def test_skorch_progress_bar(capsys):
    fit(callbacks=[ProgressBar()], max_epochs=2)
    assert "0/4" in capsys.readouterr().err


@pytest.mark.parametrize("score", [BatchScoring, EpochScoring])
def test_skorch_scoring(score):
    """Of the outputs before each step, like the training record."""
    net = fit(callbacks=[score("accuracy", name="seen", on_train=True, lower_is_better=False)])
    assert net.history[:, "seen"] == pytest.approx(net.history[:, "train_accuracy"])


def test_skorch_averages_over_batches():
    net = fit(callbacks=[PassthroughScoring("train_loss", on_train=True)])
    assert net.history[:, "train_loss"] == pytest.approx(fit().history[:, "train_loss"])


@pytest.mark.parametrize("wrong", [3, ("name", "callback"), dict])
def test_what_is_no_callback_is_told_before_the_training(wrong):
    with pytest.raises(TypeError, match=r"must hold skorch callbacks, got .*skorch\.callbacks\."):
        fit(callbacks=[Diary(), wrong])


def test_callbacks_may_be_classes_and_have_names():
    net = fit(callbacks=[EpochTimer, ("clock", EpochTimer())])
    assert len(net.history[:, "dur"]) == 4


class CtrlC(Callback):
    def __init__(self, epoch, batch, error=KeyboardInterrupt):
        self.epoch, self.batch, self.error = epoch, batch, error

    def on_batch_end(self, net, **kwargs):
        row = net.history[-1]
        if row["epoch"] == self.epoch and len(row["batches"]) == self.batch:
            raise self.error


@pytest.mark.parametrize(("epoch", "batch"), [(1, 1), (1, 4), (3, 2)])
def test_ctrl_c_keeps_the_net(epoch, batch):
    whole = fit(max_epochs=epoch - 1) if epoch > 1 else None
    with pytest.raises(KeyboardInterrupt) as caught:
        fit(callbacks=[CtrlC(epoch, batch)])
    assert type(caught.value) is Interrupted
    assert str(caught.value) == "training was interrupted"
    net = caught.value.net
    assert not net.module_.training
    # Epochs that were not finished leave no half-filled record, but the steps taken stay.
    losses = whole.history[:, "train_loss"] if whole else []
    assert [row["train_loss"] for row in net.history] == losses
    steps = (epoch - 1) + batch / 4
    assert torch.equal(net.module_.head.weight, fit(max_epochs=steps).module_.head.weight)


def test_ctrl_c_before_the_first_epoch():
    class AtOnce(Callback):
        def on_train_begin(self, net, **kwargs):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        fit(callbacks=[AtOnce()])
    assert len(caught.value.net.history) == 0


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError):
        fit(callbacks=[CtrlC(2, 1, error=ZeroDivisionError)])


def test_silent_by_default(capsys):
    fit()
    assert capsys.readouterr() == ("", "")


def test_the_progress_bar_goes_to_stderr(capsys):
    zeros = torch.zeros_like(Y)  # one group only, so that the other has no accuracy
    held_out = TrainingData(as_rows(X), zeros, zeros, 2)
    net = fit(verbose=1, validation=Validation(held_out, "worst_group"), patience=9)
    out, err = capsys.readouterr()
    assert out == ""
    last = err.rstrip().split("\r")[-1]
    row = net.history[-1]
    assert "4/4" in last
    assert f"loss={row['train_loss']:.3f}" in last
    assert f"average={row['valid_accuracy']:.3f}" in last
    assert f"worst group={row['valid_group_accuracy'][0]:.3f}" in last
    assert math.isnan(row["valid_group_accuracy"][1])
    assert row["valid_accuracy"] != row["train_accuracy"]
    assert row["valid_group_accuracy"][0] != min(row["group_accuracy"])


def test_the_progress_bar_without_validation(capsys):
    row = fit(verbose=1).history[-1]
    last = capsys.readouterr().err.rstrip().split("\r")[-1]
    assert f"average={row['train_accuracy']:.3f}" in last
    assert f"worst group={min(row['group_accuracy']):.3f}" in last
