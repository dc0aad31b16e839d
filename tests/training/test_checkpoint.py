import errno
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn
from torch.utils.data import TensorDataset

from skgroup._data import as_rows
from skgroup.exceptions import CheckpointError
from skgroup.objectives import GroupDROLoss, MeanLoss
from skgroup.samplers import BalancedSampler, UniformSampler
from skgroup.training import Interrupted, TrainingData, Validation, train
from skgroup.training._checkpoint import Checkpoint, fingerprint

N = 24
torch.manual_seed(0)
X, Y, GROUPS = torch.randn(N, 3), torch.arange(N) % 2, torch.arange(N) % 3
HELD_OUT = TrainingData(as_rows(torch.randn(N, 3)), Y, GROUPS, 3)


def settings():
    """A fit with everything that has a state: batch norm, dropout, Adam, queues, q, patience."""
    torch.manual_seed(1)
    return {
        "module": nn.Sequential(
            nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.4), nn.Linear(8, 2)
        ),
        "objective": GroupDROLoss(torch.bincount(GROUPS), step_size=0.1),
        "data": TrainingData(as_rows(X), Y, GROUPS, 3),
        "sampler": BalancedSampler(GROUPS, 5, seed=2),
        "validation": Validation(HELD_OUT, "worst_group"),
        "max_epochs": 7.5,
        "patience": 4,
        "lr": 0.05,
        "seed": 3,
    }


def fit(folder=None, **options):
    options = settings() | {"checkpoint_dir": folder} | options
    parts = [options.pop(name) for name in ("module", "objective", "data")]
    return train(*parts, n_classes=2, **options)


def same(net, other):
    """Whether weights, q and history are equal, to the last bit."""
    states = [
        {**n.module_.state_dict(), **{f"criterion.{k}": v for k, v in c.items()}}
        for n, c in [(net, net.criterion_.state_dict()), (other, other.criterion_.state_dict())]
    ]
    equal = [torch.equal(v, states[1][k]) for k, v in states[0].items()]
    return all(equal) and np.array_equal(str(list(net.history)), str(list(other.history)))


class Stop(Callback):
    def __init__(self, epoch, error):
        self.epoch, self.error = epoch, error

    def on_batch_end(self, net, **kwargs):
        if net.history[-1, "epoch"] == self.epoch and len(net.history[-1, "batches"]) == 2:
            raise self.error


def interrupted(folder, *, epoch=4, error=KeyboardInterrupt, **options):
    expected = Interrupted if error is KeyboardInterrupt else error
    with pytest.raises(expected):
        fit(folder, callbacks=[Stop(epoch, error)], **options)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("epoch", [1, 2, 4, 6])
def test_a_killed_fit_goes_on_bit_for_bit(tmp_path, epoch, error):
    uninterrupted = fit()
    interrupted(tmp_path, epoch=epoch, error=error)
    assert len(list(tmp_path.iterdir())) == (epoch > 1)
    steps = []
    resumed = fit(tmp_path, after_epoch=lambda module: steps.append(1))
    assert same(resumed, uninterrupted)
    assert len(steps) == len(uninterrupted.history) - (epoch - 1)
    assert list(tmp_path.iterdir()) == []


def test_a_fit_may_be_killed_more_than_once(tmp_path):
    for epoch in (2, 3, 5):
        interrupted(tmp_path, epoch=epoch)
    assert same(fit(tmp_path), fit())


def test_one_killed_after_its_last_epoch_is_only_finished(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "remove", lambda self: None)
        stopped_early = fit(tmp_path, patience=1)
    assert 1 < len(stopped_early.history) < 8
    assert len(list(tmp_path.iterdir())) == 1
    steps = []
    again = fit(tmp_path, patience=1, after_epoch=lambda module: steps.append(1))
    assert steps == []
    assert same(again, stopped_early)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        {"sampler": UniformSampler(N, 5, 2), "objective": MeanLoss(), "validation": None},
        {"optimizer": "sgd"},
        {"optimizer": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.5)},
    ],
)
def test_other_samplers_and_optimizers(tmp_path, options):
    def fresh():  # a fit uses up the state of its sampler
        sampler = options.get("sampler")
        return options | ({"sampler": UniformSampler(N, 5, 2)} if sampler else {})

    interrupted(tmp_path, **fresh())
    assert same(fit(tmp_path, **fresh()), fit(**fresh()))


def other_module():
    return {"module": nn.Sequential(*settings()["module"][:2], nn.Dropout(0.41), nn.Linear(8, 2))}


