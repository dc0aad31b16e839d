"""Gradients whose length is that of the residual."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["FLAT_SOURCE", "residual_norms", "set_lengths"]

FLAT_SOURCE = (
    "with two classes, gradients of source='activation' all lie on one line, so that the groups "
    "only tell small losses from large ones: source='head' keeps the features."
)


def residual_norms(probabilities: NDArray, y: NDArray) -> NDArray[np.float64]:
    """Norm of the probabilities minus the one-hot label, for each row: between 0 and sqrt(2)."""
    residual = probabilities.copy()
    residual[np.arange(len(y)), y] -= 1
    return np.linalg.norm(residual, axis=1)


def set_lengths(gradients: NDArray, lengths: NDArray) -> None:
    """Scale each row in place to a given length; rows of zeros have no direction and stay."""
    norms = np.linalg.norm(gradients, axis=1)
    gradients *= (lengths / np.where(norms > 0, norms, 1.0))[:, None]
