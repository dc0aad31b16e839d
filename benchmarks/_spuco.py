"""SpuCo's own trainers on arrays; what its import wants and nothing here uses is stood in for."""

import importlib.util
import io
import sys
from contextlib import redirect_stderr
from unittest.mock import MagicMock

import torch
from torch.utils.data import Dataset

WANTED_BY_SPUCO = (
    "PIL", "matplotlib", "pytorch_grad_cam", "requests", "torchvision", "transformers", "umap",
    "wandb", "wilds",
)  # fmt: skip


class StandIns:
    """Finds empty modules under the names of packages that are not installed."""

    def __init__(self, names):
        self.names = names

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            return importlib.util.spec_from_loader(name, self)
        return None

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__spec__, module.__path__ = spec, []
        return module

    def exec_module(self, module):
        pass


def import_spuco(path):
    """Make `import spuco` work from `path`, into which pip put it without its dependencies."""
    if path not in sys.path:
        missing = [name for name in WANTED_BY_SPUCO if importlib.util.find_spec(name) is None]
        sys.meta_path.append(StandIns(missing))
        sys.path.insert(0, path)


class Columns(Dataset):
    """Rows of several tensors, whose last one holds the groups; those are seen where asked for."""

    def __init__(self, *columns, with_groups):
        self.columns, groups = columns, columns[-1]
        self.shown = columns if with_groups else columns[:-1]
        self.labels = columns[1].numpy()
        self.group_partition = {
            g: torch.nonzero(groups == g).flatten().tolist() for g in groups.unique().tolist()
        }

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return tuple(column[i] for column in self.shown)


def evaluator(rows, net, batch_size, workers):
    """SpuCo's accuracy of each group of `rows`; its keys are pairs of class and attribute."""
    from spuco.evaluate import Evaluator

    partition = {(0, int(g)): members for g, members in rows.group_partition.items()}
    weights = {key: len(members) / len(rows) for key, members in partition.items()}
    judge = Evaluator(
        Columns(*rows.columns, with_groups=False), partition, weights, batch_size, net
    )
    for loader in judge.testloaders.values():
        loader.num_workers, loader.pin_memory = workers, False
    return judge


def train_with_spuco(
    path, net, train, *, robust, optimizer, batch_size, epochs, workers, held_out=None
):
    """Train `net` by ERM or Group DRO on (X, y, groups); `held_out` is judged after each epoch."""
    import_spuco(path)
    from spuco.robust_train import ERM, GroupDRO

    rows = Columns(*map(torch.as_tensor, train), with_groups=robust)
    judge = None
    if held_out is not None:
        others = Columns(*map(torch.as_tensor, held_out), with_groups=False)
        judge = evaluator(others, net, batch_size, workers)
    trainer = (GroupDRO if robust else ERM)(
        model=net, trainset=rows, batch_size=batch_size, num_epochs=epochs, optimizer=optimizer,
        val_evaluator=judge,
    )  # fmt: skip
    loader = trainer.trainer.trainloader
    loader.num_workers, loader.pin_memory = workers, False
    with redirect_stderr(io.StringIO()):  # a bar for each judgement
        trainer.train()
    return net
