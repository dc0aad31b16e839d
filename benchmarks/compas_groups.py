"""What the inferred groups of COMPAS are, whether they are stable, and what they are good for.

File order, 60 % to train on, 20 % unused, 20 % to test on; all nine columns, or six without race
and sex. The true groups are race x sex x label, those under 10 test rows left out.
"""

import argparse
import warnings

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from skgroup import (
    ERMClassifier,
    GradientGroupInferrer,
    GroupDROClassifier,
    GroupInferrerSearch,
    cross_groups,
)
from skgroup.datasets import load_compas
from skgroup.inspection import describe_groups, stability
from skgroup.metrics import group_agreement

PROTECTED = ("race", "sex")


def split(without):
    """Frames of training and test rows, labels, and true groups."""
    bunch = load_compas(as_frame=True)
    groups = cross_groups(bunch.target, bunch.attribute)
    X = pd.get_dummies(bunch.data, dtype=float)
    if without:
        X = X[[name for name in X.columns if not name.startswith(PROTECTED)]]
    n = len(X)
    train, test = slice(0, round(0.6 * n)), slice(round(0.8 * n), n)
    return (X[train], bunch.target[train], groups[train]), (
        X[test],
        bunch.target[test],
        groups[test],
    )


def worst(y, groups, predicted):
    size = np.bincount(groups)
    accuracy = np.bincount(groups, np.asarray(y) == predicted) / np.maximum(size, 1)
    return accuracy[size >= 10].min()


def models(train, test, seed):
    """Worst of the true groups and average accuracy, by method; the inferrers."""
    (X, y, groups), (X_test, y_test, groups_test) = train, test
    scaler = StandardScaler().set_output(transform="pandas").fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)
    inferrers = {"default": GradientGroupInferrer, "chosen": GroupInferrerSearch}
    fitted = {name: make(random_state=seed).fit(X, y) for name, make in inferrers.items()}
    found = {"ERM": None, "oracle": groups} | {k: v.groups_ for k, v in fitted.items()}
    scores = {}
    for name, inferred in found.items():
        make = ERMClassifier if name == "ERM" else GroupDROClassifier
        predicted = make(random_state=seed).fit(X, y, groups=inferred).predict(X_test)
        scores[name] = worst(y_test, groups_test, predicted), np.mean(predicted == y_test)
    agreement = {
        name: group_agreement(groups, inferrer.groups_, y) for name, inferrer in fitted.items()
    }
    return scores, agreement, fitted


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    seeds = range(parser.parse_args().seeds)
    for without in (False, True):
        train, test = split(without)
        print(f"\n## {'Six columns' if without else 'Nine columns'}: {train[0].shape[1]} inputs\n")
        runs = [models(train, test, seed) for seed in seeds]
        for name in ("ERM", "default", "chosen", "oracle"):
            found = np.array([run[0][name] for run in runs])
            print(f"{name:8} worst {found[:, 0].mean():.3f} ± {found[:, 0].std():.3f}"
                  f"   average {found[:, 1].mean():.3f}")  # fmt: skip
        for name in ("default", "chosen"):
            within = [run[1][name]["within_class_ari"] for run in runs]
            whole = [run[1][name]["global_ari"] for run in runs]
            print(f"{name:8} ARI within class {np.mean(within):.3f}, global {np.mean(whole):.3f}")
        only = group_agreement(train[2], train[1], train[1])["global_ari"]
        print(f"class only: global {only:.3f}\n")
        X, y, _ = train
        default = GradientGroupInferrer(random_state=0).fit(X, y)
        print(describe_groups(default, X, y, max_features=3, random_state=0), "\n")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            print(stability(default, X, y, n_resamples=10, n_null=19, random_state=0))
        for warning in caught:
            print(f"warning: {warning.message}")


if __name__ == "__main__":
    main()
