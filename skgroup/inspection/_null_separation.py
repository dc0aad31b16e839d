"""Rows as they would be without groups, and how clear clusters are."""

from typing import Any

import numpy as np
import torch
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray

from skgroup.clustering import class_silhouette

__all__ = ["as_numbers", "draw_clouds", "like", "p_value", "separation"]


def separation(Z: NDArray, groups: NDArray) -> float:
    """Silhouette of the groups of one class, -1 where it was not split."""
    if len(np.unique(groups[groups >= 0])) < 2:
        return -1.0
    return class_silhouette(Z, groups, max_rows=len(Z))


def draw_clouds(X: NDArray, y: NDArray, rng: RandomState) -> NDArray[np.float64]:
    """As many rows of each class, from a Gaussian with the mean and covariance of its own."""
    flat = X.reshape(len(X), -1).astype(np.float64)
    drawn = np.empty_like(flat)
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        mean = flat[rows].mean(axis=0)
        _, deviation, axes = np.linalg.svd(flat[rows] - mean, full_matrices=False)
        normal = rng.standard_normal((len(rows), len(deviation)))
        drawn[rows] = normal * (deviation / np.sqrt(len(rows))) @ axes + mean
    return drawn.reshape(X.shape)


def as_numbers(X: Any) -> NDArray | None:
    """X as an array of numbers, or None where it is no array, or has columns of text."""
    if not hasattr(X, "__array__"):
        return None
    try:
        found = np.asarray(X)
        return found.astype(np.float64) if found.dtype == object else found
    except (TypeError, ValueError):  # text, or a tensor on another device
        return None


def like(X: Any, values: NDArray) -> Any:
    """`values` in the form of X: a frame with its columns, a tensor or an array."""
    if hasattr(X, "iloc"):
        return type(X)(values, index=X.index, columns=X.columns)
    if isinstance(X, torch.Tensor):
        return torch.from_numpy(values).to(X if X.is_floating_point() else torch.float32)
    return values.astype(X.dtype) if np.issubdtype(X.dtype, np.floating) else values


def p_value(observed: float, null: ArrayLike) -> float:
    """Share of draws that are at least as extreme, the observed value counted as one of them.

    NaN without draws.
    """
    values = np.asarray(null)
    if not len(values):
        return float("nan")
    return (1 + int((values >= observed).sum())) / (1 + len(values))