def held_out(scoring="worst_group", y=Y):
    return {"validation": Validation(TrainingData(HELD_OUT.rows, y, GROUPS, 3), scoring)}


OTHERS = {
    "X": lambda: {"data": TrainingData(as_rows(X + 1e-6), Y, GROUPS, 3)},
    "y": lambda: {"data": TrainingData(as_rows(X), 1 - Y, GROUPS, 3)},
    "groups": lambda: {"data": TrainingData(as_rows(X), Y, GROUPS.flip(0), 3)},
    "step size": lambda: {"objective": GroupDROLoss(torch.bincount(GROUPS), step_size=0.2)},
    "weights": lambda: {"objective": MeanLoss(torch.ones(N))},
    "sampler": lambda: {"sampler": BalancedSampler(Y, 5, seed=2)},
    "another sampler": lambda: {"sampler": BalancedSampler(GROUPS.sort().values, 5, seed=2)},
    "order": lambda: {"sampler": BalancedSampler(GROUPS, 5, seed=4)},
    "batches": lambda: {"sampler": BalancedSampler(GROUPS, 6, seed=2)},
    "dropout": other_module,
    "noise": lambda: {"seed": 4},
    "rate": lambda: {"lr": 0.06},
    "decay": lambda: {"weight_decay": 0.1},
    "optimizer": lambda: {"optimizer": "adamw"},
    "length": lambda: {"max_epochs": 7},
    "patience": lambda: {"patience": 5},
    "criterion": lambda: held_out("accuracy"),
    "validation": lambda: held_out(y=1 - Y),
    "no validation": lambda: {"validation": None},
    "stage": lambda: {"stage": "second"},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_no_other_fit_goes_on_from_there(tmp_path, other):
    interrupted(tmp_path)
    assert same(fit(tmp_path, **other()), fit(**other()))
    assert len(list(tmp_path.iterdir())) == 1  # the file of the first waits for it
    assert same(fit(tmp_path), fit())


def test_two_fits_share_a_folder(tmp_path):
    interrupted(tmp_path, lr=0.01)
    interrupted(tmp_path, lr=0.02, epoch=3)
    assert len(list(tmp_path.iterdir())) == 2
    for lr in (0.01, 0.02):
        assert same(fit(tmp_path, lr=lr), fit(lr=lr))
    assert list(tmp_path.iterdir()) == []


def test_a_file_cut_short_is_not_read(tmp_path):
    interrupted(tmp_path)
    (path,) = tmp_path.iterdir()
    path.with_suffix(".tmp").write_bytes(path.read_bytes()[:100])
    assert same(fit(tmp_path), fit())


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def saved(content, tmp_path):
    if isinstance(content, bytes):
        return content
    torch.save(content, tmp_path / "content")
    return (tmp_path / "content").read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        {"history": "[]", "value": Path("a")}, {"value": 1}, {"history": "[1"}, {"history": 1},
        [1], torch.zeros(2), b"", b"text", b"PK\x05\x06" + bytes(18), b"\x80\x02.",
        b"PK\x03\x04", b"r\xf5",
    ],
)  # fmt: skip
def test_a_file_of_another_is_refused(content, tmp_path):
    checkpoint, content = Checkpoint(tmp_path, "name"), saved(content, tmp_path)
    checkpoint.path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"name\.pt is damaged.* delete the file"):
        checkpoint.load()
    checkpoint.path.write_bytes(sha256(content).digest() + content)
    with pytest.raises(CheckpointError, match=r"name\.pt is no checkpoint.* delete the file"):
        checkpoint.load()


@pytest.mark.parametrize("dump", [torch.save, lambda x, path: path.write_bytes(pickle.dumps(x, 2))])
def test_a_file_that_would_run_code_is_refused_and_not_run(dump, tmp_path):
    checkpoint = Checkpoint(tmp_path, "name")
    dump({"history": "[]", "value": Evil(tmp_path / "run")}, tmp_path / "content")
    content = (tmp_path / "content").read_bytes()
    checkpoint.path.write_bytes(sha256(content).digest() + content)
    with pytest.raises(CheckpointError, match="nothing in it was run") as error:
        checkpoint.load()
    assert "weights_only" not in str(error.value)  # torch says to turn it off
    assert not (tmp_path / "run").exists()


