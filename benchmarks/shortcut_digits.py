"""MNIST with a shortcut that is never wrong in training: ERM against unlearning from experience.

"corner": the label is written one-hot into the first ten pixels of the first row. "colour": ten
colours, one for each label. Both are tested on plain digits: without the pixel, and grey in all
three channels. There is no group to select by: epochs are fixed, and `--tune` compares settings on
plain digits held out of the training set, with the first seed only.

Needs `--mnist PATH`, an .npz file with x_train, y_train, x_test and y_test as unsigned bytes.
"""

import argparse
import colorsys
import time
from functools import partial

import numpy as np
import torch
from joblib import Parallel, delayed
from torch import nn

from skgroup import ERMClassifier, ULEClassifier

COLOURS = np.array([colorsys.hsv_to_rgb(k / 10, 1, 1) for k in range(10)], dtype=np.float32)
HELD_OUT = 2000
# The best of the grid.
TUNED = {
    "corner": {"ce_weight": 0.65, "magnitude": "ratio"},
    "colour": {"ce_weight": 0.65, "magnitude": "decade"},
}
PUBLISHED = {"corner": (85, 95), "colour": (21, 40)}
READINGS = [{"magnitude": "decade"}, {"magnitude": "ratio"}, {"saliency_class": "label"}]
GRID = [
    {"ce_weight": ce_weight} | reading
    for ce_weight in (0.95, 0.9, 0.8, 0.65, 0.5)
    for reading in READINGS
]


def marked(images, y):
    images = images.copy()
    images[np.arange(len(y)), 0, y] = 1
    return images[:, None]


def coloured(images, y):
    return images[:, None] * COLOURS[y][:, :, None, None]


SHORTCUTS = {
    "corner": (marked, lambda images: images[:, None]),
    "colour": (coloured, lambda images: np.repeat(images[:, None], 3, axis=1)),
}


def small_cnn(n_channels, n_classes, width):
    return nn.Sequential(
        nn.Conv2d(n_channels, width, 3), nn.ReLU(), nn.Conv2d(width, 2 * width, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(), nn.Linear(288 * width, 4 * width),
        nn.ReLU(), nn.Dropout(0.5), nn.Linear(4 * width, n_classes),
    )  # fmt: skip


def prepared(images, options):
    images = (images - options.mean) / options.deviation
    return images if options.network == "cnn" else images.reshape(len(images), -1)


def draw(shortcut, options, seed, *, test):
    """Training rows with the shortcut, plain rows without it."""
    data = np.load(options.mnist)
    order = np.random.default_rng(seed).permutation(len(data["y_train"]))
    train, plain = order[: options.rows], order[-HELD_OUT:]
    images, y = data["x_train"] / np.float32(255), data["y_train"].astype(np.int64)
    add, leave = SHORTCUTS[shortcut]
    X = prepared(add(images[train], y[train]), options)
    if test:
        X_test, y_test = data["x_test"] / np.float32(255), data["y_test"]
    else:
        X_test, y_test = images[plain], y[plain]
    return X, y[train], prepared(leave(X_test), options), y_test


def fit(shortcut, parameters, options, seed, *, test):
    """Accuracy on plain digits, accuracy in training, and seconds; `parameters` None: ERM."""
    torch.set_num_threads(1)
    X, y, X_test, y_test = draw(shortcut, options, seed, test=test)
    settings = {
        "module": partial(small_cnn, width=options.width) if options.network == "cnn" else None,
        "standardize": False,
        "optimizer": options.optimizer, "lr": options.lr, "max_epochs": options.epochs,
        "early_stopping": False, "random_state": seed,
    }  # fmt: skip
    if parameters is None:
        clf = ERMClassifier(**settings)
    else:
        clf = ULEClassifier(**parameters, **settings)
    start = time.perf_counter()
    clf.fit(X, y)
    seconds = time.perf_counter() - start
    return clf.score(X_test, y_test), clf.history_["train_accuracy"][-1], seconds


def tune(shortcut, options, run):
    tried = [None, *GRID]
    found = run(delayed(fit)(shortcut, p, options, 0, test=False) for p in tried)
    print(f"\n{shortcut}, seed 0, {HELD_OUT} plain digits held out\n")
    print("| method | plain digits | training | seconds |\n|---|---|---|---|")
    for parameters, (accuracy, training, seconds) in zip(tried, found, strict=True):
        name = "ERM" if parameters is None else f"ULE {parameters}"
        print(f"| {name} | {accuracy:.3f} | {training:.3f} | {seconds:.0f} |", flush=True)


def compare(shortcut, parameters, options, run):
    for name, tried, published in zip(
        ("ERM", f"ULE {parameters}"), (None, parameters), PUBLISHED[shortcut], strict=True
    ):
        seeds = range(options.seeds)
        found = run(delayed(fit)(shortcut, tried, options, seed, test=True) for seed in seeds)
        results = np.array(list(found))
        (accuracy, training, seconds), spread = results.mean(axis=0), results[:, 0].std()
        print(
            f"| {shortcut} | {name} | {100 * accuracy:.1f} +- {100 * spread:.1f} | "
            f"{100 * training:.1f} | {seconds:.0f} | {published} |",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", required=True, help="path of the .npz file")
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--network", choices=["mlp", "cnn"], default="cnn")
    parser.add_argument("--width", type=int, default=8, help="of the cnn; the paper has 32")
    parser.add_argument("--optimizer", choices=["adam", "sgd"], default="adam")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument(
        "--mean", type=float, default=0.1307, help="subtracted from pixels in [0, 1]"
    )
    parser.add_argument("--deviation", type=float, default=0.3081, help="then divided by")
    parser.add_argument("--only", nargs="*", choices=list(SHORTCUTS), default=list(SHORTCUTS))
    parser.add_argument("--tune", action="store_true", help="the grid on held-out digits instead")
    options = parser.parse_args()
    run = Parallel(n_jobs=options.jobs, return_as="generator")
    if options.tune:
        for shortcut in options.only:
            tune(shortcut, options, run)
        return
    print(
        f"{options.network}, width {options.width}, {options.rows} rows, {options.epochs} epochs, "
        f"{options.optimizer} with lr {options.lr:g}, batches of 128, pixels "
        f"(x - {options.mean:g}) / {options.deviation:g}, {options.seeds} seeds\n\n"
        "| shortcut | method | plain digits, % | training, % | seconds | published |\n"
        "|---|---|---|---|---|---|"
    )
    for shortcut in options.only:
        compare(shortcut, TUNED[shortcut], options, run)


if __name__ == "__main__":
    main()
