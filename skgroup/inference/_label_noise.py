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
BLOCK_ROWS = 4096
FEW, MOST = 1 / 10, 1 / 2


@dataclass(frozen=True, eq=False)
class LabelNoise:
    """Says of rows in clusters whether the rows around them have other labels.

    A row with a wrong label lies among rows of another class. So may a whole minority, where the
    features that tell it apart are few. Hence a row is noise only where at most one in ten of
    its neighbours has its label *and* more than half of the neighbours do for the median row of
    its cluster: it then is an exception in a cluster that is none.

    Attributes
    ----------
    index : NearestNeighbors
        Of training rows, standardised.
    codes : ndarray of shape (n_rows,)
        Their classes.
    mean, scale : ndarray of shape (n_features,)
        Mean None: the training rows are sparse, and none is centred. Distances stay the same.
    trusted : ndarray of shape (n_classes, n_clusters), bool
        Clusters most of whose rows agree with those around them.

    References
    ----------
    Wilson (1972). Asymptotic properties of nearest neighbor rules using edited data. IEEE
    Transactions on Systems, Man, and Cybernetics.
    """

    index: NearestNeighbors
    codes: NDArray[np.int64]
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
        n_neighbors = max(1, min(n_neighbors, len(rows) // 10))
        index = NearestNeighbors(n_neighbors=n_neighbors)
        shape = int(codes.max()) + 1, n_clusters
        found = cls(index, codes[rows], mean, scale, np.zeros(shape, dtype=bool))
        index.fit(found._standardized(X[rows]))
        agreement = found.agreement(X, codes)
        for c, k in np.ndindex(shape):
            mine = agreement[(codes == c) & (clusters == k)]
            found.trusted[c, k] = len(mine) > 0 and np.median(mine) > MOST
        return found

    def agreement(self, X: Any, codes: NDArray) -> NDArray[np.float64]:
        """Share of the neighbours of each row that have its label."""
        found = np.empty(len(codes))
        for rows in gen_batches(len(codes), BLOCK_ROWS):
            near = self.index.kneighbors(self._standardized(X[rows]), return_distance=False)
            found[rows] = (self.codes[near] == codes[rows, None]).mean(axis=1)
        return found

    def flags(self, X: Any, codes: NDArray, clusters: NDArray) -> NDArray[np.bool_]:
        """Which rows are noise; outliers are not looked at."""
        flagged = (clusters >= 0) & self.trusted[codes, clusters]
        rows = np.flatnonzero(flagged)
        if len(rows):
            flagged[rows] = self.agreement(X[rows], codes[rows]) <= FEW
        return flagged

    def _standardized(self, X: Any) -> Any:
        if self.mean is None:
            return X.multiply(1 / self.scale).tocsr() if sparse.issparse(X) else X / self.scale
        return ((X.toarray() if sparse.issparse(X) else X) - self.mean) / self.scale
