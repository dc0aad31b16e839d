"""Inference of SPARE, George and EIIL: ours against SpuCo's, on the outputs of the same network.

20 columns; the shortcut agrees with the class in 90 % of the rows. A network 20-64-64-2 is trained
once for an epoch; both sides are given it, or its outputs, and the rest is timed. ARI: agreement
with the true groups inside each class. Ours are `FeatureGroupInferrer` and
`EIILGroupInferrer("exact")`. `--spuco PATH` is a folder into which
`pip install --no-deps --target PATH spuco` put it; without it ours are timed alone. What SpuCo
imports and nothing here uses is replaced by empty stand-ins; its George needs umap-learn.
"""

import argparse
import importlib.util
import io
import time
import warnings
from contextlib import redirect_stdout

import numpy as np
import torch
from _spuco import import_spuco

from skgroup import EIILGroupInferrer, ERMClassifier, FeatureGroupInferrer
from skgroup.datasets import make_shortcut_classification
from skgroup.metrics import group_agreement

SPARE = {
    "features": "output", "reduction": None, "k_rule": "silhouette_per_class",
    "small_clusters": "merge",
}  # fmt: skip
GEORGE = {
    "features": "penultimate", "clusterer": "gmm", "k_rule": "cluster_silhouette", "k_max": 10,
    "overcluster": 5, "min_cluster_share": 0, "n_components": 2,
}  # fmt: skip


def task(n_rows, seed):
    """Rows, labels, true groups, a network that saw them once, and what it makes of them."""
    X, y, groups = make_shortcut_classification(
        n_rows, agreement=0.9, shortcut_strength=2.0, random_state=seed
    )
    X = X.astype(np.float32)
    model = ERMClassifier(
        hidden_layer_sizes=(64, 64), max_epochs=1, early_stopping=False, random_state=seed
    ).fit(X, y)
    net = model.net_.module_.eval()
    seen = []
    handle = net.get_submodule("head").register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0])
    )
    with torch.no_grad():
        logits = net(torch.from_numpy(X))
    handle.remove()
    return X, y, groups, net, logits, seen[0]


def by_row(partition, n_rows):
    labels = np.full(n_rows, -1)
    for number, rows in enumerate(partition.values()):
        labels[rows] = number
    return labels


def spuco_spare(X, y, groups, net, logits, features):
    from spuco.group_inference import SpareInference

    found = SpareInference(logits=logits, class_labels=y.tolist(), max_clusters=8)
    return by_row(found.infer_groups(), len(y))


def spuco_george(X, y, groups, net, logits, features):
    from spuco.group_inference import GeorgeInference

    found = GeorgeInference(Z=features, class_labels=y.tolist(), max_clusters=10)
    return by_row(found.infer_groups(), len(y))


def spuco_eiil(steps):
    def infer(X, y, groups, net, logits, features):
        from spuco.group_inference import EIIL

        found = EIIL(logits=logits, class_labels=y.tolist(), num_steps=steps, lr=1e-2)
        return by_row(found.infer_groups(), len(y)) + 2 * y

    return infer


def ours(build):
    def infer(X, y, groups, net, logits, features):
        return build(net).fit(X, y).groups_

    return infer


def features(**settings):
    return ours(lambda net: FeatureGroupInferrer(reference=net, random_state=0, **settings))


def comparisons(toy, has_umap):
    """Name, rows, SpuCo's, ours; the peer of George with PCA is theirs with UMAP."""
    small, large = (400, 800) if toy else (10_000, 100_000)
    steps = 20 if toy else 20_000
    exact = ours(lambda net: EIILGroupInferrer("exact", reference=net, random_state=0))
    george = spuco_george if has_umap else None
    yield "SPARE", small, spuco_spare, features(**SPARE)
    yield "SPARE", large, spuco_spare, features(**SPARE)
    yield "George, ours with PCA", small, george, features(**GEORGE, reduction="pca")
    if has_umap:
        yield "George, UMAP", small, george, features(**GEORGE, reduction="umap")
    yield f"EIIL, {steps:,} steps against exact", small, spuco_eiil(steps), exact


def timed(infer, data):
    torch.manual_seed(0)
    start = time.perf_counter()
    with redirect_stdout(io.StringIO()):
        found = infer(*data)
    return time.perf_counter() - start, group_agreement(data[2], found, data[1])["within_class_ari"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spuco", metavar="PATH", help="folder that holds SpuCo")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--toy", action="store_true", help="few rows, to see that all runs")
    parser.add_argument("--only", nargs="*", help="beginnings of names")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    has_umap = importlib.util.find_spec("umap") is not None
    if options.spuco:
        import_spuco(options.spuco)
    print("| inference | rows | SpuCo s | ours s | SpuCo / ours | ARI, SpuCo | ARI, ours |")
    print("| --- " * 7 + "|")
    for name, n_rows, theirs, mine in comparisons(options.toy, has_umap):
        if options.only and not name.startswith(tuple(options.only)):
            continue
        few = task(2000, 0)  # lazy imports and compilation are not part of the time
        for infer in [mine, theirs] if options.spuco and theirs else [mine]:
            timed(infer, few)
        pairs = []
        for seed in range(options.repeats):
            data = task(n_rows, seed)
            other = timed(theirs, data) if options.spuco and theirs else (np.nan, np.nan)
            pairs.append((*other, *timed(mine, data)))
        theirs_s, theirs_ari, own_s, own_ari = np.array(pairs).T
        ratios = theirs_s / own_s
        print(f"| {name} | {n_rows:,} | {np.median(theirs_s):.3g} | {np.median(own_s):.3g} | "
              f"{np.median(ratios):.0f} ({ratios.min():.0f} to {ratios.max():.0f}) | "
              f"{theirs_ari.mean():.3f} | {own_ari.mean():.3f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
