"""How well groups are found without annotations, by our own and by published inferrers.

Clean, and with labels flipped, whose rows are outliers of the true groups. Minority: inside each
class, all groups but the largest; precision and recall of the inferred one, averaged over the
classes. MNIST, Adult and German credit are not shipped: give `--mnist`, `--adult`, `--german`.
"""

import argparse
import warnings
from functools import partial

import numpy as np
from _inference_data import sources
from joblib import Parallel, delayed
from sklearn.cluster import KMeans

from skgroup import (
    EIILGroupInferrer,
    ErrorGroupInferrer,
    FeatureGroupInferrer,
    GradientGroupInferrer,
    GroupInferrerSearch,
)
from skgroup.metrics import group_agreement
from skgroup.modules import mlp

MLP = partial(mlp, hidden_layer_sizes=(100, 100))
DBSCAN = {"clusterer": "dbscan", "eps": None, "min_samples": None}
GEORGE = {
    "module": MLP, "clusterer": "gmm", "reduction": "pca", "n_components": 2,
    "k_rule": "cluster_silhouette", "k_max": 10, "overcluster": 5, "min_cluster_share": 0,
}  # fmt: skip
SPARE = {
    "module": MLP, "features": "output", "reduction": None, "k_rule": "silhouette_per_class",
    "small_clusters": "merge",
}  # fmt: skip

# Short name -> title and inferrer.
METHODS = {
    "default": ("gradients, default", GradientGroupInferrer()),
    "k2": ("gradients, k=2", GradientGroupInferrer(k=2)),
    "search": ("automatic choice", GroupInferrerSearch()),
    "grasp": ("GRASP", GradientGroupInferrer(reference="linear", **DBSCAN)),
    "ugc": ("early gradients of an MLP", GradientGroupInferrer(k=2, module=MLP, epochs=1)),
    "feasp": ("FeaSP", FeatureGroupInferrer(**DBSCAN)),
    "george": ("George, PCA", FeatureGroupInferrer(**GEORGE)),
    "spare": ("SPARE", FeatureGroupInferrer(**SPARE)),
    "eiil": ("EIIL", EIILGroupInferrer()),
    "eiil_exact": ("EIIL, exact", EIILGroupInferrer(solver="exact")),
    "error": ("errors", ErrorGroupInferrer()),
    "least_confident": ("least confident 5 %", ErrorGroupInferrer(rule="least_confident")),
    "kmeans": ("k-means on features", None),
}
ALWAYS = {"classes": "classes only", "bayes": "Bayes limit"}
NOISE = [0.0, 0.02, 0.05]
COLUMNS = {
    "within_class_ari": "within-class ARI",
    "global_ari": "global ARI",
    "purity": "purity",
    "precision": "minority precision",
    "recall": "minority recall",
    "outlier_precision": "outlier precision",
    "outlier_recall": "outlier recall",
}


def flip(y, groups, share, seed):
    """Give a share of the rows another class; they are in no group then."""
    rng, values = np.random.default_rng([seed, 1]), np.unique(y)
    rows = rng.permutation(len(y))[: round(share * len(y))]
    y, groups = np.searchsorted(values, y), groups.copy()
    y[rows] = (y[rows] + rng.integers(1, len(values), len(rows))) % len(values)
    groups[rows] = -1
    return y, groups


def feature_kmeans(X, y, seed):
    groups = np.empty_like(y)
    for c in np.unique(y):
        rows = y == c
        groups[rows] = 2 * c + KMeans(2, n_init=10, random_state=seed).fit_predict(X[rows])
    return groups


def infer(name, X, y, seed):
    if name == "classes":
        return y
    if name == "kmeans":
        return feature_kmeans(X, y, seed)
    inferrer = METHODS[name][1]
    with warnings.catch_warnings():
        # Classes that cannot be split are what is measured; George goes without validation rows.
        warnings.simplefilter("ignore")
        return inferrer.set_params(random_state=seed).fit(X, y).groups_


def below_largest(labels):
    """Members of all groups but the largest; -1 is no group."""
    values, sizes = np.unique(labels[labels >= 0], return_counts=True)
    return (labels >= 0) & (labels != values[sizes.argmax()] if len(values) else False)


def minority(true, found, y):
    pairs = []
    for c in np.unique(y):
        rare, guess = (below_largest(labels[y == c]) for labels in (true, found))
        if rare.any():
            both = np.count_nonzero(rare & guess)
            pairs.append((both / max(guess.sum(), 1), both / rare.sum()))
    return np.mean(pairs, axis=0)


def figures(true, found, y):
    precision, recall = minority(true, found, y)
    flipped, out = true < 0, found < 0
    both, nothing = np.count_nonzero(flipped & out), np.nan
    return {
        **group_agreement(true, found, y),
        "precision": precision,
        "recall": recall,
        "outlier_precision": both / out.sum() if flipped.any() and out.any() else nothing,
        "outlier_recall": both / flipped.sum() if flipped.any() else nothing,
    }


def one(draw, limit, methods, noise, seed, max_rows):
    """Figures of every method on one draw."""
    X, y, true = (part[:max_rows] for part in draw(seed))
    y, true = flip(y, true, noise, seed)
    found = {name: infer(name, X, y, seed) for name in methods}
    if limit is not None:
        found["bayes"] = limit(X, y, flip=noise)
    return {name: figures(true, groups, y) for name, groups in found.items()}


def cell(values):
    """Mean and standard deviation over the seeds that have a value."""
    values = np.array(values)[~np.isnan(values)]
    return f"{values.mean():.2f} ± {values.std():.2f}" if len(values) else "–"


def report(title, results, n_seeds):
    """One table: flipped share and method by figure."""
    print(f"\n## {title} ({n_seeds} seeds)\n")
    print("| flipped | method | " + " | ".join(COLUMNS.values()) + " |")
    print("| --- " * (len(COLUMNS) + 2) + "|")
    titles = {name: title for name, (title, _) in METHODS.items()} | ALWAYS
    for noise, runs in results.items():
        for name in runs[0]:
            cells = [cell([run[name][column] for run in runs]) for column in COLUMNS]
            print(f"| {noise:.0%} | {titles[name]} | {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", help="path of an npz file with x_train, y_train, x_test, y_test")
    parser.add_argument("--adult", help="path of adult.csv.gz")
    parser.add_argument("--german", help="path of german_credit.csv.gz")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--noise", type=float, nargs="*", default=NOISE, help="shares flipped")
    parser.add_argument(
        "--only", nargs="*",
        help="blobs01, blobs1, easy, weak, digits, mnist2, mnist10, adult_planted, adult, "
        "german_planted, german",
    )  # fmt: skip
    parser.add_argument("--methods", nargs="*", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--max-rows", type=int, default=5000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    known = sources(options)
    names = options.only or list(known)
    if unknown := set(names) - set(known):
        parser.error(f"--only {' '.join(unknown)}: known with these paths are {' '.join(known)}")
    parallel = Parallel(n_jobs=options.jobs)
    methods, seeds = [*options.methods, "classes"], range(options.seeds)
    for name in names:
        title, draw, limit = known[name]
        pairs = [(noise, seed) for noise in options.noise for seed in seeds]
        job = delayed(one)
        found = parallel(job(draw, limit, methods, *pair, options.max_rows) for pair in pairs)
        results = {}
        for (noise, _), run in zip(pairs, found, strict=True):
            results.setdefault(noise, []).append(run)
        report(title, results, len(seeds))


if __name__ == "__main__":
    main()
