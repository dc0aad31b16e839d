"""What a row looks like: its columns, what the last layer of a network gets, or what it says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import gen_batches
from torch import Tensor
from torch.utils.data import Dataset

from skgroup._data import SubsetRows
from skgroup._inputs import feature_statistics, n_rows_of
from skgroup.gradients._forward import head_inputs, module_rows, predict_logits
from skgroup.gradients._sketch import Sketch
from skgroup.inference._reference import ClassifierReference, NetReference

__all__ = ["FeatureMap"]

# Features beyond this many bytes are projected to SKETCH_SIZE dimensions.
FEATURE_BYTES = 2**30
SKETCH_SIZE = 256
CHUNK_ROWS = 8192


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """From rows to the features that are clustered."""

    kind: str
    model: NetReference | ClassifierReference
    statistics: tuple[NDArray, NDArray] | None = None
    sketch: int | None = None
    seed: int = 0

    @classmethod
    def fit(cls, kind: str, model: Any, X: Any, *, standardize: bool, seed: int) -> "FeatureMap":
        """Fit on the training rows.

        `kind` is "input", "penultimate" or "output"; `standardize` is about the first.
        """
        if kind == "penultimate" and not isinstance(model, NetReference):
            raise ValueError(
                "features='penultimate' needs a network, but the reference is a "
                f"{type(model.model).__name__}: use features='input' or 'output'."
            )
        statistics = None
        if kind == "input" and standardize:
            statistics = feature_statistics(as_matrix(X))
        plain = cls(kind, model, statistics, seed=seed)
        n_rows = n_rows_of(X)
        n_columns = plain._taker(X)(slice(0, min(n_rows, 8))).shape[1]
        too_large = 8 * n_rows * n_columns > FEATURE_BYTES and n_columns > SKETCH_SIZE
        return cls(kind, model, statistics, SKETCH_SIZE, seed) if too_large else plain

    def __call__(self, X: Any) -> NDArray:
        """Features of shape (n_samples, n_features)."""
        take, n_rows = self._taker(X), n_rows_of(X)
        if self.sketch is None:
            return take(slice(0, n_rows))
        result, project = torch.zeros(n_rows, self.sketch), None
        for rows in gen_batches(n_rows, CHUNK_ROWS):
            features = take(rows)
            project = project or Sketch(self.sketch, n_columns=features.shape[1], seed=self.seed)
            project.into(result[rows])(0, torch.from_numpy(features))
        return result.numpy()

    def _taker(self, X: Any) -> Callable[[slice], NDArray]:
        """What gives the features of some of the rows."""
        if self.kind == "input":
            matrix = as_matrix(X)
            return lambda rows: self._standardized(matrix[rows])
        if not isinstance(self.model, NetReference):
            return lambda rows: self.model.probabilities(X[rows])
        module: torch.nn.Module = self.model.snapshots[-1]
        all_rows = module_rows(module, X)

        def of_net(rows: slice) -> NDArray:
            some = SubsetRows(all_rows, torch.arange(rows.start, rows.stop))
            if self.kind == "penultimate":
                return head_inputs(module, some)
            return predict_logits(module, some).cpu().numpy()

        return of_net

    def _standardized(self, rows: Any) -> NDArray[np.float64]:
        dense = rows.toarray() if sparse.issparse(rows) else np.asarray(rows)
        dense = dense.astype(np.float64)
        if self.statistics is None:
            return dense
        mean, scale = self.statistics
        return (dense - mean) / scale


def as_matrix(X: Any) -> Any:
    """X as a matrix: further dimensions are flattened."""
    if isinstance(X, (Mapping, Dataset)) and not sparse.issparse(X):
        raise TypeError(
            f"features='input' needs an array, but X is a {type(X).__name__}: use "
            "features='penultimate' or 'output'."
        )
    if isinstance(X, Tensor):
        X = X.detach().cpu().numpy()
    return X if sparse.issparse(X) else X.reshape(len(X), -1)
