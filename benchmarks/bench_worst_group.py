"""True worst-group accuracy of all that needs no groups, and of true ones; default settings.

Planted shortcuts are tested on splits where they say nothing; natural groups by repeated
cross-validation with pooled out-of-fold predictions. Give `--adult PATH` and `--german PATH` for
these. *default* is `GradientGroupInferrer()`, *chosen* is `GroupInferrerSearch()`.
"""

import argparse
from functools import partial

import numpy as np
from _inference_data import ADULT, GERMAN, real, table
from joblib import Parallel, delayed

from skgroup import (
    DOROClassifier,
    ERMClassifier,
    GERNEClassifier,
    GradientGroupInferrer,
    GroupDROClassifier,
    GroupInferrerSearch,
    JTTClassifier,
    LfFClassifier,
    ReweightingClassifier,
    cross_groups,
)
from skgroup.datasets import (
    load_compas,
    make_colored_digits,
    make_shortcut_classification,
    plant_shortcut,
)
from skgroup.metrics import within_class_ari
from skgroup.model_selection import GroupStratifiedKFold

MIN_TEST_ROWS = 30
# Name -> the classifier of a seed, and where its groups are from.
METHODS = {
    "ERM": (lambda seed: ERMClassifier(random_state=seed), None),
    "ERM, selected": (
        lambda seed: ERMClassifier(early_stopping="auto", random_state=seed),
        "oracle",
    ),
    "class-balanced": (lambda seed: GroupDROClassifier(random_state=seed), "classes"),
    "JTT": (lambda seed: JTTClassifier(random_state=seed), None),
    "LfF": (lambda seed: LfFClassifier(random_state=seed), None),
    "DORO": (lambda seed: DOROClassifier(random_state=seed), None),
    "default + Group DRO": (lambda seed: GroupDROClassifier(random_state=seed), "default"),
    "chosen + Group DRO": (lambda seed: GroupDROClassifier(random_state=seed), "chosen"),
    "chosen + GERNE": (lambda seed: GERNEClassifier(random_state=seed), "chosen"),
    "chosen + reweighting": (lambda seed: ReweightingClassifier(random_state=seed), "chosen"),
    "oracle": (lambda seed: GroupDROClassifier(random_state=seed), "oracle"),
}
INFERRERS = {"default": GradientGroupInferrer, "chosen": GroupInferrerSearch}


def predictions(X, y, groups, X_test, seed, methods):
    """Predictions of every method on the test rows, and within-class ARI of inferred groups."""
    found, agreement = {"oracle": groups, "classes": y, None: None}, {}
    for name in {METHODS[method][1] for method in methods} & INFERRERS.keys():
        found[name] = INFERRERS[name](random_state=seed).fit(X, y).groups_
        agreement[name] = within_class_ari(groups, found[name], y)
    predicted = {}
    for method in methods:
        make, source = METHODS[method]
        predicted[method] = make(seed).fit(X, y, groups=found[source]).predict(X_test)
    return predicted, agreement


def scores(y, groups, predicted):
    """Worst-group and average accuracy."""
    correct, sizes = y == predicted, np.bincount(groups)
    accuracy = np.bincount(groups, correct) / np.maximum(sizes, 1)
    return accuracy[sizes >= MIN_TEST_ROWS].min(), correct.mean()


def one_split(train, test, seed, methods):
    X, y, groups = train
    X_test, y_test, groups_test = test
    found, ari = predictions(X, y, groups, X_test, seed, methods)
    return [scores(y_test, groups_test, found[name]) for name in methods], ari


def cross_validated(X, y, groups, seed, methods):
    pooled = {name: np.empty_like(y) for name in methods}
    ari = []
    folds = GroupStratifiedKFold(5, shuffle=True, random_state=seed)
    for train, test in folds.split(X, y, groups):
        found, agreement = predictions(X[train], y[train], groups[train], X[test], seed, methods)
        ari.append(agreement)
        for name in methods:
            pooled[name][test] = found[name]
    mean = {name: np.mean([fold[name] for fold in ari]) for name in ari[0]}
    return [scores(y, groups, pooled[name]) for name in methods], mean


def made(core, shortcut, agreement=0.95):
    """4,000 rows of 20 columns: class means at +-core in one and +-shortcut in another."""
    strength = {"core_strength": core, "shortcut_strength": shortcut}

    def draw(seed):
        make = make_shortcut_classification
        train = make(4000, **strength, agreement=agreement, random_state=seed)
        return train, make(4000, **strength, agreement=0.5, subset="test", random_state=seed)

    return draw


