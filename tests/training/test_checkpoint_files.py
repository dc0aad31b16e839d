"""Files of checkpoints that were cut, changed or left behind, and disks without room."""

import errno
import os

import numpy as np
import pytest
from skorch.callbacks import Callback

from skgroup import ERMClassifier
from skgroup.exceptions import CheckpointError
from skgroup.training._checkpoint import Checkpoint

Y = np.arange(40) % 2
X = np.random.default_rng(0).normal(size=(40, 3)) + Y[:, None]


class Kill(Callback):
    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 4:
            raise MemoryError


def fit(folder=None, **options):
    settings = {"hidden_layer_sizes": (4,), "max_epochs": 6, "random_state": 0, **options}
    return ERMClassifier(checkpoint_dir=folder, **settings).fit(X, Y)


def left_by_a_kill(folder):
    with pytest.raises(MemoryError):
        fit(folder, callbacks=[Kill()])
    (path,) = folder.iterdir()
    return path


def assert_whole(model):
    np.testing.assert_array_equal(model.predict_proba(X), fit().predict_proba(X))
    assert len(model.history_["train_loss"]) == 6


def test_saving_replaces_in_one_step(tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path, "name")
    checkpoint.save({"history": [], "value": 1})

    def killed(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save({"history": [], "value": 2})
    assert list(tmp_path.iterdir()) == [checkpoint.path]
    assert Checkpoint(tmp_path, "name").load() == {"history": [], "value": 1}


def test_what_killed_fits_left_is_swept_up_and_no_other_file(tmp_path):
    left = [tmp_path / name for name in ("name-7-8.tmp", "name-9-8.tmp")]
    others = [tmp_path / name for name in ("other-7-8.tmp", "name.pt", "name-7-8.pt")]
    for path in left + others:
        path.write_bytes(b"half of a fi")
    Checkpoint(tmp_path, "name")
    assert sorted(tmp_path.iterdir()) == sorted(others)


def test_a_fit_whose_file_is_swept_up_while_it_writes_goes_on(tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path, "name")
    checkpoint.save({"history": [], "value": 1})
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: Checkpoint(tmp_path, "name"))
        checkpoint.save({"history": [], "value": 2})
    assert checkpoint.load()["value"] == 1
    checkpoint.save({"history": [], "value": 3})
    assert checkpoint.load()["value"] == 3


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_file_with_a_wrong_bit_is_not_read(tmp_path, share):
    path = left_by_a_kill(tmp_path)
    content = bytearray(path.read_bytes())
    content[int(share * len(content))] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"{path.name} is damaged.*delete the file to train"):
        fit(tmp_path)
    path.unlink()
    assert_whole(fit(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("n_bytes", [0, 1, 32, 33, 1000, -1])
def test_a_file_that_was_cut_is_not_read(tmp_path, n_bytes):
    path = left_by_a_kill(tmp_path)
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(CheckpointError, match="its checksum is not that of its content"):
        fit(tmp_path)


def test_on_a_full_disk_the_last_checkpoint_stays_whole(tmp_path, monkeypatch):
    room = iter([None, None])

    def fsync(descriptor):
        if next(room, "full"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(OSError, match=r"No space left.*Make room, or .*fit-\w+\.pt") as caught:
            fit(tmp_path)
    assert caught.value.errno == errno.ENOSPC
    assert [path.suffix for path in tmp_path.iterdir()] == [".pt"]
    begun = []

    class Count(Callback):
        def on_epoch_begin(self, net, **kwargs):
            begun.append(len(net.history))

    assert_whole(fit(tmp_path, callbacks=[Count()]))
    assert begun == [3, 4, 5, 6]
