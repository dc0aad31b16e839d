"""Labels of HDBSCAN, for many rows from a spanning tree of our own."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from skgroup.clustering._reach_tree import reach_tree

FEW_ROWS = 1000


def hdbscan_labels(
    Z: NDArray[Any], min_samples: int, metric: str = "euclidean"
) -> NDArray[np.intp]:
    """Labels of HDBSCAN on rows, or with the metric "precomputed" on their distances.

    Above 1,000 rows the package is given the spanning tree, for which its own search of neighbours
    would look at most pairs of rows one by one where there are many columns. Labels are those of
    its exact algorithms, but where edges have the same length: it takes these in any order.
    """
    from hdbscan import HDBSCAN  # here, because it makes every `import skgroup` slower

    size = max(2, min_samples)
    if metric == "precomputed" or len(Z) <= FEW_ROWS:
        # One job: the default starts processes, inside workers too.
        model = HDBSCAN(min_cluster_size=size, metric=metric, core_dist_n_jobs=1)
        return model.fit_predict(Z)
    # The nearest row of each is on the tree, so that min_samples=1 leaves its lengths alone.
    model = HDBSCAN(min_cluster_size=size, min_samples=1, metric="precomputed", core_dist_n_jobs=1)
    return model.fit_predict(_as_matrix(*reach_tree(Z, size), len(Z)))


def _as_matrix(
    a: NDArray[np.intp], b: NDArray[np.intp], lengths: NDArray[np.float64], n_rows: int
) -> Any:
    """The tree both ways. A length of 0, between equal rows, would be no edge."""
    least = np.finfo(np.float64).eps * (lengths.max() or 1.0)
    both = np.tile(np.maximum(lengths, least), 2)
    ends = (np.concatenate([a, b]), np.concatenate([b, a]))
    return csr_matrix((both, ends), shape=(n_rows, n_rows))
