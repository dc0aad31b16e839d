"""Four-group Gaussians: are outliers wrong labels, and what does it do to leave them out?"""

import argparse

import numpy as np
from joblib import Parallel, delayed
from scipy.special import logsumexp

from skgroup import ERMClassifier, GradientGroupInferrer, GroupDROClassifier
from skgroup.datasets import make_group_blobs
from skgroup.metrics import within_class_ari, worst_group_accuracy

CENTRES = {
    0: [((0, 5), 0), ((0, 3), 0), ((0, 2), 0), ((0, 1), 0), ((1, 4), 1)],
    1: [((1, 5), 1), ((1, 3), 1), ((1, 2), 1), ((1, 1), 1), ((0, 4), 0)],
}


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


def worst_group(X, y, groups, test, seed):
    """Accuracy in the worst group of `test` after Group DRO on `groups`, or ERM where None."""
    make = ERMClassifier if groups is None else GroupDROClassifier
    X_test, y_test, true = test
    predicted = make(random_state=seed).fit(X, y, groups=groups).predict(X_test)
    return worst_group_accuracy(y_test, predicted, true)


def one(variance, flip, seed):
    """Figures of one draw: outliers, agreement, and the worst group of clean test rows."""
    X, y, true = make_group_blobs(variance=variance, flip=flip, random_state=seed)
    train = np.random.default_rng(seed).permutation(len(y))[:600]
    X, y, true = X[train], y[train], true[train]
    test = make_group_blobs(variance=variance, random_state=1000 + seed)
    dropped = GradientGroupInferrer(random_state=seed).fit_predict(X, y)
    kept = GradientGroupInferrer(noise_neighbors=None, random_state=seed).fit_predict(X, y)
    limit = bayes(X, y, variance, flip)
    return {
        "outliers": (dropped == -1).sum(),
        "of them flipped": ((dropped == -1) & (true == -1)).sum(),
        "flipped": (true == -1).sum(),
        "ARI, outliers dropped": within_class_ari(true, dropped, y),
        "ARI, outliers kept": within_class_ari(true, kept, y),
        "ARI, Bayes limit": within_class_ari(true, limit, y),
        "worst group, ERM": worst_group(X, y, None, test, seed),
        "worst group, outliers dropped": worst_group(X, y, dropped, test, seed),
        "worst group, outliers kept": worst_group(X, y, kept, test, seed),
        "worst group, true groups": worst_group(X, y, true, test, seed),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    run = Parallel(n_jobs=options.jobs)
    for variance in (0.01, 0.1):
        for flip in (0.0, 0.05):
            found = run(delayed(one)(variance, flip, seed) for seed in range(options.seeds))
            print(f"\nvariance {variance}, {flip:.0%} flipped, {len(found)} seeds", flush=True)
            for name in found[0]:
                values = [row[name] for row in found]
                print(f"  {name:30} {np.mean(values):.3f} ± {np.std(values):.3f}")
            if flip:
                right, n = (sum(row[k] for row in found) for k in ("of them flipped", "outliers"))
                print(f"  precision of outliers, pooled  {right / n:.3f}")


if __name__ == "__main__":
    main()
