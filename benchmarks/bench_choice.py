"""Which criterion tells a good partition from a poor one, without annotations?

A dozen settings split the same rows. Criteria that need X and y alone are compared with the truth:
the within-class ARI, and the test accuracy in the true worst group of a model trained on the
groups. Give `--adult PATH` for UCI Adult.
"""

import argparse
import warnings
from functools import partial

import numpy as np
from _inference_data import ADULT
from bench_worst_group import compas, digits, made, planted_table, scores
from hdbscan.validity import validity_index
from joblib import Parallel, delayed
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split

from skgroup import ERMClassifier, GradientGroupInferrer, GroupDROClassifier, GroupInferrerSearch
from skgroup.datasets import make_group_blobs
from skgroup.inspection import stability
from skgroup.metrics import within_class_ari
from skgroup.modules import mlp

N_TRAIN = 2000
MIN_ROWS = 10  # of a pseudo-group that may be the worst, as in the automatic choice
CRITERIA = {
    "silhouette": "silhouette",
    "stability": "stability",
    "neighbours": "agreement of neighbours",
    "gap": "gap statistic",
    "dbcv": "DBCV",
    "centrality": "centrality",
    "own": "own worst group (A)",
    "repairable": "A - that of ERM",
    "cross": "cross-judged",
}
TRUTHS = {"ari": "ARI", "worst": "worst group"}
MLP = partial(mlp, hidden_layer_sizes=(100, 100))


def settings(n_rows):
    """The default first, the classes last."""
    make, linear = GradientGroupInferrer, partial(GradientGroupInferrer, reference="linear")
    net = partial(make, module=MLP, batch_size=min(128, n_rows))
    steps = {n: n * min(128, n_rows) / n_rows for n in (8, 20, 80)}
    return [
        make(), make(2, scale="weighted"), make(4, scale="rms"), make(clusterer="gmm"),
        linear(), linear(scale="weighted"), linear(3),
        net(epochs=steps[8]), net(2, epochs=steps[20]), net(3, epochs=steps[20], scale="weighted"),
        net(epochs=steps[80]),
        make(1),
    ]  # fmt: skip


def neighbours(setting, seed):
    """The same with half and twice the steps, or a quarter and four times the penalty."""
    if setting.module is not None:
        changes = [{"epochs": f * setting.epochs} for f in (0.5, 2)]
    else:
        decay = 0.01 if setting.reference == "linear" else 1.0
        changes = [{"weight_decay": f * decay} for f in (0.25, 4)]
    return [
        clone(setting).set_params(**c, random_state=seed + 1 + i) for i, c in enumerate(changes)
    ]


def by_class(score, y, Z, labels, rng):
    """Mean over classes, by their size, of a score of embedded rows and their groups."""
    found, sizes = [], []
    for c in np.unique(y):
        rows = np.flatnonzero((y == c) & (labels >= 0))
        found.append(score(Z[rows], labels[rows], rng) if len(rows) else -1.0)
        sizes.append(np.count_nonzero(y == c))
    return np.average(found, weights=sizes)


def inertia(Z, labels):
    sums = (((Z[labels == g] - Z[labels == g].mean(axis=0)) ** 2).sum() for g in np.unique(labels))
    return max(sum(sums), np.finfo(float).tiny)


def gap(Z, labels, rng, draws=5):
    """Logarithm of the inertia of uniform rows in the same box, less that of the groups."""
    Z, k = Z[:, np.ptp(Z, axis=0) > 0], len(np.unique(labels))
    logs = [
        np.log(KMeans(k, n_init=1, random_state=i).fit(box).inertia_)
        for i, box in enumerate(rng.uniform(Z.min(axis=0), Z.max(axis=0), (draws, *Z.shape)))
    ]
    return np.mean(logs) - np.log(inertia(Z, labels))


def dbcv(Z, labels, rng, most=1000):
    rows = rng.permutation(len(Z))[:most]
    Z, labels = Z[rows][:, np.ptp(Z, axis=0) > 0], labels[rows]
    values, sizes = np.unique(labels, return_counts=True)
    kept = np.isin(labels, values[sizes > 2])
    labels = np.unique(labels[kept], return_inverse=True)[1]
    if labels.max(initial=0) == 0:
        return -1.0
    with np.errstate(all="ignore"):
        return np.nan_to_num(validity_index(Z[kept].astype(np.float64), labels), nan=-1.0)


def erm_worst_groups(X, y, partitions, seed):
    """Held-out accuracy of ERM in the worst group of each partition."""
    folds = StratifiedKFold(4, shuffle=True, random_state=seed)
    correct = cross_val_predict(ERMClassifier(random_state=seed), X, y, cv=folds) == y
    worst = []
    for groups in partitions:
        kept = groups >= 0
        sizes = np.bincount(groups[kept])
        accuracy = np.bincount(groups[kept], correct[kept]) / np.maximum(sizes, 1)
        worst.append(accuracy[sizes >= MIN_ROWS].min())
    return np.array(worst)


def of_one(inferrer, setting, X, y, seed):
    """Criteria of a partition alone."""
    groups, Z = inferrer.groups_, inferrer.embed(X, y)
    rng = np.random.default_rng(seed)
    found = {"gap": by_class(gap, y, Z, groups, rng), "dbcv": by_class(dbcv, y, Z, groups, rng)}
    if inferrer.n_groups_ == len(inferrer.classes_):  # whole classes are stable, which says nothing
        return found | {"silhouette": -1.0, "stability": -1.0, "neighbours": -1.0}
    again = [other.fit(X, y).groups_ for other in neighbours(setting, seed)]
    refits = stability(inferrer, X, y, n_resamples=5, n_seeds=0, n_null=0, random_state=seed)
    return found | {
        "silhouette": inferrer.score(X, y),
        "stability": refits.mean_ari,
        "neighbours": np.mean([within_class_ari(groups, other, y) for other in again]),
    }


