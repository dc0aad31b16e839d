"""Two real processes against one; run as a script, this file is one of the two."""

import errno
import os
import pickle
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch
import torch.distributed as dist
from skorch.callbacks import Callback
from torch import nn

from skgroup import (
    DOROClassifier,
    ERMClassifier,
    GERNEClassifier,
    GroupDROClassifier,
    IRMClassifier,
    JTTClassifier,
    LfFClassifier,
    MixupClassifier,
    ULEClassifier,
)
from skgroup.training import data_parallel

N, BATCH = 51, 12  # the last batch of an epoch has 3 rows, too few to share
rng = np.random.default_rng(0)
X = rng.normal(size=(N, 4))
Y = (X[:, 0] + 0.5 * rng.normal(size=N) > 0).astype(int)
GROUPS = 2 * Y + (X[:, 1] > 0)
X_VAL, Y_VAL, GROUPS_VAL = X[:21] + 0.1, Y[:21], GROUPS[:21]


class Double(nn.Module):
    def forward(self, x):
        return x.double()


def network(noisy=False):
    torch.manual_seed(0)
    middle = [nn.Linear(4, 8), *([nn.BatchNorm1d(8), nn.Dropout(0.5)] if noisy else [nn.Tanh()])]
    return nn.Sequential(Double(), *middle, nn.Linear(8, 2)).double()


def settings(**options):
    plain = {"module": network(), "max_epochs": 4, "batch_size": BATCH, "lr": 0.01}
    return plain | {"early_stopping": False, "random_state": 0} | options


class Gated(nn.Module):
    """One layer serves the first row of a batch only, another one nobody."""

    def __init__(self):
        super().__init__()
        self.body, self.first, self.idle = (nn.Linear(4, 2).double() for _ in range(3))

    def forward(self, x):
        x = x.double()
        marked = x[:, 0] == MARKED
        out = self.body(x)
        return out + marked[:, None] * self.first(x) if marked.any() else out


MARKED = float(np.float32(X[0, 0]))
MODELS = {
    "erm": lambda: ERMClassifier(**settings()),
    "group dro": lambda: GroupDROClassifier(0.1, **settings()),
    "doro": lambda: DOROClassifier(alpha=0.3, outlier_share=0.1, **settings()),
    "chi-square": lambda: DOROClassifier(
        alpha=0.3, divergence="chi2", outlier_share=0.0, **settings()
    ),
    "jtt": lambda: JTTClassifier(upweight=3, **settings()),
    "lff": lambda: LfFClassifier(**settings()),
    "irm": lambda: IRMClassifier(anneal_steps=5, **settings()),
    "gerne": lambda: GERNEClassifier(**{**settings(), "batch_size": 6}),
    "gram": lambda: ULEClassifier(form="gram", **settings()),
    "batches of one": lambda: ERMClassifier(**settings(batch_size=1, max_epochs=1)),
    "frozen": lambda: ERMClassifier(**settings(module=frozen())),
    "gated": lambda: ERMClassifier(**settings(module=gated())),
    "early stopping": lambda: GroupDROClassifier(
        **settings(lr=0.3, max_epochs=30, patience=2, early_stopping=True)
    ),
}


def frozen():
    net = network()
    net[1].requires_grad_(False)
    return net


def gated():
    torch.manual_seed(0)
    return Gated()


def fit(model):
    held_out = {}
    if model.early_stopping:
        held_out = {"X_val": X_VAL, "y_val": Y_VAL, "groups_val": GROUPS_VAL}
    groups = GROUPS % 2 if isinstance(model, IRMClassifier) else GROUPS
    return model.fit(X, Y, groups, **held_out)


def outcome(model):
    state = {name: value.numpy() for name, value in model.net_.module_.state_dict().items()}
    return {
        "state": state,
        "history": model.history_,
        "probabilities": model.predict_proba(X[:7]),
        "one": model.predict_proba(X[:1]),
    }


