"""Training speed: ERM and Group DRO against MLPClassifier, hand-written torch, skorch and SpuCo.

Same network (two hidden layers of 100, no standardising layer), float32, Adam. A fifth of the rows
is held out and judged after every epoch, by accuracy or by the worst group's, and the best weights
are kept; a bare skorch net has its own split, its own columns (train_loss, valid_loss, valid_acc)
and no best weights. The hand-written loops index tensors, use fused Adam and keep no statistics of
the training rows; that of Group DRO fills batches evenly from reshuffled queues, as ours does.
A million rows (`--rows 1000000`) take many minutes, nearly all of them in the peers.
SpuCo: `--spuco PATH` of a folder into which `pip install --no-deps --target PATH spuco` put it.
"""

import argparse
import warnings
from functools import partial

import numpy as np
import torch
from _harness import compare
from _spuco import train_with_spuco
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier
from torch import nn
from torch.nn.functional import cross_entropy

from skgroup import ERMClassifier, GroupDROClassifier
from skgroup.datasets import make_shortcut_classification
from skgroup.modules import mlp

HIDDEN, HELD_OUT = (100, 100), 0.2
SIZES = {10_000: (20, 10), 100_000: (50, 2), 1_000_000: (50, 1)}  # rows: columns, epochs
ADAM = {"lr": 1e-3, "weight_decay": 1e-4}


def split(X, y, groups):
    """Rows to train on and rows to judge by, as tensors."""
    order = np.random.default_rng(0).permutation(len(y))
    at = round(HELD_OUT * len(y))
    return [
        [torch.from_numpy(part[rows]) for part in (X, y, groups)]
        for rows in (order[at:], order[:at])
    ]


class Best:
    """The best weights so far, by the worst group's accuracy where there are groups."""

    def __init__(self, X, y, groups=None):
        self.X, self.y = X, y
        self.groups = torch.zeros_like(y) if groups is None else groups
        self.count = torch.bincount(self.groups)
        self.score, self.weights = -1.0, {}

    @torch.no_grad()
    def judge(self, net):
        logits = torch.cat([net(block) for block in self.X.split(8192)])
        right = (logits.argmax(dim=1) == self.y).double()
        score = (torch.bincount(self.groups, right) / self.count).min().item()
        if score > self.score:
            self.score = score
            self.weights = {name: value.clone() for name, value in net.state_dict().items()}


def start(X):
    torch.manual_seed(0)
    net = mlp(X.shape[1], 2, HIDDEN)
    return net, torch.optim.Adam(net.parameters(), **ADAM, fused=True)


def plain_torch(data, epochs, batch):
    (X, y, _), (X_val, y_val, _) = split(*data)
    net, optimizer = start(X)
    best = Best(X_val, y_val)
    for _ in range(epochs):
        for index in torch.randperm(len(y)).split(batch):
            optimizer.zero_grad()
            cross_entropy(net(X[index]), y[index]).backward()
            optimizer.step()
        best.judge(net)
    net.load_state_dict(best.weights)
    return net


