"""Clusters of early gradients of a network: one setting at a time, on pixels and on a table.

The base is a network after one epoch, gradients of its head, 10 principal components and k-means
with k=2. Coloured MNIST is 14 x 14 pixels in two channels and read by a small CNN, Adult has a
planted column and is read by an MLP; both have 4,000 training rows, and test rows in which the
shortcut says nothing. Give `--mnist`, `--adult` or both.
"""

import argparse
import warnings
from functools import partial

import numpy as np
from _inference_data import ADULT, mnist, mnist_of_two, pool, two_colors
from bench_worst_group import planted_table, scores
from joblib import Parallel, delayed
from torch import nn

from skgroup import ERMClassifier, GradientGroupInferrer, GroupDROClassifier
from skgroup.metrics import cluster_purity, within_class_ari
from skgroup.modules import mlp

N_TRAIN = 4000
BASE = {"k": 2, "epochs": 1, "source": "head", "pca": 10, "clusterer": "kmeans"}
DENSITY = {"eps": None, "min_samples": None}  # searched
FACTORS = {
    "k": ("clusters per class", [2, 3, 4, 5]),
    "epochs": ("epochs", [0.25, 0.5, 1, 2, 5, 10]),
    "source": ("gradients of", ["head", "inner", "all", "activation"]),
    "pca": ("principal components", [2, 10, 50, None]),
    "clusterer": ("clusterer", ["kmeans", "gmm", "dbscan", "hdbscan"]),
}
ORDERED = ("k", "epochs", "pca")
FIGURES = ["purity", "within-class ARI", "worst group"]
# Blue and vermilion: told apart in all common kinds of colour blindness, and in grey by the marker.
STYLES = {"Coloured MNIST, CNN": ("#0072B2", "o"), "Adult, MLP": ("#D55E00", "s")}


def cnn(n_features, n_classes):
    net = nn.Sequential()
    for i, (inputs, outputs) in enumerate([(2, 8), (8, 16)]):
        net.add_module(f"conv_{i}", nn.Conv2d(inputs, outputs, 3, padding=1))
        net.add_module(f"relu_{i}", nn.ReLU())
        net.add_module(f"pool_{i}", nn.MaxPool2d(2))
    net.add_module("flatten", nn.Flatten())
    net.add_module("hidden", nn.Linear(16 * 3 * 3, 64))
    net.add_module("relu", nn.ReLU())
    net.add_module("head", nn.Linear(64, n_classes))
    return net


def draw_mnist(path, seed):
    X, y, groups = mnist_of_two(path, seed, N_TRAIN)
    file, rng = mnist(path), np.random.default_rng([seed, 1])
    y_test = (file["y_test"] >= 5).astype(np.int64)
    X_test, test = two_colors(pool(file["x_test"] / np.float32(255)), y_test, 0.5, rng)
    return (X.reshape(-1, 2, 14, 14), y, groups), (X_test, y_test, test)


def draw_adult(path, seed):
    train, test = planted_table(path, ADULT, 10_000)(seed)
    return tuple(part[:N_TRAIN] for part in train), test


def inferrer(module, inner, changes, seed):
    parameters = BASE | changes
    if parameters["source"] == "inner":
        parameters["source"] = f"layer:{inner}"
    if parameters["clusterer"] in ("dbscan", "hdbscan"):
        parameters |= DENSITY
    return GradientGroupInferrer(module=module, **parameters, random_state=seed)


def run(data, changes, seed):
    """Purity, within-class ARI and the worst group of the test rows; groups "none" and "true"."""
    draw, module, inner = data
    (X, y, true), test = draw(seed)
    with warnings.catch_warnings():
        # That "activation" has one dimension and that a class stays whole is what is measured.
        warnings.simplefilter("ignore")
        if changes == "none":
            found, model = np.zeros_like(y), ERMClassifier(module=module, random_state=seed)
        else:
            found = true
            if changes != "true":
                found = inferrer(module, inner, changes, seed).fit(X, y).groups_
            model = GroupDROClassifier(module=module, random_state=seed)
        model.fit(X, y, groups=None if changes == "none" else found)
    worst = scores(test[1], test[2], model.predict(test[0]))[0]
    return cluster_purity(true, found, y=y), within_class_ari(true, found, y), worst


def settings():
    """(factor, value) -> what changes; the base is run once for all factors."""
    found = {("groups", name): name for name in ("none", "true")} | {("base", ""): {}}
    for factor, (_, values) in FACTORS.items():
        found |= {(factor, v): {factor: v} for v in values if v != BASE[factor]}
    return found


def text(value):
    return "none" if value is None else str(value)


