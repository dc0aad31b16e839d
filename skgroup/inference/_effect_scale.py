"""Columns that count by how far they set the classes apart."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup._inputs import feature_statistics

__all__ = ["scale_by_effect"]

# A column that nearly is the label would leave nothing of the others.
LEAST_WITHIN = 0.03


def scale_by_effect(
    X: Any, y: NDArray, mean: NDArray, scale: NDArray, *, standardize: bool = True
) -> NDArray[np.float64]:
    r"""What to divide each column by, so that it counts by its effect size.

    The effect size of a column is the deviation of its class means over its deviation inside the
    classes, :math:`s_b / s_w`: for two classes of the same size half of Cohen's d. Columns are
    divided by :math:`s_w`, or with ``standardize=False`` left in their units, and multiplied by
    the root of their effect size, whose mean square over columns is 1. Columns that tell nothing
    of the class get an infinite divisor, unless all do: then all count alike.

    Parameters
    ----------
    X : array or CSR matrix of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
        Codes of the classes.
    mean, scale : ndarray of shape (n_features,)
        Of all rows, as :func:`skgroup._inputs.feature_statistics` gives them.
    standardize : bool, default=True
        Whether the units of the columns are to be left out.

    Returns
    -------
    divisors : ndarray of shape (n_features,)

    References
    ----------
    Cohen (1988). Statistical power analysis for the behavioral sciences, 2nd edition.

    Examples
    --------
    >>> import numpy as np
    >>> from skgroup.inference._effect_scale import scale_by_effect
    >>> X = np.array([[0.0, 0.0], [2.0, 2.0], [4.0, 0.0], [6.0, 2.0]])
    >>> scale_by_effect(X, np.array([0, 0, 1, 1]), X.mean(axis=0), X.std(axis=0))
    array([0.84..., inf])
    """
    counts = np.bincount(y)
    between = np.zeros_like(mean)
    for c, n in enumerate(counts):
        between += n / len(y) * (feature_statistics(X, np.flatnonzero(y == c))[0] - mean) ** 2
    # Rounding makes the class means of a column differ that does not tell the classes apart.
    between = np.where(between > (1e-9 * scale) ** 2, between, 0.0)
    within = np.sqrt(np.maximum(scale**2 - between, (LEAST_WITHIN * scale) ** 2))
    effect = np.sqrt(between) / within
    if not effect.any():
        effect = np.ones_like(effect)
    effect /= np.sqrt(np.mean(effect**2))
    with np.errstate(divide="ignore"):
        return (within if standardize else np.ones_like(within)) / np.sqrt(effect)
