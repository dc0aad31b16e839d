"""Rows whose label looks wrong, told from minorities."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import gen_batches

from skgroup._inputs import feature_statistics
from skgroup.clustering._rows import sample_rows

__all__ = ["LabelNoise"]

MAX_ROWS = 10_000
CLUSTER_ROWS = 2000  # enough to find the median row of a cluster
BLOCK_ROWS = 4096
FEW, MOST = 1 / 10, 1 / 2
# Of many rows each is looked at among few first. Where more than half of its neighbours there have
# its label it is not noise, which saves nine tenths of the work.
COARSE_ROWS, COARSE_NEIGHBORS = 1000, 20


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Labelled rows, and how many of them are near enough to be asked."""

    index: NearestNeighbors
    codes: NDArray[np.int64]

    @classmethod
    def fit(cls, Z: Any, codes: NDArray, n_neighbors: int) -> "Neighbours":
        return cls(NearestNeighbors(n_neighbors=n_neighbors).fit(Z), codes)

    def agreement(self, Z: Any, codes: NDArray) -> NDArray[np.float64]:
        """Share of the neighbours of each row that have its label."""
        near = self.index.kneighbors(Z, return_distance=False)
        return (self.codes[near] == codes[:, None]).mean(axis=1)


@dataclass(frozen=True, eq=False)
class LabelNoise:
    """Says of rows in clusters whether the rows around them have other labels.

    A row with a wrong label lies among rows of another class. So may a whole minority, where the
    features that tell it apart are few. Hence a row is noise only where at most one in ten of
    its neighbours has its label *and* more than half of the neighbours do for the median row of
    its cluster: it then is an exception in a cluster that is none.

    Attributes
    ----------
    near : Neighbours
        Training rows, standardised.
    coarse : Neighbours or None
        Some of them, to be asked first. None: all rows are quickly asked.
    mean, scale : ndarray of shape (n_features,)
        Mean None: the training rows are sparse, and none is centred. Distances stay the same.
    trusted : ndarray of shape (n_classes, n_clusters), bool
        Clusters most of whose rows agree with those around them.

    References
    ----------
    Wilson (1972). Asymptotic properties of nearest neighbor rules using edited data. IEEE
    Transactions on Systems, Man, and Cybernetics.
    """

    near: Neighbours
    coarse: Neighbours | None
    mean: NDArray[np.float64] | None
    scale: NDArray[np.float64]
    trusted: NDArray[np.bool_]

    @classmethod
    def fit(
        cls,
        X: Any,
        codes: NDArray,
        clusters: NDArray,
        *,
        n_clusters: int,
        n_neighbors: int,
        random_state: int,
    ) -> "LabelNoise":
        """Fit on training rows and their clusters (-1 for outliers); a sample of the rows at most.

        A row is among its own neighbours, of which there are at most a tenth of the rows.
        """
        statistics = feature_statistics(X)
        mean, scale = None if sparse.issparse(X) else statistics[0], statistics[1]
        rows = sample_rows(X.shape[0], MAX_ROWS, random_state)
        Z = standardized(X[rows], mean, scale)
        near = Neighbours.fit(Z, codes[rows], max(1, min(n_neighbors, len(rows) // 10)))
        coarse = None
        if len(rows) < X.shape[0]:
            few = sample_rows(len(rows), COARSE_ROWS, random_state)
            coarse = Neighbours.fit(Z[few], codes[rows][few], COARSE_NEIGHBORS)
        trusted = np.zeros((int(codes.max()) + 1, n_clusters), dtype=bool)
        found = cls(near, coarse, mean, scale, trusted)
        for c, k in np.ndindex(trusted.shape):
            mine = np.flatnonzero((codes == c) & (clusters == k))
            some = mine[sample_rows(len(mine), CLUSTER_ROWS, random_state)]
            trusted[c, k] = len(some) > 0 and np.median(found.agreement(X[some], c)) > MOST
        return found

    def agreement(self, X: Any, codes: NDArray | int) -> NDArray[np.float64]:
        """Share of the neighbours of each row that have its label."""
        codes = np.broadcast_to(codes, X.shape[0])
        found = np.empty(len(codes))
        for rows in gen_batches(len(codes), BLOCK_ROWS):
            found[rows] = self.near.agreement(self._standardized(X[rows]), codes[rows])
        return found

    def flags(self, X: Any, codes: NDArray, clusters: NDArray) -> NDArray[np.bool_]:
        """Which rows are noise; outliers are not looked at."""
        flagged = (clusters >= 0) & self.trusted[codes, clusters]
        steps = [(self.near, FEW)]
        if self.coarse is not None:
            steps.insert(0, (self.coarse, MOST))
        for block in gen_batches(len(codes), BLOCK_ROWS):
            for near, most in steps:
                rows = block.start + np.flatnonzero(flagged[block])
                if len(rows):
                    Z = self._standardized(X[rows])
                    flagged[rows] = near.agreement(Z, codes[rows]) <= most
        return flagged

    def _standardized(self, X: Any) -> Any:
        return standardized(X, self.mean, self.scale)


def standardized(X: Any, mean: NDArray | None, scale: NDArray) -> Any:
    """Rows in units of `scale`, centred where there is a mean."""
    if mean is None:
        return X.multiply(1 / scale).tocsr() if sparse.issparse(X) else X / scale
    return ((X.toarray() if sparse.issparse(X) else X) - mean) / scale
