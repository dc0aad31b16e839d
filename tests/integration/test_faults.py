"""What goes wrong on machines: kills, full disks, dead workers, Ctrl-C, little memory, NaN."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback
from torch import nn

import skgroup
from skgroup import ERMClassifier, GradientGroupInferrer, JTTClassifier
from skgroup.training import Diverged

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "soak_kills.py"
CLASSIFIERS = [name for name in skgroup.__all__ if name.endswith("Classifier")]
each_classifier = pytest.mark.parametrize("name", CLASSIFIERS)
# Methods that have more to say of groups like these than that they work.
told = pytest.mark.filterwarnings(
    "ignore:every group has rows of one class only", "ignore:no row is discarded",
    "ignore:groups without a row for the last",
)  # fmt: skip
QUICK = {"hidden_layer_sizes": (8,), "max_epochs": 4, "batch_size": 64, "random_state": 0}


def make(name, **changed):
    return getattr(skgroup, name)(**QUICK | changed)


def test_fits_that_are_killed_at_random_end_with_the_same_models():
    """Ten kills; `make soak` has two hundred."""
    memory = Path("/dev/shm")  # where disks are slow, most of the time would go there
    places = {"TMPDIR": str(memory)} if memory.is_dir() else {}
    options = ["--kills", "10", "--cases", "ERM", "GroupDRO", "JTT", "SPARE"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *options],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)} | places,
        capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"\| (\d+) \| (\d+) \| (\d+) \| yes \| 0 \|", done.stdout)
    kills, resumed = (sum(int(row[i]) for row in rows) for i in (1, 2))
    assert len(rows) == 4
    assert kills >= 10
    assert resumed > 0


class Kill(Callback):
    """Ends the training like a kill: nothing of the epoch is kept."""

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 3:
            raise ZeroDivisionError


def test_a_disk_that_is_full_costs_no_epoch_that_was_written(blobs, tmp_path, assert_same):
    resource = pytest.importorskip("resource")  # not on Windows
    model = make("GroupDROClassifier", checkpoint_dir=tmp_path, callbacks=[Kill()])
    with pytest.raises(ZeroDivisionError):
        model.fit(blobs.X, blobs.y, groups=blobs.groups)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    model.set_params(callbacks=None)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"checkpoint could not be written.*Make room, or pass"):
            model.fit(blobs.X, blobs.y, groups=blobs.groups)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files
    model.fit(blobs.X, blobs.y, groups=blobs.groups)
    quiet = make("GroupDROClassifier").fit(blobs.X, blobs.y, groups=blobs.groups)
    assert_same(model, quiet, blobs.X)


@told
@each_classifier
def test_a_folder_that_cannot_be_made_is_said_before_the_training(name, blobs, tmp_path):
    (tmp_path / "file").touch()
    seen = []

    class Look(Callback):
        def on_train_begin(self, net, **kwargs):
            seen.append(net)

    model = make(name, checkpoint_dir=tmp_path / "file" / "below", callbacks=[Look()])
    with pytest.raises(OSError, match="below"):
        model.fit(blobs.X, blobs.y, groups=blobs.groups)
    assert seen == []


def test_a_worker_that_dies_ends_a_search_and_not_the_next_one(blobs):
    class Dies(nn.Linear):
        def forward(self, x):
            if self.training:
                os._exit(1)
            return super().forward(x)

    def search(module):
        model = ERMClassifier(module=module, max_epochs=1, random_state=0)
        return GridSearchCV(model, {"lr": [1e-3, 1e-2]}, cv=2, n_jobs=2).fit(blobs.X, blobs.y)

    with pytest.raises(TerminatedWorkerError, match=r"worker process .* unexpectedly terminated"):
        search(Dies)
    assert search(nn.Linear).best_estimator_.predict(blobs.X).shape == (200,)


class SeldomNaN(nn.Module):
    """A linear model whose outputs, in the n-th step of a training, are no numbers."""

    def __init__(self, n_features, n_classes, step):
        super().__init__()
        self.head, self.left = nn.Linear(n_features, n_classes), step

    def forward(self, x):
        self.left -= self.training
        return self.head(x * (float("nan") if self.training and self.left == 0 else 1.0))


@told
@each_classifier
def test_a_loss_that_is_no_number_is_located_and_the_weights_before_are_kept(name, blobs):
    names = np.array(["north", "south", "east", "west"])[blobs.groups]
    step = 6  # of two passes over four batches, or of as many as a method draws
    model = make(name, module=lambda d, k: SeldomNaN(d, k, step), early_stopping=False)
    place = r"diverged in epoch \d, batch \d, groups? .*: its loss is nan\. Lower `lr`"
    with pytest.raises(Diverged, match=place) as caught:
        model.fit(blobs.X, blobs.y, groups=names)
    assert all(value.isfinite().all() for value in model.net_.module_.state_dict().values())
    model.net_.module_.eval()
    assert np.isfinite(model.predict_proba(blobs.X)).all()
    epoch = int(re.search(r"epoch (\d)", str(caught.value)).group(1))
    assert len(caught.value.net.history) == epoch - 1
    model.set_params(module=lambda d, k: nn.Linear(d, k)).fit(blobs.X, blobs.y, groups=names)
    assert len(model.history_["train_loss"]) == 4


def test_the_group_of_the_bad_rows_is_named(blobs):
    row = torch.tensor(blobs.X[150], dtype=torch.float32)

    class BadRows(nn.Linear):
        def forward(self, x):
            bad = (x - row).abs().sum(1) < 1e-6
            return torch.where(bad[:, None], torch.nan, super().forward(x))

    names = np.array(["north", "south", "east", "west"])[blobs.groups]
    place = rf"epoch 1, batch \d, group '{names[150]}': its loss is nan"
    with pytest.raises(Diverged, match=place):
        ERMClassifier(module=BadRows, max_epochs=1, random_state=0).fit(
            blobs.X, blobs.y, groups=names
        )


class Little(nn.Module):
    """A linear model that has memory for so many rows at a time, after some calls."""

    def __init__(self, n_features=2, n_classes=2, most=16, after=0):
        super().__init__()
        torch.manual_seed(0)
        self.head, self.most, self.left = nn.Linear(n_features, n_classes), most, after

    def forward(self, x):
        self.left -= 1
        if self.left < 0 and len(x) > self.most:
            raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate")
        return self.head(x)


@pytest.mark.parametrize("source", ["head", "all"])
def test_groups_are_found_with_little_memory(blobs, source):
    def groups(most):
        inferrer = GradientGroupInferrer(reference=Little(most=most), source=source, random_state=0)
        return inferrer.fit(blobs.X, blobs.y).groups_

    np.testing.assert_array_equal(groups(16), groups(1000))


@pytest.mark.parametrize("after", range(1, 9))
def test_where_no_block_is_small_enough_the_error_says_what_to_do(blobs, after):
    """In some calls the network is only looked at, in others it works."""
    short = Little(most=0, after=after)
    text = r"not enough memory for (a single row|8 rows)\. (Free some|Choose source='head').*: you"
    with pytest.raises(MemoryError, match=text):
        GradientGroupInferrer(reference=short, random_state=0).fit(blobs.X, blobs.y)


def test_a_prediction_needs_no_more_memory_than_there_is(blobs, assert_same):
    def fitted(most):
        module = lambda d, k: Little(d, k, most)  # noqa: E731
        model = JTTClassifier(module=module, batch_size=16, max_epochs=2, random_state=0)
        return model.fit(blobs.X, blobs.y)

    assert_same(fitted(16), fitted(1000), blobs.X, atol=1e-6)