class StopOnFirst(Callback):
    """Ends the second epoch, in the first process only."""

    def on_epoch_end(self, net, **kwargs):
        if dist.get_rank() == 0 and len(net.history) == 2:
            raise KeyboardInterrupt


class Kill(Callback):
    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 3:
            raise MemoryError


def damaged(rank, folder):
    """Go on from a file that was changed where it lies."""
    model = ERMClassifier(**settings(checkpoint_dir=folder, max_epochs=4))
    with suppress(MemoryError):
        model.set_params(callbacks=[Kill()]).fit(X, Y)
    dist.barrier()
    if rank == 0:
        (path,) = folder.iterdir()
        path.write_bytes(path.read_bytes()[:-1])
    dist.barrier()
    model.set_params(callbacks=None).fit(X, Y)


def full(rank, folder):
    """Write to a disk without room, which only the first process does."""

    def fsync(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with mock.patch.object(os, "fsync", fsync):
        ERMClassifier(**settings(checkpoint_dir=folder)).fit(X, Y)


def errors(rank, folder):
    """Messages of what must fail in every process alike."""
    other_y = np.where(np.arange(N) == 3, 1 - Y, Y) if rank else Y
    other_X = X + (0.5 if rank else 0.0)
    torch.manual_seed(rank)
    other_net = nn.Linear(4, 2)
    attempts = {
        "y": lambda: ERMClassifier(**settings()).fit(X, other_y),
        "X": lambda: ERMClassifier(**settings()).fit(other_X, Y),
        "groups": lambda: GroupDROClassifier(**settings()).fit(X, Y, np.roll(GROUPS, rank)),
        "seed": lambda: ERMClassifier(**settings(random_state=rank)).fit(X, Y),
        "lr": lambda: ERMClassifier(**settings(lr=0.1 + rank)).fit(X, Y),
        "weights": lambda: ERMClassifier(**settings(module=other_net)).fit(X, Y),
        "validation": lambda: ERMClassifier(**settings()).fit(X, Y, X_val=other_X, y_val=Y),
        "predict": lambda: ERMClassifier(**settings()).fit(X, Y).predict(X[: 5 + rank]),
        "mixup": lambda: MixupClassifier(**settings()).fit(X, Y),
        "ule": lambda: ULEClassifier(**settings()).fit(X, Y),
        "folder": lambda: ERMClassifier(**settings(checkpoint_dir=__file__)).fit(X, Y),
        "damaged": lambda: damaged(rank, folder / "damaged"),
        "full": lambda: full(rank, folder / "full"),
    }
    found = {}
    for name, attempt in attempts.items():
        try:
            attempt()
        except (ValueError, TypeError, OSError) as error:
            found[name] = (type(error).__name__, str(error))
    return found


def checkpoints(folder):
    """A fit that was killed and went on, and one that was not; what lay on disk between."""
    noisy = settings(module=network(noisy=True), max_epochs=4)
    whole = ERMClassifier(**noisy).fit(X, Y)
    model = ERMClassifier(**noisy, checkpoint_dir=folder)
    files = []
    try:
        model.set_params(callbacks=[Kill()]).fit(X, Y)
    except MemoryError:
        dist.barrier()
        files = sorted(path.name for path in Path(folder).iterdir())
        dist.barrier()
    seen = []

    class Count(Callback):
        def on_epoch_begin(self, net, **kwargs):
            seen.append(len(net.history))

    model.set_params(callbacks=[Count()]).fit(X, Y)
    return {"whole": outcome(whole), "resumed": outcome(model), "files": files, "epochs": seen}


def run(rank, folder):
    warnings.simplefilter("error")
    torch.set_num_threads(1)
    path = Path(folder)
    store = (path / "store").as_uri()
    dist.init_process_group("gloo", init_method=store, rank=rank, world_size=2)
    with data_parallel():
        found = {name: outcome(fit(make())) for name, make in MODELS.items()}
        stopped = ERMClassifier(**settings(callbacks=[StopOnFirst()])).fit(X, Y)
        found["stopped"] = outcome(stopped)
        found["errors"] = errors(rank, path)
        found["checkpoints"] = checkpoints(path / "checkpoints")
    (path / f"{rank}.pkl").write_bytes(pickle.dumps(found))
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, str(rank), str(folder)],
            env=environment, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    try:
        said = [process.communicate(timeout=120)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], "\n".join(said)
    return [pickle.loads((folder / f"{rank}.pkl").read_bytes()) for rank in range(2)]


