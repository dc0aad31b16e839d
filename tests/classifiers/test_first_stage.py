import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from skgroup import ERMClassifier, JTTClassifier, SPAREClassifier
from skgroup.classifiers._first_stage import logits_of, over_rows_of_X, train_first_stage
from skgroup.classifiers._task import Sample, Seeds, make_task
from skgroup.training import as_net

SEEDS = Seeds(1, 2, 3, 4, 5, 6, 7, 8)


@pytest.fixture
def task_of(blobs):
    """A classifier and its task on the blobs, rows of some kinds left out."""

    def make(*, weight=None, **parameters):
        clf = ERMClassifier(hidden_layer_sizes=(4,), batch_size=32, random_state=0, **parameters)
        clf.classes_ = np.array([0, 1])
        sample = Sample.create(blobs.X, blobs.y, clf.classes_, None, weight)
        return clf, make_task(clf, sample, None, SEEDS)

    return make


def weights_of(net):
    return torch.cat([p.detach().flatten() for p in net.module_.parameters()])


def test_it_is_plain_training_with_the_other_seeds(task_of):
    clf, task = task_of(early_stopping=True)
    net = train_first_stage(clf, task, 2)
    assert len(net.history) == 2
    assert "valid_score" not in net.history[0]
    other = clf._fit(task.first_stage())  # ERM on the same rows, for max_epochs
    assert not torch.equal(weights_of(net), weights_of(other))
    same = clf.set_params(max_epochs=2)._fit(task.first_stage())
    assert torch.equal(weights_of(net), weights_of(same))
    assert not torch.equal(weights_of(net), weights_of(clf._fit(task)))


def test_no_epochs_leave_the_initial_network(task_of):
    clf, task = task_of()
    net = train_first_stage(clf, task, 0)
    assert len(net.history) == 0
    initial = as_net(clf._build(task.first_stage()), 2)
    assert torch.equal(weights_of(net), weights_of(initial))


def test_a_fraction_of_an_epoch_takes_some_of_the_batches(task_of):
    clf, task = task_of()
    half, none, one = (weights_of(train_first_stage(clf, task, epochs)) for epochs in (0.5, 0, 1))
    assert not torch.equal(half, none)
    assert not torch.equal(half, one)


def test_outputs_are_those_of_a_pass_without_noise(task_of, blobs):
    clf, task = task_of(
        module=lambda d, k: torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(d, k))
    )
    net = train_first_stage(clf, task, 1)
    net.module_.train()
    expected = blobs.X @ net.module_[1].weight.detach().numpy().T + net.module_[1].bias.tolist()
    np.testing.assert_allclose(logits_of(net, task), expected, atol=1e-5)


def test_outputs_that_are_not_finite_are_an_error(task_of):
    clf, task = task_of(lr=0.5)
    net = train_first_stage(clf, task, 1)
    with torch.no_grad():
        net.module_.head.weight.fill_(float("inf"))
    with pytest.raises(FloatingPointError, match=r"diverged in epoch 1, .*lower `lr` \(now 0.5"):
        logits_of(net, task)


class Stop(Callback):
    def __init__(self, error):
        self.error = error

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 3:
            raise self.error


@pytest.mark.parametrize("method", [JTTClassifier, SPAREClassifier])
def test_a_fit_that_was_killed_in_the_first_training_goes_on(method, blobs, tmp_path):
    settings = {"identification_epochs": 4, "hidden_layer_sizes": (4,), "max_epochs": 2}
    settings |= {"random_state": 0}
    straight = method(**settings).fit(blobs.X, blobs.y)
    killed = method(**settings, checkpoint_dir=tmp_path, callbacks=[Stop(MemoryError)])
    with pytest.raises(MemoryError):
        killed.fit(blobs.X, blobs.y)
    assert [path.name.split("-")[0] for path in tmp_path.iterdir()] == ["identification"]
    resumed = killed.set_params(callbacks=None).fit(blobs.X, blobs.y)
    np.testing.assert_array_equal(resumed.predict_proba(blobs.X), straight.predict_proba(blobs.X))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", [JTTClassifier, SPAREClassifier])
def test_ctrl_c_in_the_first_training_keeps_its_network(method, blobs):
    settings = {"identification_epochs": 4, "hidden_layer_sizes": (4,), "random_state": 0}
    clf = method(**settings, callbacks=[Stop(KeyboardInterrupt)])
    with pytest.raises(KeyboardInterrupt):
        clf.fit(blobs.X, blobs.y)
    assert len(clf.history_["train_loss"]) == 2
    assert clf.predict(blobs.X).shape == (120,)
    two = method(**(settings | {"identification_epochs": 2}), max_epochs=1).fit(blobs.X, blobs.y)
    assert torch.equal(weights_of(clf.net_), weights_of(two.identification_net_))


def test_values_of_training_rows_take_their_places_in_X(task_of):
    _, everything = task_of()
    values = np.arange(120)
    np.testing.assert_array_equal(over_rows_of_X(everything, values, -1), values)
    _, some = task_of(weight=(values % 3).astype(float), early_stopping=True)
    rows = some.data.rows.index.numpy()
    assert 0 < len(rows) < 80
    spread = over_rows_of_X(some, rows, -1)
    np.testing.assert_array_equal(spread[rows], rows)
    assert (np.delete(spread, rows) == -1).all()
    assert over_rows_of_X(some, rows > 50, False).dtype == bool
