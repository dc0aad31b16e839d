"""Every method on one task: true worst group, and cost of an epoch relative to ERM.

10,000 rows of 20 columns; the shortcut agrees with the class in 90 % of the training rows and in
half of the test rows. Network 20-64-64-2, SGD with learning rate .05 and momentum .9, batches of
256, 10 epochs, no early stopping. Peers: hand-written torch, SpuCo (`--spuco PATH` of a folder into
which `pip install --no-deps --target PATH spuco` put it; packages that its import wants but this
comparison does not use are replaced by empty stand-ins), and weighted scikit-learn models.
"""

import argparse
import time
import warnings

import numpy as np
import torch
from _spuco import train_with_spuco
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from torch.nn.functional import cross_entropy

import skgroup as sg
from skgroup.datasets import make_shortcut_classification
from skgroup.modules import mlp

EPOCHS, BATCH, HIDDEN = 10, 256, (64, 64)
SGD = {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4}
NET = {
    "hidden_layer_sizes": HIDDEN, "standardize": False, "optimizer": "sgd", "lr": 0.05,
    "max_epochs": EPOCHS, "batch_size": BATCH, "early_stopping": False, "weight_decay": 1e-4,
}  # fmt: skip


def trained(net, X, y, groups, *, robust):
    """A loop as one would write it: plain indexing, torch's own SGD, Group DRO by hand."""
    X, y, groups = torch.from_numpy(X), torch.from_numpy(y), torch.from_numpy(groups)
    n_groups, optimizer = int(groups.max()) + 1, torch.optim.SGD(net.parameters(), **SGD)
    q, weight = torch.full((n_groups,), 1 / n_groups), 1.0 / torch.bincount(groups)[groups]
    for _ in range(EPOCHS):
        order = torch.randperm(len(y))
        if robust:
            order = torch.multinomial(weight, len(y), replacement=True)
        for index in order.split(BATCH):
            losses = cross_entropy(net(X[index]), y[index], reduction="none")
            loss = losses.mean()
            if robust:
                g = groups[index]
                count = torch.bincount(g, minlength=n_groups).clamp(min=1)
                means = torch.zeros(n_groups).index_add(0, g, losses) / count
                q = q * torch.exp(0.01 * means.detach())
                q = q / q.sum()
                loss = (q * means).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return lambda rows: net(torch.from_numpy(rows)).argmax(dim=1).numpy()


def plain_loop(robust):
    def fit(X, y, groups, seed):
        torch.manual_seed(seed)
        return trained(mlp(X.shape[1], 2, HIDDEN), X, y, groups, robust=robust)

    return fit


def spuco(path, robust, workers):
    """SpuCo's own trainers on the same arrays; it draws its batches from NumPy and random."""

    def fit(X, y, groups, seed):
        torch.manual_seed(seed)
        net = mlp(X.shape[1], 2, HIDDEN)
        train_with_spuco(
            path, net, (X, y, groups), robust=robust, batch_size=BATCH, epochs=EPOCHS,
            optimizer=torch.optim.SGD(net.parameters(), **SGD), workers=workers,
        )  # fmt: skip
        return lambda test: net(torch.from_numpy(test)).argmax(dim=1).numpy()

    return fit


def ours(build):
    def fit(X, y, groups, seed):
        return build(seed).fit(X, y, groups=groups).predict

    return fit


def linear(seed):
    return sg.ReweightingClassifier(LogisticRegression(C=1.0), random_state=seed)


def boosted(seed):
    return sg.ReweightingClassifier(HistGradientBoostingClassifier(), random_state=seed)


def network(cls, **parameters):
    return ours(lambda seed: cls(**NET | parameters, random_state=seed))


