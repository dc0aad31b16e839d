"""Training speed: our loop against MLPClassifier, a bare skorch net and hand-written torch.

Same network (20-100-100-2, no standardising layer), same data (10,000 rows), Adam, batches of 128,
no validation.
"""

import argparse
import warnings

import numpy as np
import torch
from _harness import compare
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier
from torch import nn
from torch.nn.functional import cross_entropy

from skgroup import ERMClassifier, GroupDROClassifier
from skgroup.datasets import make_shortcut_classification
from skgroup.modules import mlp

EPOCHS, BATCH, HIDDEN = 10, 128, (100, 100)


def plain_torch(X, y):
    torch.manual_seed(0)
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    net = mlp(X.shape[1], 2, HIDDEN)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4, fused=True)
    for _ in range(EPOCHS):
        for index in torch.randperm(len(y)).split(BATCH):
            optimizer.zero_grad()
            cross_entropy(net(X[index]), y[index]).backward()
            optimizer.step()


def plain_group_dro(X, y, groups):
    torch.manual_seed(0)
    X, y, groups = torch.from_numpy(X), torch.from_numpy(y), torch.from_numpy(groups)
    n_groups = int(groups.max()) + 1
    q = torch.full((n_groups,), 1 / n_groups)
    net = mlp(X.shape[1], 2, HIDDEN)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4, fused=True)
    weight = 1.0 / torch.bincount(groups)[groups]
    for _ in range(EPOCHS):
        for index in torch.multinomial(weight, len(y), replacement=True).split(BATCH):
            g = groups[index]
            losses = cross_entropy(net(X[index]), y[index], reduction="none")
            total = torch.zeros(n_groups).index_add(0, g, losses)
            count = torch.zeros(n_groups).index_add(0, g, torch.ones_like(losses))
            means = total / count.clamp(min=1)
            q = q * torch.exp(0.01 * means.detach())
            q = q / q.sum()
            optimizer.zero_grad()
            (q * means).sum().backward()
            optimizer.step()


def bare_skorch(X, y):
    net = NeuralNetClassifier(
        mlp(X.shape[1], 2, HIDDEN), criterion=nn.CrossEntropyLoss, optimizer=torch.optim.Adam,
        lr=1e-3, max_epochs=EPOCHS, batch_size=BATCH, train_split=None, verbose=0,
        iterator_train__shuffle=True,
    )  # fmt: skip
    net.fit(X, y)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y, groups = make_shortcut_classification(options.rows, random_state=0)
    X = X.astype(np.float32)
    shared = {"hidden_layer_sizes": HIDDEN, "max_epochs": EPOCHS, "batch_size": BATCH}
    ours = {**shared, "standardize": False, "early_stopping": False, "random_state": 0}
    peer = MLPClassifier(
        HIDDEN, batch_size=BATCH, max_iter=EPOCHS, n_iter_no_change=EPOCHS, random_state=0
    )
    print(f"{options.rows} rows, {EPOCHS} epochs, {torch.get_num_threads()} torch thread(s)")
    compare(
        {
            "plain torch, fused Adam": lambda: plain_torch(X, y),
            "skgroup ERMClassifier": lambda: ERMClassifier(**ours).fit(X, y),
            "scikit-learn MLPClassifier": lambda: peer.fit(X, y),
            "bare skorch net": lambda: bare_skorch(X, y),
            "plain torch Group DRO": lambda: plain_group_dro(X, y, groups),
            "skgroup GroupDROClassifier": lambda: GroupDROClassifier(**ours).fit(X, y, groups),
        },
        references=["plain torch, fused Adam", "scikit-learn MLPClassifier"],
        repeats=options.repeats,
    )


if __name__ == "__main__":
    main()
