"""GRASP's grid of 104 settings on COMPAS: our search against a loop over scikit-learn's DBSCAN.

13 radii times 8 numbers of neighbours, for each class the one with the highest silhouette, noise
counted as one more cluster. The loop clusters and scores each setting anew, by cosine distances of
centred gradients, and as published scores them by Euclidean ones; all are given the gradients of
the same linear reference. "shared distances" is a loop over one distance matrix. Silhouettes are
over all rows clustered. Ours searches on at most 2,000 rows a class, and then clusters all: the
first table has as many rows for all sides, the second, of all rows, needs `--plain` for the plain
loop, which takes minutes.
"""

import argparse
import time
import warnings

import numpy as np
from sklearn.cluster import DBSCAN
from sklearn.metrics import silhouette_score
from sklearn.metrics.pairwise import cosine_distances

from skgroup.clustering import class_silhouette, cluster_class, fit_scaling
from skgroup.clustering._choose_density import EPS, MIN_SAMPLES
from skgroup.datasets import load_compas
from skgroup.inference._linear_reference import fit_linear


def gradients():
    """Centred unit gradients of each class, at a linear model trained to convergence."""
    X, y = load_compas(return_X_y=True)
    reference = fit_linear(X, y, standardize=True, weight_decay=1e-4, device="cpu")
    G = reference.gradients(X, y, "head", None, 0)[0]
    G = G.astype(np.float64)
    return [fit_scaling(G[y == c], "centred_unit").transform(G[y == c]) for c in np.unique(y)]


def score(Z, labels):
    return class_silhouette(Z, labels, max_rows=len(Z))


def plain_loop(Z, radii, counts):
    """As one would write it: everything anew for each setting."""
    best, chosen = -1.0, None
    for eps in radii:
        for m in counts:
            labels = DBSCAN(eps=eps, min_samples=m, metric="cosine").fit_predict(Z)
            if 1 < len(np.unique(labels)) < len(Z):
                found = silhouette_score(Z, labels)
                if found > best:
                    best, chosen = found, (eps, m)
    return chosen


def shared_loop(Z, radii, counts):
    """The same with all distances at hand."""
    distances = np.clip(cosine_distances(Z), 0, None)
    euclidean = np.sqrt(2 * distances)
    best, chosen = -1.0, None
    for eps in radii:
        for m in counts:
            labels = DBSCAN(eps=eps, min_samples=m, metric="precomputed").fit_predict(distances)
            if 1 < len(np.unique(labels)) < len(Z):
                found = silhouette_score(euclidean, labels, metric="precomputed")
                if found > best:
                    best, chosen = found, (eps, m)
    return chosen


def our_search(Z, radii, counts):
    found = cluster_class(
        Z, "dbscan", eps=None, min_samples=None, min_cluster_share=0, random_state=0
    )
    return found.eps_, found.min_samples_


METHODS = {"plain loop": plain_loop, "shared distances": shared_loop, "skgroup": our_search}


def compare(classes, radii, counts, methods):
    print("| class | rows | | chosen eps, min_samples | silhouette | s | first / this |")
    print("| --- " * 7 + "|")
    for number, Z in enumerate(classes):
        first = None
        for name in methods:
            start = time.perf_counter()
            chosen = METHODS[name](Z, radii, counts)
            seconds = time.perf_counter() - start
            first = first or seconds
            labels = np.zeros(len(Z))
            if chosen is not None and None not in chosen:
                labels = DBSCAN(eps=chosen[0], min_samples=chosen[1], metric="cosine").fit_predict(
                    Z
                )
            text = "none" if chosen is None else ", ".join(f"{v:g}" for v in chosen if v)
            print(f"| {number} | {len(Z):,} | {name} | {text} | {score(Z, labels):.4f} | "
                  f"{seconds:.2f} | {first / seconds:.1f} |", flush=True)  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--toy", action="store_true", help="few rows and settings")
    parser.add_argument("--plain", action="store_true", help="the plain loop on all rows too")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    classes, radii, counts = gradients(), EPS, MIN_SAMPLES
    if options.toy:
        classes, radii, counts = [Z[:150] for Z in classes], EPS[::6], MIN_SAMPLES[:2]
    rng = np.random.RandomState(0)
    same = [Z[np.sort(rng.permutation(len(Z))[:2000])] for Z in classes]
    print("\nAt most 2,000 rows a class, the same for all\n")
    compare(same, radii, counts, METHODS)
    print("\nAll rows\n")
    compare(classes, radii, counts, METHODS if options.plain else list(METHODS)[1:])


if __name__ == "__main__":
    main()
