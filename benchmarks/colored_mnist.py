"""Coloured MNIST with ten colours: group-balanced accuracy over 100 groups, digit x colour.

Each class has a colour, which its digits wear but for a share of conflicting ones in any other
colour, with Gaussian noise on the colour of each image. The 10,000 test digits wear all colours
alike. Give `--mnist PATH`, an npz file with x_train, y_train, x_test and y_test (uint8). Settings
were chosen on the validation part of seed 0 (`--on validation`): 5,000 training digits, in all
colours alike, which no fit sees. No fit selects its epoch: it ends where it ends.
"""

import argparse
import time
from functools import partial

import numpy as np
from joblib import Parallel, delayed
from skorch.callbacks import LRScheduler
from torch.optim.lr_scheduler import CosineAnnealingLR

from skgroup import (
    ERMClassifier,
    GERNEClassifier,
    GradientGroupInferrer,
    GroupDROClassifier,
    JTTClassifier,
    LfFClassifier,
    ResamplingClassifier,
)
from skgroup.modules import mlp

# Red, green, yellow, blue, orange; purple, cyan, magenta, lime, pink: all have something in every
# channel, so that no digit shows up in one channel alone.
COLORS = (
    np.array(
        [
            [230, 25, 75], [60, 180, 75], [255, 225, 25], [67, 99, 216], [245, 130, 49],
            [145, 30, 180], [70, 240, 240], [240, 50, 230], [188, 246, 12], [250, 190, 190],
        ]
    )
    / 255
)  # fmt: skip
NOISE = 0.05
N_VALIDATION = 5000

SHARES = [0.5, 1.0, 2.0, 5.0]  # of conflicting digits, per cent
SHARED = {"hidden_layer_sizes": (100, 100, 100), "standardize": False, "early_stopping": False}
# Chosen for GERNE at each share, and the same for all methods: the more digits conflict, the harder
# they may be fitted.
ADAM = {
    0.5: {"lr": 5e-4, "weight_decay": 1e-3},
    1.0: {"lr": 5e-4, "weight_decay": 1e-3},
    2.0: {"lr": 2e-3, "weight_decay": 5e-4},
    5.0: {"lr": 3e-3, "weight_decay": 5e-4},
}
BETA = {0.5: 1.0, 1.0: 1.0, 2.0: 0.8, 5.0: 0.7}
# For two parts a class, as in the paper: the biased network has to be kept from learning digits.
SGD = {
    0.5: {"lr": 0.03, "weight_decay": 1e-2, "beta": 1.2},
    1.0: {"lr": 0.03, "weight_decay": 1e-2, "beta": 1.1},
    2.0: {"lr": 0.03, "weight_decay": 5e-3, "beta": 1.0},
    5.0: {"lr": 0.05, "weight_decay": 3e-3, "beta": 0.8},
}


def method(cls, epochs=10, **parameters):
    """Make the classifier; its learning rate falls to 0 along a cosine."""
    schedule = [LRScheduler(CosineAnnealingLR, T_max=epochs)]
    return cls(**SHARED, **parameters, max_epochs=epochs, callbacks=schedule)


def plain(cls, **parameters):
    return lambda share: method(cls, **ADAM[share], **parameters)


def gerne(share):
    return method(
        GERNEClassifier, epochs=6 if share < 1 else 10, beta=BETA[share], group_batch_size=10,
        overlap=1.0, **ADAM[share],
    )  # fmt: skip


def gerne_of_two_parts(share, **parameters):
    return method(
        GERNEClassifier, group_batch_size=10, overlap=1.0, allow_beyond_bound=True,
        optimizer="sgd", **SGD[share], **parameters,
    )  # fmt: skip


def gerne_unknown(share):
    return gerne_of_two_parts(share, attributes="unknown", minority_share=share / 100)


def inferrer(share):
    """A reference stopped after one epoch; clusters as small as a fifth of the conflicting rows."""
    return GradientGroupInferrer(
        2, module=partial(mlp, hidden_layer_sizes=(100, 100, 100)), epochs=1,
        min_cluster_share=share / 500,
    )  # fmt: skip