def test_links_in_the_folder_are_replaced_and_not_followed(tmp_path):
    folder, mine = tmp_path / "shared", tmp_path / "mine"
    folder.mkdir()
    mine.write_text("mine")
    checkpoint = Checkpoint(folder, "name")
    for name in ("name.pt", f"name-{os.getpid()}-{threading.get_ident()}.tmp"):
        (folder / name).symlink_to(mine)
    checkpoint.save({"history": [], "value": 1})
    assert mine.read_text() == "mine"
    assert not (folder / "name.pt").is_symlink()
    assert checkpoint.load() == {"history": [], "value": 1}


def test_what_callbacks_record_survives(tmp_path):
    class Record(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.history.record("number", np.float32(0.5))
            net.history.record("array", np.arange(2))
            net.history.record("path", Path("a"))

    with pytest.raises(Interrupted):
        fit(tmp_path, callbacks=[Record(), Stop(3, KeyboardInterrupt)])
    history = fit(tmp_path, callbacks=[Record()]).history
    assert history[0, "number"] == 0.5
    assert history[0, "array"] == [0, 1]
    assert history[0, "path"] == "a"
    assert history[-1, "number"] == 0.5


@pytest.mark.parametrize("folder", [str, Path])
def test_missing_folders_are_made(tmp_path, folder):
    interrupted(folder(tmp_path / "a" / "b"))
    assert len(list((tmp_path / "a" / "b").iterdir())) == 1


def untouchable(*args):
    raise AssertionError("the training has begun")


def test_a_folder_that_cannot_be_written_to_is_an_error_before_training(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setattr(GroupDROLoss, "forward", untouchable)
    with pytest.raises(FileExistsError, match=r"checkpoint_dir must be a folder .*/file'"):
        fit(file)
    with pytest.raises(NotADirectoryError, match=r"checkpoint_dir must be a folder .*file/below'"):
        fit(file / "below")

    def forbidden(**where):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", forbidden)
    with pytest.raises(PermissionError, match=r"checkpoint_dir .* \(Permission denied\)"):
        fit(tmp_path)


def test_no_folder_no_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit(max_epochs=1)
    assert list(tmp_path.iterdir()) == []


def test_fingerprints_tell_values_and_shapes_apart():
    a = torch.arange(6.0)
    parts = [
        (a,), (a.reshape(2, 3),), (a.double(),), (a + 1,), (a[:3], a[3:]), (), (None,), (1,),
        ("1",), (1.0,), (True,), ([1, 2],), ([1], [2]), ([[1], 2],), ({"b": 1},), ({"b": 2},),
        ({"a": 1},), (torch.zeros(0),), (a.bfloat16(),), (a > 2,), (nn.Dropout(0.1),),
        (nn.Dropout(0.2),),
        (MeanLoss(),), (GroupDROLoss(torch.ones(2)),), (torch.Generator().manual_seed(1),),
        (torch.Generator().manual_seed(2),), (fingerprint,), (untouchable,),
    ]  # fmt: skip
    assert len({fingerprint(*part) for part in parts}) == len(parts)
    for part in parts:
        assert fingerprint(*part) == fingerprint(*part)


def test_fingerprints_do_not_depend_on_the_layout_in_memory():
    a = torch.arange(6.0).reshape(2, 3)
    assert fingerprint(a.T) == fingerprint(a.T.contiguous())
    assert fingerprint(iter([a, a])) == fingerprint([a, a])
    assert fingerprint(nn.Parameter(a)) == fingerprint(a)


SCRIPT = """
import sys, torch
from torch import nn
from skgroup.objectives import MeanLoss
from skgroup.samplers import BalancedSampler
from skgroup.training._checkpoint import fingerprint
torch.manual_seed(0)
module, sampler = nn.Linear(2, 2), BalancedSampler(torch.tensor([0, 1, 1]), 2, seed=0)
module.note, module.helper = "a", object()
print(fingerprint(module, MeanLoss(), vars(sampler), object(), lambda p: p, (1.5, None)))
"""


def test_fingerprints_are_the_same_in_another_process(capsys):
    command = [sys.executable, "-c", SCRIPT]
    theirs = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    exec(SCRIPT, {})
    assert len(theirs) == 65
    assert capsys.readouterr().out == theirs


def test_a_dataset_is_known_by_its_length(tmp_path):
    def data(values):
        return {"data": TrainingData(as_rows(TensorDataset(values)), Y, GROUPS, 3)}

    interrupted(tmp_path, **data(X))
    assert same(fit(tmp_path, **data(X)), fit(**data(X)))
