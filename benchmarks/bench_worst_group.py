"""True worst-group accuracy: ERM, class-balanced, inferred and oracle Group DRO, default settings.

Planted data sets are tested on splits where the shortcut says nothing; COMPAS by repeated
cross-validation with pooled out-of-fold predictions. Give `--adult PATH` for UCI Adult.
"""

import argparse
import re

import numpy as np
from joblib import Parallel, delayed
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skgroup import ERMClassifier, GradientGroupInferrer, GroupDROClassifier, cross_groups
from skgroup.datasets import (
    load_compas,
    make_colored_digits,
    make_shortcut_classification,
    plant_shortcut,
)
from skgroup.metrics import within_class_ari
from skgroup.model_selection import GroupStratifiedKFold

METHODS = ["ERM", "ERM, selected", "class-balanced", "inferred", "oracle"]
MIN_TEST_ROWS = 30


def predictions(X, y, groups, X_test, seed):
    """Predictions of every method on the test rows, and the within-class ARI of the groups."""
    inferrer = GradientGroupInferrer(random_state=seed).fit(X, y)
    models = {
        "ERM": (ERMClassifier(random_state=seed), None),
        "ERM, selected": (ERMClassifier(early_stopping="auto", random_state=seed), groups),
        "class-balanced": (GroupDROClassifier(random_state=seed), y),
        "inferred": (GroupDROClassifier(random_state=seed), inferrer.groups_),
        "oracle": (GroupDROClassifier(random_state=seed), groups),
    }
    found = {name: clf.fit(X, y, g).predict(X_test) for name, (clf, g) in models.items()}
    return found, within_class_ari(groups, inferrer.groups_, y)


def scores(y, groups, predicted):
    """Worst-group and average accuracy."""
    correct, sizes = y == predicted, np.bincount(groups)
    accuracy = np.bincount(groups, correct) / np.maximum(sizes, 1)
    return accuracy[sizes >= MIN_TEST_ROWS].min(), correct.mean()


def one_split(train, test, seed):
    X, y, groups = train
    X_test, y_test, groups_test = test
    found, ari = predictions(X, y, groups, X_test, seed)
    return [scores(y_test, groups_test, found[name]) for name in METHODS], ari


def cross_validated(X, y, groups, seed):
    pooled = {name: np.empty_like(y) for name in METHODS}
    ari = []
    folds = GroupStratifiedKFold(5, shuffle=True, random_state=seed)
    for train, test in folds.split(X, y, groups):
        found, agreement = predictions(X[train], y[train], groups[train], X[test], seed)
        ari.append(agreement)
        for name in METHODS:
            pooled[name][test] = found[name]
    return [scores(y, groups, pooled[name]) for name in METHODS], np.mean(ari)


def made(core, shortcut):
    """8,000 rows of 20 columns: class means at +-core in one and +-shortcut in another."""
    strength = {"core_strength": core, "shortcut_strength": shortcut}

    def draw(seed):
        make = make_shortcut_classification
        train = make(8000, **strength, random_state=seed)
        return train, make(8000, **strength, agreement=0.5, subset="test", random_state=seed)

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


def adult(path):
    import pandas as pd

    frame = pd.read_csv(path)
    y = frame["income"].to_numpy()
    X = frame.drop(columns=["income", "is_test", "fnlwgt"])
    text = X.select_dtypes(exclude="number").columns
    encode = make_column_transformer(
        (OneHotEncoder(min_frequency=50, sparse_output=False), text),
        remainder=StandardScaler(),
    )
    X = encode.fit_transform(X)

    def draw(seed):
        order = np.random.default_rng(seed).permutation(len(y))
        parts = []
        for rows, agreement in ((order[:10_000], 0.95), (order[10_000:20_000], 0.5)):
            columns, groups = plant_shortcut(X[rows], y[rows], agreement, random_state=seed)
            parts.append((columns, y[rows], groups))
        return parts

    return draw


def compas(label):
    bunch = load_compas(label=label)
    return bunch.data, bunch.target, cross_groups(bunch.target, bunch.attribute)


def report(name, results):
    """Means, spread, and the share of the oracle's gain with a paired bootstrap interval."""
    table = np.array([rows for rows, _ in results])  # (repeats, methods, 2)
    worst = table[:, :, 0]
    print(f"\n{name} ({len(table)} repeats; within-class ARI "
          f"{np.mean([ari for _, ari in results]):.2f})")  # fmt: skip
    for i, method in enumerate(METHODS):
        mean, spread, average = worst[:, i].mean(), worst[:, i].std(), table[:, i, 1].mean()
        print(f"  {method:16} worst {mean:.3f} +- {spread:.3f}   average {average:.3f}")
    gains = worst[:, [METHODS.index("inferred"), METHODS.index("oracle")]] - worst[:, [0]]
    rng = np.random.default_rng(0)
    rows = rng.integers(len(gains), size=(10_000, len(gains)))
    ratio = gains[rows].mean(axis=1)
    low, high = np.quantile(ratio[:, 0] / ratio[:, 1], [0.025, 0.975])
    share = gains[:, 0].mean() / gains[:, 1].mean()
    print(f"  share of the oracle's gain: {share:.2f}  [{low:.2f}, {high:.2f}]")
    return share


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adult", help="path of adult.csv.gz")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--compas-label", default="is_recid", help="or two_year_recid")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--only", nargs="*", help="first words of names: easy, weak, digits, Adult, COMPAS"
    )
    parser.add_argument("--limits", action="store_true", help="shortcuts too weak to be found")
    options = parser.parse_args()
    sources = {
        "easy shortcut": made(1.0, 3.0),
        "weak shortcut": made(0.5, 2.0),
        "digits, 90 % agreement": digits(0.9),
        "digits, 95 % agreement": digits(0.95),
    }
    if options.limits:
        sources = {f"limit: shortcut {s}": made(0.5, s) for s in (1.5, 1.0)}
    if options.adult:
        sources["Adult, planted column"] = adult(options.adult)
    run = Parallel(n_jobs=options.jobs)
    seeds = range(options.first_seed, options.first_seed + options.repeats)
    for name, draw in sources.items():
        if not options.only or re.match(r"\w+", name)[0] in options.only:
            report(name, run(delayed(one_split)(*draw(seed), seed) for seed in seeds))
    if "COMPAS" in (options.only or ["COMPAS"] * (not options.limits)):
        data = compas(options.compas_label)
        report("COMPAS", run(delayed(cross_validated)(*data, seed) for seed in seeds))


if __name__ == "__main__":
    main()