# IRM and VREx compare attributes across classes, and LISA and GERNE cross them with the class
# themselves: for all four, class x attribute groups and attributes are given alike below.
METHODS = {
    "hand-written ERM": plain_loop(robust=False),
    "hand-written Group DRO": plain_loop(robust=True),
    "ERMClassifier": network(sg.ERMClassifier),
    "GroupDROClassifier": network(sg.GroupDROClassifier),
    "ReweightingClassifier": network(sg.ReweightingClassifier),
    "ResamplingClassifier": network(sg.ResamplingClassifier),
    "GERNEClassifier": network(sg.GERNEClassifier),
    "GERNEClassifier, unknown": network(sg.GERNEClassifier, attributes="unknown"),
    "DFRClassifier": network(sg.DFRClassifier),
    "JTTClassifier": network(sg.JTTClassifier),
    "JTTClassifier, drawn rows": network(sg.JTTClassifier, mode="sample"),
    "LfFClassifier": network(sg.LfFClassifier),
    "ULEClassifier, input": network(sg.ULEClassifier),
    "DOROClassifier, CVaR": network(sg.DOROClassifier),
    "DOROClassifier, chi-square": network(sg.DOROClassifier, divergence="chi2"),
    "LossReweightingClassifier": network(sg.LossReweightingClassifier),
    "SPAREClassifier": network(sg.SPAREClassifier),
    "LogitCorrectionClassifier": network(sg.LogitCorrectionClassifier),
    "LISAClassifier": network(sg.LISAClassifier),
    "MixupClassifier": network(sg.MixupClassifier),
    "IRMClassifier": network(sg.IRMClassifier),
    "VRExClassifier": network(sg.VRExClassifier),
    "weighted logistic regression": ours(linear),
    "weighted boosted trees": ours(boosted),
}
BY_ATTRIBUTE = {"IRMClassifier", "VRExClassifier", "LISAClassifier"}


def worst_and_average(y, predicted, groups):
    correct = y == predicted
    return np.array([min(correct[groups == g].mean() for g in np.unique(groups)), correct.mean()])


def data(seed):
    draw = {"core_strength": 1.2, "shortcut_strength": 2.0, "random_state": seed}
    train = make_shortcut_classification(10_000, agreement=0.9, **draw)
    test = make_shortcut_classification(10_000, agreement=0.5, subset="test", **draw)
    return [(X.astype(np.float32), y, groups) for X, y, groups in (train, test)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--spuco", metavar="PATH", help="folder that holds SpuCo")
    parser.add_argument("--only", nargs="*", help="beginnings of names")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    methods = dict(METHODS)
    if options.spuco:
        for name, robust in (("ERM", False), ("Group DRO", True)):
            methods[f"SpuCo {name}, no workers"] = spuco(options.spuco, robust, 0)
    if options.only:
        kept = ("ERMClassifier", *options.only)
        methods = {name: fit for name, fit in methods.items() if name.startswith(kept)}
    scores = {name: [] for name in methods}
    seconds = {name: [] for name in methods}
    (X, y, groups), _ = data(0)
    for fit in methods.values():  # lazy imports are not part of the time
        fit(X[::10], y[::10], groups[::10], 0)
    for seed in range(options.repeats):  # methods in turn, so that ratios survive a noisy machine
        (X, y, groups), (X_test, y_test, groups_test) = data(seed)
        for name, fit in methods.items():
            known = groups % 2 if name in BY_ATTRIBUTE else groups
            start = time.perf_counter()
            predict = fit(X, y, known, seed)
            seconds[name].append(time.perf_counter() - start)
            scores[name].append(worst_and_average(y_test, predict(X_test), groups_test))
    print("| method | worst group | average | time, ERMClassifier = 1 |\n| --- | --- | --- | --- |")
    for name in methods:
        (worst, average), spread = np.mean(scores[name], axis=0), np.std(scores[name], axis=0)
        ratios = np.array(seconds[name]) / seconds["ERMClassifier"]
        print(f"| {name} | {worst:.3f} ± {spread[0]:.3f} | {average:.3f} | "
              f"{np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f}) |")  # fmt: skip


if __name__ == "__main__":
    main()