def report(results):
    """One table: setting by data set and figure; `results` maps data set and setting to runs."""
    names = list(results)
    print("| setting | " + " | ".join(f"{n}: {f}" for n in names for f in FIGURES) + " |")
    print("| --- " * (len(names) * len(FIGURES) + 1) + "|")
    for key in results[names[0]]:
        cells = [
            f"{mean:.2f} ± {std:.2f}"
            for name in names
            for mean, std in zip(*spread(results[name][key]), strict=True)
        ]
        print(f"| {' '.join(map(text, key)).strip()} | {' | '.join(cells)} |")


def spread(runs):
    return np.mean(runs, axis=0), np.std(runs, axis=0)


def plot(results, path):
    """A column of panels for each factor: within-class ARI above, worst group below."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    widths = [len(vs) if factor in ORDERED else 5.5 for factor, (_, vs) in FACTORS.items()]
    fig, panels = plt.subplots(
        2, len(FACTORS), sharex="col", sharey="row", layout="constrained", figsize=(14, 5.2),
        width_ratios=widths,
    )  # fmt: skip
    for column, (factor, (title, values)) in enumerate(FACTORS.items()):
        for line, figure in enumerate(FIGURES[1:], start=1):
            axis = panels[line - 1, column]
            for i, (name, found) in enumerate(results.items()):
                keys = [(factor, v) if v != BASE[factor] else ("base", "") for v in values]
                mean, std = np.array([spread(found[key]) for key in keys])[..., line].T
                draw_line(axis, i, name, mean, std, joined=factor in ORDERED)
                if figure == "worst group":
                    for groups, style in (("none", ":"), ("true", "--")):
                        level = spread(found["groups", groups])[0][line]
                        axis.axhline(level, color=STYLES[name][0], linestyle=style, linewidth=1)
            axis.spines[["top", "right"]].set_visible(False)
            axis.grid(axis="y", color="0.9")
            axis.set_axisbelow(True)
        axis.set_xticks(range(len(values)), [text(v) for v in values])
        axis.get_xticklabels()[values.index(BASE[factor])].set_fontweight("bold")
        axis.set_xlim(-0.5, len(values) - 0.5)
        axis.set_xlabel(title)
    panels[0, 0].set_ylabel("within-class ARI")
    panels[1, 0].set_ylabel("test accuracy,\ntrue worst group")
    add_legend(fig, panels[0, 0], results)
    fig.savefig(path, dpi=150)


def draw_line(axis, i, name, mean, std, *, joined):
    """Means with error bars, joined where the values have an order; data sets side by side."""
    color, marker = STYLES[name]
    x = np.arange(len(mean)) + 0.16 * (i - 0.5)
    axis.errorbar(
        x, mean, std, color=color, marker=marker, markersize=6, capsize=2, label=name,
        linestyle="-" if joined else "none",
    )  # fmt: skip


def add_legend(fig, axis, results):
    from matplotlib.lines import Line2D

    handles, labels = axis.get_legend_handles_labels()
    for style, label in ((":", "ERM, no groups"), ("--", "true groups")):
        handles.append(Line2D([], [], color="0.3", linestyle=style, linewidth=1))
        labels.append(label)
    handles.append(Line2D([], [], linestyle="none"))
    labels.append("bold: the base")
    fig.legend(handles, labels, loc="outside upper center", ncols=len(handles), frameon=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", help="path of an npz file with x_train, y_train, x_test, y_test")
    parser.add_argument("--adult", help="path of adult.csv.gz")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--factors", nargs="*", choices=list(FACTORS), help="all if not given")
    parser.add_argument("--figure", help="where to save a figure; all factors are needed for it")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    sources = {}
    if options.mnist:
        sources["Coloured MNIST, CNN"] = partial(draw_mnist, options.mnist), cnn, "hidden"
    if options.adult:
        net = partial(mlp, hidden_layer_sizes=(100, 100))
        sources["Adult, MLP"] = partial(draw_adult, options.adult), net, "hidden_1"
    if not sources:
        parser.error("give --mnist, --adult or both")
    if options.factors and options.figure:
        parser.error("--figure shows all factors: leave out --factors")
    kept = {"groups", "base", *(options.factors or FACTORS)}
    todo = {key: changes for key, changes in settings().items() if key[0] in kept}
    jobs = [(name, key, seed) for name in sources for key in todo for seed in range(options.seeds)]
    runs = Parallel(n_jobs=options.jobs)(
        delayed(run)(sources[name], todo[key], seed) for name, key, seed in jobs
    )
    results = {name: {key: [] for key in todo} for name in sources}
    for (name, key, _), found in zip(jobs, runs, strict=True):
        results[name][key].append(found)
    report(results)
    if options.figure:
        plot(results, options.figure)


if __name__ == "__main__":
    main()
