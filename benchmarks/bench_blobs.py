"""Four-group Gaussians: within-class ARI of inferred groups, and the limits around it."""

import argparse
import warnings

import numpy as np
from scipy.special import logsumexp
from sklearn.cluster import KMeans

from skgroup import GradientGroupInferrer
from skgroup.datasets import make_group_blobs
from skgroup.metrics import group_agreement

CENTRES = {
    0: [((0, 5), 0), ((0, 3), 0), ((0, 2), 0), ((0, 1), 0), ((1, 4), 1)],
    1: [((1, 5), 1), ((1, 3), 1), ((1, 2), 1), ((1, 1), 1), ((0, 4), 0)],
}


def feature_kmeans(X, y, seed):
    groups = np.empty_like(y)
    for c in np.unique(y):
        rows = y == c
        groups[rows] = 2 * c + KMeans(2, n_init=10, random_state=seed).fit_predict(X[rows])
    return groups


def bayes(X, y, variance, flip):
    """The most probable of: majority or minority of the class, or a flipped row of the other."""
    groups = np.empty_like(y)
    for c in np.unique(y):
        rows = X[y == c]
        scores, names = [], []
        for origin, prior in ((c, 1 - flip), (1 - c, flip)):
            if prior == 0:
                continue
            for minority in (False, True):
                chosen = [m for m, a in CENTRES[origin] if (a != origin) == minority]
                distance = ((rows[:, None] - np.array(chosen)) ** 2).sum(axis=2)
                scores.append(np.log(prior) + logsumexp(-distance / (2 * variance), axis=1))
                names.append(2 * c + minority if origin == c else -1)
        groups[y == c] = np.array(names)[np.argmax(scores, axis=0)]
    return groups


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    seeds = range(parser.parse_args().seeds)
    for variance in (0.01, 0.1):
        for flip in (0.0, 0.05):
            table = {}
            for seed in seeds:
                X, y, true = make_group_blobs(variance=variance, flip=flip, random_state=seed)
                train = np.random.default_rng(seed).permutation(len(y))[:600]
                X, y, true = X[train], y[train], true[train]
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    default = GradientGroupInferrer(random_state=seed).fit_predict(X, y)
                rows = {
                    "skgroup, default": default,
                    "k-means on features": feature_kmeans(X, y, seed),
                    "Bayes limit": bayes(X, y, variance, flip),
                    "class only": y,
                }
                for name, groups in rows.items():
                    table.setdefault(name, []).append(group_agreement(true, groups, y))
            print(f"\nvariance {variance}, {flip:.0%} flipped, {len(seeds)} seeds")
            for name, found in table.items():
                within = [f["within_class_ari"] for f in found]
                whole = np.mean([f["global_ari"] for f in found])
                print(f"  {name:22} within class {np.mean(within):.3f} +- {np.std(within):.3f}"
                      f"   global {whole:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
