"""Whether there is a gap between neighbouring clusters, or one runs into the next."""

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import cdist

from skgroup.inspection._null_separation import p_value

__all__ = ["critical_bandwidth", "gap_p_value", "has_valley", "line_p_value"]

# Rows beyond these limits, on a line with the two centroids at 0 and 1, say nothing on the gap.
LIMITS = (-3.0, 4.0)
N_CELLS = 700
N_HALVINGS = 30


def gap_p_value(Z: NDArray, labels: NDArray, n_draws: int, rng: RandomState) -> float:
    """Smallest p-value over the pairs of a cluster and its nearest neighbour, times their number.

    Each pair is projected on the line through its centroids; outliers (-1) are left out. NaN
    where there is a single cluster.
    """
    groups = np.unique(labels[labels >= 0])
    if len(groups) < 2:
        return float("nan")
    centroids = np.stack([Z[labels == g].mean(axis=0) for g in groups])
    distances = cdist(centroids, centroids)
    np.fill_diagonal(distances, np.inf)
    pairs = {tuple(sorted((i, int(j)))) for i, j in enumerate(distances.argmin(axis=1))}
    found = []
    for i, j in sorted(pairs):
        step = centroids[j] - centroids[i]
        if not (length := step @ step):
            found.append(1.0)  # two clusters in one place
            continue
        both = np.isin(labels, groups[[i, j]])
        found.append(line_p_value((Z[both] - centroids[i]) @ step / length, n_draws, rng))
    return min(1.0, min(found) * len(found))


def line_p_value(t: NDArray, n_draws: int, rng: RandomState) -> float:
    """Silverman's test that the density of `t` has no valley between 0 and 1.

    The null is the smoothest reading of the data: their kernel density with the least bandwidth
    that leaves no valley, at the same variance. The p-value is the share of draws from it that
    would need more smoothing than the data.
    """
    h, mean, variance = critical_bandwidth(t), t.mean(), t.var()
    valleys = []
    for _ in range(n_draws):
        drawn = t[rng.randint(len(t), size=len(t))] + h * rng.standard_normal(len(t))
        drawn = mean + (drawn - mean) / np.sqrt(1 + h**2 / variance)
        valleys.append(has_valley(drawn, h))
    return p_value(1, np.array(valleys, dtype=int))


def critical_bandwidth(t: NDArray) -> float:
    """The least bandwidth, to 1 %, at which the density has no valley between 0 and 1."""
    low, high = 1e-3 * t.std(), 3 * t.std() + 1.0
    for _ in range(N_HALVINGS):
        middle = np.sqrt(low * high)
        if has_valley(t, middle):
            low = middle
        else:
            high = middle
    return float(high)


def has_valley(t: NDArray, bandwidth: float) -> bool:
    """Whether the Gaussian kernel density of `t` falls and rises again between 0 and 1."""
    counts, edges = np.histogram(t, N_CELLS, LIMITS)
    cells = bandwidth / (edges[1] - edges[0])
    density = gaussian_filter1d(counts.astype(float), cells, mode="constant", truncate=8)
    middle = (edges[1:] + edges[:-1]) / 2
    steps = np.diff(density[(middle >= 0) & (middle <= 1)])
    steps = steps[np.abs(steps) > 1e-12 * density.max()]  # what is below is rounding
    return bool(((steps[:-1] < 0) & (steps[1:] > 0)).any())
