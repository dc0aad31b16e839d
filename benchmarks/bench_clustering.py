"""Clusterers at scale: time, peak memory and agreement, each in a process of its own.

Unit rows of 130 columns, "dense" within a few cones, so that a row has thousands of neighbours, or
"sparse", half of them scattered, or "gradients", those of one class with a planted shortcut, where
the default settings see one cluster that thins out. DBSCAN has a cosine radius of .45 and 60
neighbours, HDBSCAN clusters of at least 60 rows. k-means has k=2 on rows of 50 columns. "sampled"
is ours where at most half the rows are clustered and the others assigned; agreement (ARI) is with
the first line of each table. Packages that are not installed are left out.
"""

import argparse
import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
from sklearn.cluster import DBSCAN, HDBSCAN, KMeans, MiniBatchKMeans
from sklearn.metrics import adjusted_rand_score

from skgroup import GradientGroupInferrer
from skgroup.clustering import cluster_class
from skgroup.datasets import make_shortcut_classification

EPS, MIN_SAMPLES = 0.45, 60


def rows(kind, n_rows, n_columns):
    """Unit rows: gradients, or four cones of 60, 25, 10 and 5 %, alone or half of all rows."""
    if kind == "gradients":
        X, y, _ = make_shortcut_classification(2 * n_rows, n_features=50, random_state=0)
        inferrer = GradientGroupInferrer(clusterer="dbscan", random_state=0)
        return inferrer.fit(X, y).embed(X, y)[y == 0].astype(np.float64)
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(4, n_columns))
    Z = 1.5 * centres[rng.choice(4, n_rows, p=[0.6, 0.25, 0.1, 0.05])]
    Z += rng.normal(size=Z.shape)
    if kind == "sparse":
        Z[: n_rows // 2] = rng.normal(size=(n_rows // 2, n_columns))
    return Z / np.linalg.norm(Z, axis=1, keepdims=True)


def skgroup(clusterer, share=1.0, **settings):
    def labels(Z):
        return cluster_class(
            Z, clusterer, min_cluster_share=0, max_exact=int(share * len(Z)), random_state=0,
            **settings,
        ).labels_  # fmt: skip

    return labels


def package_hdbscan(Z):
    from hdbscan import HDBSCAN as Package

    return Package(MIN_SAMPLES, core_dist_n_jobs=1).fit_predict(Z)


def fast_hdbscan(Z):
    from fast_hdbscan import HDBSCAN as Fast

    # The package counts a row among its own neighbours.
    return Fast(min_cluster_size=MIN_SAMPLES, min_samples=MIN_SAMPLES).fit_predict(Z)


def k_means(cls, n_init):
    return lambda Z: cls(2, n_init=n_init, random_state=0).fit_predict(Z)


TABLES = {
    "DBSCAN": {
        "scikit-learn, cosine": DBSCAN(
            eps=EPS, min_samples=MIN_SAMPLES, metric="cosine"
        ).fit_predict,
        "scikit-learn, Euclidean": DBSCAN(
            eps=(2 * EPS) ** 0.5, min_samples=MIN_SAMPLES
        ).fit_predict,
        "skgroup": skgroup("dbscan", eps=EPS, min_samples=MIN_SAMPLES),
        "skgroup, sampled": skgroup("dbscan", 0.5, eps=EPS, min_samples=MIN_SAMPLES),
    },
    "HDBSCAN": {
        "hdbscan": package_hdbscan,
        "scikit-learn": HDBSCAN(
            MIN_SAMPLES, min_samples=MIN_SAMPLES + 1, copy=True
        ).fit_predict,
        "fast_hdbscan": fast_hdbscan,
        "skgroup": skgroup("hdbscan", min_samples=MIN_SAMPLES),
        "skgroup, sampled": skgroup("hdbscan", 0.5, min_samples=MIN_SAMPLES),
    },
    "k-means": {
        "KMeans, 10 starts": k_means(KMeans, 10),
        "KMeans, 3 starts": k_means(KMeans, 3),
        "KMeans, 1 start": k_means(KMeans, 1),
        "MiniBatchKMeans, 3 starts": k_means(MiniBatchKMeans, 3),
        "skgroup": skgroup("kmeans", k=2),
    },
}  # fmt: skip


KINDS = {
    "DBSCAN": ("dense", "sparse", "gradients"),
    "HDBSCAN": ("dense", "sparse"),
    "k-means": ("dense",),
}


def run_one(table, name, kind, n_rows, n_columns, path):
    """Cluster and save the labels; seconds, and megabytes above the start."""
    warnings.simplefilter("ignore")
    run = TABLES[table][name]
    run(rows(kind, 500, n_columns))  # lazy imports and compilation are not part of the time
    Z = rows(kind, n_rows, n_columns)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    labels = run(Z)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    np.save(path, labels)
    return seconds, (peak - before) / 1024


def in_a_child(*arguments):
    command = [sys.executable, os.path.abspath(__file__), "--one", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return map(float, result.stdout.split())


def compare(table, kind, n_rows, n_columns, folder, run):
    first = None
    for name in TABLES[table]:
        if "fast" in name and importlib.util.find_spec("fast_hdbscan") is None:
            continue
        path = os.path.join(folder, "labels.npy")
        seconds, megabytes = run(table, name, kind, n_rows, n_columns, path)
        labels = np.load(path)
        first = first or (seconds, labels)
        agreement = adjusted_rand_score(first[1], labels)
        print(f"| {table} | {kind} | {n_rows:,} | {name} | {seconds:.2f} | {megabytes:.0f} | "
              f"{first[0] / seconds:.1f} | {agreement:.3f} | {labels.max() + 1} |",
              flush=True)  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 20_000], help="of DBSCAN")
    parser.add_argument("--hdbscan-rows", type=int, nargs="*", default=[5_000])
    parser.add_argument("--kmeans-rows", type=int, nargs="*", default=[200_000])
    parser.add_argument("--only", nargs="*", choices=list(TABLES), default=list(TABLES))
    parser.add_argument("--toy", action="store_true", help="few rows, to see that all runs")
    parser.add_argument("--one", nargs=6, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        table, name, kind, n_rows, n_columns, path = options.one
        print(*run_one(table, name, kind, int(n_rows), int(n_columns), path))
        return
    asked = (options.rows, options.hdbscan_rows, options.kmeans_rows)
    run = run_one if options.toy else in_a_child
    sizes = {name: [600] if options.toy else n for name, n in zip(TABLES, asked, strict=True)}
    print("| | rows are | rows | | s | MB | first / this | ARI | clusters |\n" + "| --- " * 9 + "|")
    with tempfile.TemporaryDirectory() as folder:
        for table in options.only:
            for kind in KINDS[table]:
                for n_rows in sizes[table]:
                    n_columns = 50 if table == "k-means" else 130
                    compare(table, kind, n_rows, n_columns, folder, run)


if __name__ == "__main__":
    main()