# Method -> where groups are from, and the classifier for a share of conflicting digits.
METHODS = {
    "ERM": ("nowhere", plain(ERMClassifier)),
    "Group DRO": ("colours", plain(GroupDROClassifier)),
    "Resampling": ("colours", plain(ResamplingClassifier)),
    "JTT": ("nowhere", plain(JTTClassifier, upweight=50)),
    "LfF": ("nowhere", plain(LfFClassifier)),
    "GERNE, known": ("colours", gerne),
    "GERNE, unknown": ("nowhere", gerne_unknown),
    "inferred + Group DRO": ("inferrer", plain(GroupDROClassifier)),
    "inferred + GERNE": ("inferrer", gerne_of_two_parts),
}
# Group-balanced accuracy in per cent, in the papers.
PUBLISHED = {
    "ERM": [35.2, 52.1, 65.9, 82.2],
    "Group DRO": [63.1, 68.8, 76.3, 84.2],
    "JTT": [53.0, 62.9, 74.2, 84.0],
    "LfF": [52.5, 61.9, 71.0, 84.8],
    "GERNE, known": [77.8, 84.5, 88.3, 92.2],
    "GERNE, unknown": [77.3, 84.0, 87.4, 91.0],
}


def paint(grey, color, rng):
    """Images of shape (n, 2352), float32 in [0, 1]: the grey digit times its noisy colour."""
    shade = np.clip(COLORS[color] + rng.normal(0, NOISE, (len(color), 3)), 0, 1)
    scaled = shade.astype(np.float32) / np.float32(255)
    return (grey.reshape(len(grey), 1, -1) * scaled[:, :, None]).reshape(len(grey), -1)


def draw_colors(y, share, rng):
    """The colour of the class, and any other one for a share of the digits of each class."""
    color = y.astype(np.int64)
    for digit in range(10):
        rows = rng.permutation(np.flatnonzero(y == digit))
        rows = rows[: round(share * len(rows))]
        color[rows] = (digit + rng.integers(1, 10, len(rows))) % 10
    return color


def load(path, share, seed, on):
    """Training part with `share` conflicting digits, and a part with all colours alike."""
    rng = np.random.default_rng(seed)
    with np.load(path) as file:
        images, y = file["x_train"], file["y_train"].astype(np.int64)
        test = file["x_test"], file["y_test"].astype(np.int64)
    order = rng.permutation(len(y))
    held_out, train = order[:N_VALIDATION], order[N_VALIDATION:]
    color = draw_colors(y[train], share, rng)
    X = paint(images[train], color, rng)
    digits, target = test if on == "test" else (images[held_out], y[held_out])
    any_color = rng.permutation(np.arange(len(target)) % 10)
    return (X, y[train], color), (paint(digits, any_color, rng), target, any_color)


def balanced_accuracy(y, color, predicted):
    """Mean accuracy over the groups digit x colour."""
    group, correct = 10 * y + color, (y == predicted).astype(float)
    return np.mean(np.bincount(group, correct, 100) / np.bincount(group, minlength=100))


def run(path, name, share, seed, on="test"):
    (X, y, color), (X_test, y_test, color_test) = load(path, share / 100, seed, on)
    source, make = METHODS[name]
    start = time.perf_counter()
    groups = 10 * y + color if source == "colours" else None
    if source == "inferrer":
        groups = inferrer(share).set_params(random_state=seed).fit(X, y).groups_
    clf = make(share).set_params(random_state=seed).fit(X, y, groups=groups)
    seconds = time.perf_counter() - start
    return 100 * balanced_accuracy(y_test, color_test, clf.predict(X_test)), seconds


def report(name, shares, results):
    """A row of the table: mean and standard deviation over seeds, the published figure."""
    cells, seconds = [], []
    for share, runs in zip(shares, results, strict=True):
        scores = [score for score, _ in runs]
        seconds += [time for _, time in runs]
        published = dict(zip(SHARES, PUBLISHED.get(name, []), strict=False)).get(share, "")
        cells.append(f"{np.mean(scores):.1f} ± {np.std(scores):.1f} ({published})")
    print(f"| {name} | {' | '.join(cells)} | {np.mean(seconds):.0f} s |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", required=True, help="path of the npz file")
    parser.add_argument("--share", type=float, nargs="*", choices=SHARES, default=SHARES)
    parser.add_argument("--methods", nargs="*", default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--on", choices=["test", "validation"], default="test")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    print("| method (published) | " + " | ".join(f"{s:g} %" for s in options.share) + " | a fit |")
    print("| --- " * (len(options.share) + 2) + "|")
    parallel = Parallel(n_jobs=options.jobs)
    job = delayed(partial(run, options.mnist, on=options.on))
    for name in options.methods:
        jobs = [job(name, s, seed) for s in options.share for seed in range(options.seeds)]
        found = parallel(jobs)
        rows = [found[i : i + options.seeds] for i in range(0, len(found), options.seeds)]
        report(name, options.share, rows)
    print("\nSettings at each share:")
    for name in options.methods:
        for text in dict.fromkeys(
            " ".join(str(METHODS[name][1](s)).split()) for s in options.share
        ):
            print(f"- {name}: `{text}`")


if __name__ == "__main__":
    main()