def assert_alike(one, other, **tolerance):
    for part in ("state", "history"):
        assert one[part].keys() == other[part].keys()
        for name, value in one[part].items():
            np.testing.assert_allclose(value, other[part][name], **tolerance, err_msg=name)
    for part in ("probabilities", "one"):
        np.testing.assert_allclose(one[part], other[part], **tolerance)


@pytest.mark.parametrize("name", MODELS)
def test_two_processes_train_the_model_of_one(ranks, name):
    alone = outcome(fit(MODELS[name]()))
    for rank in ranks:
        assert_alike(rank[name], alone, rtol=1e-9, atol=1e-10)


def test_the_cases_are_what_they_are_meant_to_be():
    assert len(fit(MODELS["early stopping"]()).history_["train_loss"]) < 30
    assert 0 < fit(MODELS["jtt"]()).error_set_.sum() < N
    gates = fit(MODELS["gated"]()).net_.module_
    before = gated()
    assert not torch.equal(gates.first.weight, before.first.weight)
    assert torch.equal(gates.idle.weight, before.idle.weight)


@pytest.mark.parametrize("name", [*MODELS, "stopped"])
def test_all_processes_have_the_same_model_to_the_last_bit(ranks, name):
    assert_alike(ranks[0][name], ranks[1][name], rtol=0, atol=0)


def test_one_process_that_stops_stops_all(ranks):
    assert [len(rank["stopped"]["history"]["train_loss"]) for rank in ranks] == [2, 2]


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("y", "ValueError", "differ in: y to train on, groups to train on. Each must"),
        ("X", "ValueError", "differ in: rows of X to train on. Each"),
        ("groups", "ValueError", "differ in: groups to train on"),
        ("seed", "ValueError", "differ in: parameters or seed. Each"),
        ("lr", "ValueError", "differ in: parameters or seed. Each"),
        ("weights", "ValueError", "differ in: weights of the network. Each"),
        ("validation", "ValueError", "differ in: rows of X to validate on. Each"),
        ("predict", "ValueError", "differ in: number of rows. Each"),
        ("mixup", "TypeError", "cannot split a batch for Mix"),
        ("ule", "TypeError", "form='gram'"),
        ("folder", "FileExistsError", "checkpoint_dir must be a folder"),
        ("damaged", "CheckpointError", ".pt is damaged, its checksum"),
        ("full", "OSError", "a checkpoint could not be written (No space left on device)"),
    ],
)
def test_what_cannot_work_fails_in_all_processes(ranks, name, kind, text):
    for rank in ranks:
        found, message = rank["errors"][name]
        assert found == kind, message
        assert text in message


def test_a_killed_fit_goes_on_bit_for_bit(ranks):
    for rank in ranks:
        found = rank["checkpoints"]
        assert len(found["files"]) == 1, "only the first process writes"
        assert found["epochs"] == [3, 4]
        assert_alike(found["resumed"], found["whole"], rtol=0, atol=0)
    one, other = (rank["checkpoints"]["whole"] for rank in ranks)
    assert_alike(one, other, rtol=0, atol=0)  # batch statistics and all


@pytest.fixture
def one_process():
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize("name", ["group dro", "lff", "early stopping"])
def test_a_group_of_one_process_changes_nothing(name):
    alone = outcome(fit(MODELS[name]()))
    with data_parallel(dist.group.WORLD):
        together = outcome(fit(MODELS[name]()))
    assert_alike(together, alone, rtol=0, atol=0)


def test_without_processes_it_says_how_to_start_them():
    with pytest.raises(RuntimeError, match="torchrun"), data_parallel():
        pass


if __name__ == "__main__":
    run(int(sys.argv[1]), sys.argv[2])