def one(draw, seed):
    """Criteria and truths of all settings on one draw; the worst group of ERM and of the oracle."""
    (X, y, true), (X_test, y_test, true_test) = draw(seed)
    candidates = settings(len(y))

    def worst(classifier, groups):
        predicted = (
            classifier.set_params(random_state=seed).fit(X, y, groups=groups).predict(X_test)
        )
        return scores(y_test, true_test, predicted)[0]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # poor partitions are what is looked for
        search = GroupInferrerSearch(candidates, random_state=seed).fit(X, y)
        partitions = [inferrer.groups_ for inferrer in search.inferrers_]
        pairs = zip(search.inferrers_, candidates, strict=True)
        found = [of_one(*pair, X, y, seed) for pair in pairs]
        truth = {
            "ari": [within_class_ari(true, groups, y) for groups in partitions],
            "worst": [worst(GroupDROClassifier(), groups) for groups in partitions],
        }
        erm, oracle = worst(ERMClassifier(), None), worst(GroupDROClassifier(), true)
        agreement = np.array([[within_class_ari(a, b, y) for a in partitions] for b in partitions])
        own = search.results_["own_worst_group"]
        found = {name: np.array([f[name] for f in found]) for name in found[0]} | {
            "centrality": (agreement.sum(axis=1) - 1) / (len(partitions) - 1),
            "own": own,
            "repairable": own - erm_worst_groups(X, y, partitions, seed),
            "cross": search.results_["score"],
        }
    return found, {name: np.array(values) for name, values in truth.items()}, erm, oracle


def correlation(criterion, truth):
    """Spearman's; 0 where one does not tell the settings apart."""
    if np.ptp(criterion) == 0 or np.ptp(truth) == 0:
        return 0.0
    return spearmanr(criterion, truth).statistic


def shares(results):
    """Share of the oracle's gain of what each criterion puts first, of the default and the best."""
    gain = np.mean([oracle - erm for *_, erm, oracle in results])
    picks = {name: lambda c, _, name=name: c[name].argmax() for name in CRITERIA} | {
        "default": lambda *_: 0,
        "best": lambda _, t: t["worst"].argmax(),
    }
    found = {}
    for name, pick in picks.items():
        each = [(t["worst"][pick(c, t)] - erm) / gain for c, t, erm, _ in results]
        found[name] = np.mean(each), np.std(each)
    return found


def blobs(seed):
    train = make_group_blobs(N_TRAIN // 10, flip=0.05, random_state=seed)
    return train, make_group_blobs(400, subset="test", random_state=seed)


def first_rows(draw):
    def fewer(seed):
        train, test = draw(seed)
        return tuple(part[:N_TRAIN] for part in train), test

    return fewer


def natural(seed):
    parts = train_test_split(*compas("is_recid"), train_size=N_TRAIN, random_state=seed)
    return parts[::2], parts[1::2]


def row(label, values):
    print(f"| {label} | " + " | ".join(f"{m:.2f} ± {s:.2f}" for m, s in values) + " |", flush=True)


def head(first, names):
    print(f"\n| {first} | " + " | ".join(names) + " |\n" + "| --- " * (len(names) + 1) + "|")


def average(rows):
    """Mean over data sets of the means, and their standard deviation."""
    means = np.array([[m for m, _ in values] for values in rows])
    return list(zip(means.mean(axis=0), means.std(axis=0), strict=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adult", help="path of adult.csv.gz")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--only", nargs="*", help="blobs, easy, weak, weaker, 80%%, digits, Adult, COMPAS"
    )
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    sources = {
        "easy": made(1.0, 3.0), "weak": made(0.5, 2.0), "weaker": made(0.5, 1.5),
        "80%": made(1.0, 3.0, 0.8), "digits": digits(0.95),
    }  # fmt: skip
    if options.adult:
        sources["Adult"] = planted_table(options.adult, ADULT, 10_000)
    sources = {"blobs": blobs} | {name: first_rows(draw) for name, draw in sources.items()}
    sources["COMPAS"] = natural
    names = options.only or list(sources)
    if unknown := set(names) - set(sources):
        parser.error(f"--only {' '.join(unknown)}: known are {' '.join(sources)}")
    run, rows, table = Parallel(n_jobs=options.jobs), {}, {}
    head("Spearman correlation with", list(CRITERIA.values()))
    for name in names:
        results = run(delayed(one)(sources[name], seed) for seed in range(options.seeds))
        for truth, title in TRUTHS.items():
            each = np.array(
                [[correlation(c[key], t[truth]) for key in CRITERIA] for c, t, *_ in results]
            )
            rows[name, truth] = list(zip(each.mean(axis=0), each.std(axis=0), strict=True))
            row(f"{title}, {name}", rows[name, truth])
        table[name] = shares(results)
    for truth, title in TRUTHS.items():
        row(f"{title}, mean", average([v for (_, t), v in rows.items() if t == truth]))
    head("share of the oracle's gain", [*CRITERIA.values(), "always the default", "best setting"])
    for name, found in table.items():
        row(name, found.values())
    row("mean", average([list(found.values()) for found in table.values()]))


if __name__ == "__main__":
    main()