def digits(agreement):
    """8 x 8 digits below 5 against the rest, colour agreeing with the class."""

    def draw(seed):
        train = make_colored_digits(agreement=agreement, random_state=seed)
        tests = [
            make_colored_digits(subset=subset, agreement=0.5, random_state=seed)
            for subset in ("validation", "test")
        ]
        return train, tuple(np.concatenate(parts) for parts in zip(*tests, strict=True))

    return draw


def planted_table(path, columns, n_train):
    """A column that agrees with the class in 95 % of training rows and half of test rows."""
    X, y, _ = table(path, *columns)

    def draw(seed):
        order = np.random.default_rng(seed).permutation(len(y))
        parts = []
        for rows, agreement in ((order[:n_train], 0.95), (order[n_train : 2 * n_train], 0.5)):
            Z, groups = plant_shortcut(X[rows], y[rows], agreement, random_state=seed)
            parts.append((Z, y[rows], groups))
        return parts

    return draw


def compas(label):
    bunch = load_compas(label=label)
    return bunch.data, bunch.target, cross_groups(bunch.target, bunch.attribute)


def splits(options):
    """Planted shortcuts: name -> a function from the seed to a training and a test part."""
    found = {
        "easy": made(1.0, 3.0),
        "weak": made(0.5, 2.0),
        "weaker": made(0.5, 1.5),
        "weakest": made(0.5, 1.0),
        "frequent": made(1.0, 3.0, agreement=0.8),
        "digits90": digits(0.9),
        "digits95": digits(0.95),
    }
    if options.adult:
        found["Adult-planted"] = planted_table(options.adult, ADULT, 5000)
    if options.german:
        found["German-planted"] = planted_table(options.german, GERMAN, 500)
    return found


def whole(options):
    """Natural groups: name -> a function that gives all rows, for cross-validation."""
    found = {"COMPAS": partial(compas, options.compas_label)}
    if options.adult:
        found["Adult"] = partial(real, options.adult, ADULT, 0)
    if options.german:
        found["German"] = partial(real, options.german, GERMAN, 0)
    return found


def share_of_gain(worst, i):
    """Gain of method i over ERM, in gains of the oracle, with a paired bootstrap interval."""
    gains = worst[:, [i, -1]] - worst[:, [0]]
    draws = np.random.default_rng(0).integers(len(gains), size=(10_000, len(gains)))
    mean = gains[draws].mean(axis=1)
    share = f"{gains[:, 0].mean() / gains[:, 1].mean():.2f}"
    if (mean[:, 1] <= 0).any():  # a gain that may be none is no unit
        return f"{share} [–]"
    low, high = np.quantile(mean[:, 0] / mean[:, 1], [0.025, 0.975])
    return f"{share} [{low:.2f}, {high:.2f}]"


def report(name, results, methods):
    """A table with the worst group, the average, and the share of the oracle's gain."""
    found = np.array([rows for rows, _ in results])  # (repeats, methods, 2)
    worst, average = found[:, :, 0], found[:, :, 1].mean(axis=0)
    ari = {k: f"{np.mean([a[k] for _, a in results]):.2f}" for k in results[0][1]}
    print(f"\n{name}, {len(found)} repeats; within-class ARI {ari}\n")
    print("| method | worst group | average | share of the oracle's gain |\n" + "| --- " * 4 + "|")
    for i, method in enumerate(methods):
        share = share_of_gain(worst, i) if 0 < i < len(methods) - 1 else ""
        spread = f"{worst[:, i].mean():.3f} ± {worst[:, i].std():.3f}"
        print(f"| {method} | {spread} | {average[i]:.3f} | {share} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adult", help="path of adult.csv.gz")
    parser.add_argument("--german", help="path of german_credit.csv.gz")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--compas-label", default="is_recid", help="or two_year_recid")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="*", help="short names: easy, weak, Adult, COMPAS, ...")
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=list(METHODS))
    options = parser.parse_args()
    methods = ["ERM", *(m for m in options.methods if m not in ("ERM", "oracle")), "oracle"]
    run = Parallel(n_jobs=options.jobs)
    seeds = range(options.first_seed, options.first_seed + options.repeats)
    wanted = options.only
    for name, draw in splits(options).items():
        if not wanted or name in wanted:
            parts = run(delayed(one_split)(*draw(seed), seed, methods) for seed in seeds)
            report(name, parts, methods)
    for name, data in whole(options).items():
        if not wanted or name in wanted:
            parts = run(delayed(cross_validated)(*data(), seed, methods) for seed in seeds)
            report(name, parts, methods)


if __name__ == "__main__":
    main()
