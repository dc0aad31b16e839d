"""From gradients to the space that is clustered: scale, combine epochs, reduce."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from skgroup.clustering import RowScaling, fit_scaling

__all__ = ["Embedding"]


@dataclass(frozen=True)
class Embedding:
    """A fitted map from the representations of one class, one array per epoch, to its space."""

    scalings: list[RowScaling]
    combine: str
    pca: Any = None

    @classmethod
    def fit(
        cls,
        snapshots: list[NDArray],
        *,
        scale: str,
        combine: str,
        pca: Any,
        random_state: int,
        reducer: Any = None,
    ) -> "Embedding":
        """Fit on `snapshots`, arrays of shape (n_rows, n_columns).

        `pca` is a number of dimensions (capped at what the rows have), a share of the variance,
        or None. A `reducer` takes its place: its ``fit(Z, seed)`` returns what has a
        ``transform``, or None to leave rows as they are.
        """
        scaled = cls([fit_scaling(rows, scale) for rows in snapshots], combine)
        Z = scaled.transform(snapshots)
        if reducer is not None:
            return cls(scaled.scalings, combine, reducer.fit(Z, random_state))
        limit = min(len(Z) - 1, Z.shape[1])
        if pca is None or limit < 2 or (isinstance(pca, Integral) and pca >= Z.shape[1]):
            return scaled
        if not np.ptp(Z, axis=0).any():
            return scaled
        size = min(pca, limit) if isinstance(pca, Integral) else pca
        reduction = PCA(size, random_state=random_state).fit(Z)
        return cls(scaled.scalings, combine, reduction)

    def transform(self, snapshots: list[NDArray]) -> NDArray[np.float64]:
        """Map rows of the fitted class, or new ones."""
        pairs = zip(self.scalings, snapshots, strict=True)
        scaled = [scaling.transform(rows) for scaling, rows in pairs]
        if self.combine == "mean":
            Z = np.mean(scaled, axis=0)
        else:
            chosen = {"first": scaled[:1], "last": scaled[-1:]}.get(self.combine, scaled)
            Z = chosen[0] if len(chosen) == 1 else np.hstack(chosen)
        Z = Z.astype(np.float64, copy=False)
        return Z if self.pca is None else self.pca.transform(Z)