class Queues:
    """Rows of every group in turn; none repeats before all of its group were drawn."""

    def __init__(self, groups):
        self.n_rows = len(groups)
        self.members = [torch.nonzero(groups == g).flatten() for g in groups.unique()]
        self.queues = [rows[:0] for rows in self.members]

    def epoch(self):
        share = -(-self.n_rows // len(self.members))
        columns = []
        for g, rows in enumerate(self.members):
            queue = self.queues[g]
            while len(queue) < share:
                queue = torch.cat([queue, rows[torch.randperm(len(rows))]])
            columns.append(queue[:share])
            self.queues[g] = queue[share:].clone()
        return torch.stack(columns, dim=1).flatten()[: self.n_rows]


def plain_group_dro(data, epochs, batch):
    (X, y, groups), held_out = split(*data)
    net, optimizer = start(X)
    best, queues = Best(*held_out), Queues(groups)
    n_groups = len(queues.members)
    q = torch.full((n_groups,), 1 / n_groups)
    for _ in range(epochs):
        for index in queues.epoch().split(batch):
            g = groups[index]
            losses = cross_entropy(net(X[index]), y[index], reduction="none")
            count = torch.bincount(g, minlength=n_groups).clamp(min=1)
            means = torch.zeros(n_groups).index_add(0, g, losses) / count
            q = q * torch.exp(0.01 * means.detach())
            q = q / q.sum()
            optimizer.zero_grad()
            (q * means).sum().backward()
            optimizer.step()
        best.judge(net)
    net.load_state_dict(best.weights)
    return net


def bare_skorch(data, epochs, batch):
    X, y, _ = data
    net = NeuralNetClassifier(
        mlp(X.shape[1], 2, HIDDEN), criterion=nn.CrossEntropyLoss, optimizer=torch.optim.Adam,
        lr=1e-3, optimizer__weight_decay=1e-4, max_epochs=epochs, batch_size=batch, verbose=0,
        iterator_train__shuffle=True,
    )  # fmt: skip
    return net.fit(X, y)


def multilayer_perceptron(data, epochs, batch):
    net = MLPClassifier(
        HIDDEN, batch_size=batch, max_iter=epochs, n_iter_no_change=epochs, early_stopping=True,
        validation_fraction=HELD_OUT, random_state=0,
    )  # fmt: skip
    return net.fit(*data[:2])


def ours(cls, scoring):
    def fit(data, epochs, batch):
        net = cls(
            hidden_layer_sizes=HIDDEN, standardize=False, max_epochs=epochs, batch_size=batch,
            early_stopping=True, validation_fraction=HELD_OUT, patience=epochs, scoring=scoring,
            random_state=0, **ADAM,
        )  # fmt: skip
        return net.fit(data[0], data[1], groups=data[2])

    return fit


def spuco(path, robust, workers):
    def fit(data, epochs, batch):
        train, held_out = split(*data)
        net, optimizer = start(train[0])
        return train_with_spuco(
            path, net, train, robust=robust, optimizer=optimizer, batch_size=batch,
            epochs=epochs, workers=workers, held_out=held_out,
        )  # fmt: skip

    return fit


ERM = {
    "skgroup ERMClassifier": ours(ERMClassifier, "accuracy"),
    "hand-written torch": plain_torch,
    "scikit-learn MLPClassifier": multilayer_perceptron,
    "bare skorch": bare_skorch,
}
GROUP_DRO = {
    "skgroup GroupDROClassifier": ours(GroupDROClassifier, "worst_group"),
    "hand-written Group DRO": plain_group_dro,
    "scikit-learn MLPClassifier": multilayer_perceptron,
}


def runs_of(options):
    erm, group_dro = dict(ERM), dict(GROUP_DRO)
    if options.spuco:
        for workers, name in ((4, "as shipped, 4 workers"), (0, "no workers")):
            erm[f"SpuCo ERM, {name}"] = spuco(options.spuco, False, workers)
            group_dro[f"SpuCo Group DRO, {name}"] = spuco(options.spuco, True, workers)
    return {"ERM": erm, "Group DRO": group_dro}


def draw(n_rows, n_features):
    X, y, groups = make_shortcut_classification(n_rows, n_features=n_features, random_state=0)
    return X.astype(np.float32), y, groups


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000], choices=SIZES)
    parser.add_argument("--batch", type=int, nargs="+", default=[128, 1024])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--spuco", metavar="PATH", help="folder that holds SpuCo")
    parser.add_argument("--toy", action="store_true", help="once, on 500 rows")
    options = parser.parse_args()
    sizes = {500: (20, 2)} if options.toy else {n: SIZES[n] for n in options.rows}
    repeats = 1 if options.toy else options.repeats
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.filterwarnings("ignore", "This DataLoader will create 4 worker")  # SpuCo's number
    print(f"{torch.get_num_threads()} torch thread(s)")
    for n_rows, (n_features, epochs) in sizes.items():
        data = draw(n_rows, n_features)
        for batch in options.batch:
            for name, runs in runs_of(options).items():
                print(f"\n{name}: {n_rows:,} x {n_features}, {epochs} epoch(s), batch {batch}\n")
                for run in runs.values():  # caches and lazy imports are warmed on a few rows
                    run([part[:500] for part in data], 1, min(batch, 100))
                timed = {key: partial(run, data, epochs, batch) for key, run in runs.items()}
                compare(timed, references=list(runs)[:2], repeats=repeats, warm=False)


if __name__ == "__main__":
    main()
