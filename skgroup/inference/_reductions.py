"""Reductions of features beside PCA: neighbour graphs, and the axis between two classes."""

import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from skgroup.gradients._forward import evaluating, find_head, module_rows

__all__ = ["AxisReduction", "UMAPReduction", "check_reduction", "class_axis"]

N_NEIGHBOURS = 10


@dataclass(frozen=True)
class UMAPReduction:
    """Asks for UMAP with 10 neighbours and no least distance, which packs clusters tightly."""

    n_components: int

    def fit(self, Z: NDArray[np.float64], seed: int) -> Any:
        """A fitted UMAP; PCA for so few rows that each would be a neighbour of all others.

        None where there are no two different rows, as there is nothing to lay out.
        """
        if not np.ptp(Z, axis=0).any():
            return None
        n_columns = min(self.n_components, Z.shape[1])
        if len(Z) <= max(N_NEIGHBOURS, n_columns + 1):
            return PCA(min(n_columns, len(Z) - 1), random_state=seed).fit(Z)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ImportWarning)  # of what its neural variant would need
            from umap import UMAP
        # One job, because more would give other numbers each time.
        model = UMAP(
            n_components=n_columns, n_neighbors=N_NEIGHBOURS, min_dist=0.0, random_state=seed,
            n_jobs=1,
        )  # fmt: skip
        return model.fit(Z)


@dataclass(frozen=True, eq=False)
class AxisReduction:
    """Keeps the coordinate along one direction."""

    direction: NDArray[np.float64]

    def fit(self, Z: NDArray[np.float64], seed: int) -> Self:
        """There is nothing to fit."""
        return self

    def transform(self, Z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Coordinates of shape (n_rows, 1)."""
        return (Z @ self.direction)[:, None]


def class_axis(module: torch.nn.Module, X: Any) -> AxisReduction:
    """The direction in which the last layer of a network for two classes tells them apart."""
    rows = module_rows(module, X)
    with evaluating(module):
        weight = find_head(module, rows).layer.weight.detach().cpu().numpy().astype(np.float64)
    direction = weight[1] - weight[0]
    return AxisReduction(direction / (np.linalg.norm(direction) or 1.0))


def check_reduction(
    reduction: str | None, n_components: Any, features: str, n_classes: int
) -> None:
    """Raise where a reduction cannot be done, before anything is trained."""
    if reduction == "umap":
        if isinstance(n_components, float):
            raise ValueError(
                f"n_components={n_components} is a share of the variance, which 'umap' does not "
                "know: give a number of dimensions."
            )
        if find_spec("umap") is None:
            raise ImportError(
                "reduction='umap' needs the package umap-learn, which is not installed: run "
                "`pip install \"skgroup[umap]\"`, or choose reduction='pca'."
            )
    if reduction != "hardness":
        return
    if features not in ("auto", "penultimate"):
        raise ValueError(
            "reduction='hardness' looks at what the last layer receives, got "
            f"features={features!r}: use features='penultimate'."
        )
    if n_classes > 2:
        raise ValueError(f"reduction='hardness' is for two classes, y has {n_classes}: use 'pca'.")
