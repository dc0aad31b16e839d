"""Scalings of per-sample gradients: what makes the rows of a class comparable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import gen_batches

from skgroup._sklearn import StrOptions, validate_params
from skgroup.clustering._rows import check_rows

SCALES = ("centred_unit", "none", "rms", "unit")
ZERO_NORM = 1e-12
BLOCK_ROWS = 4096


@dataclass(frozen=True, eq=False)
class RowScaling:
    """A scaling fitted on the rows of one class, made by :func:`fit_scaling`.

    Attributes
    ----------
    scale : {"centred_unit", "none", "rms", "unit"}
        Which scaling this is.
    centre : ndarray of shape (n_columns,)
        Subtracted from every row: the class mean for "centred_unit", zeros otherwise.
    divisor : float
        What rows are divided by for "rms"; 1.0 otherwise.

    Examples
    --------
    >>> from skgroup.clustering import fit_scaling
    >>> scaling = fit_scaling([[3.0, 4.0], [0.0, 5.0]], "rms")
    >>> scaling.divisor
    5.0
    >>> scaling.transform([[10.0, 0.0]])
    array([[2., 0.]])
    """

    scale: str
    centre: NDArray[np.float64]
    divisor: float = 1.0

    def transform(self, G: ArrayLike) -> NDArray[Any]:
        """Scale rows, those of the fit or new ones.

        Parameters
        ----------
        G : array-like of shape (n_rows, n_columns)
            Never changed.

        Returns
        -------
        Z : ndarray of shape (n_rows, n_columns)
            A new array of the float type of `G`.

        Raises
        ------
        ValueError
            If `G` is not a finite 2-D array with the columns of the fit.
        """
        G = check_rows(G, name="G")
        if G.shape[1] != len(self.centre):
            raise ValueError(
                f"The scaling was fitted on {len(self.centre)} columns, got {G.shape[1]}: "
                "pass rows made the same way as those of the fit."
            )
        Z = np.empty_like(G)
        for rows in gen_batches(len(G), BLOCK_ROWS):
            Z[rows] = self._scale_block(G[rows])
        return Z

    def _scale_block(self, G: NDArray[Any]) -> NDArray[np.float64]:
        Z = G - self.centre
        if self.scale in ("none", "rms"):
            return Z / self.divisor
        norms = np.linalg.norm(Z, axis=1, keepdims=True)
        # What is left of a row equal to a large mean is rounding, not a direction.
        usable = norms > ZERO_NORM * max(1.0, float(np.linalg.norm(self.centre)))
        return np.divide(Z, norms, out=np.zeros_like(Z), where=usable)


@validate_params(
    {"G": ["array-like"], "scale": [StrOptions(set(SCALES))]},
    prefer_skip_nested_validation=True,
)
def fit_scaling(G: ArrayLike, scale: str) -> RowScaling:
    r"""Fit a scaling on the gradients of one class.

    ================  ==============================================================
    "centred_unit"    :math:`(g_i - \mu) / |g_i - \mu|` with the class mean
                      :math:`\mu`. Half the squared Euclidean distance of two rows is
                      then their centred cosine distance, between 0 and 2.
    "unit"            :math:`g_i / |g_i|`: directions only.
    "rms"             :math:`g_i / \sqrt{\mathrm{mean}_j |g_j|^2}`: one factor for the
                      class, so that magnitudes still count.
    "none"            :math:`g_i`
    ================  ==============================================================

    Rows whose norm, after centring, is at most 1e-12 have no direction and become zero. A
    class of zero rows is left as it is by "rms".

    Parameters
    ----------
    G : array-like of shape (n_rows, n_columns)
        Gradients of the rows of one class. Never changed.
    scale : {"centred_unit", "none", "rms", "unit"}
        The scaling.

    Returns
    -------
    scaling : RowScaling
        Its ``transform`` scales these rows and new ones; it can be pickled.

    Raises
    ------
    ValueError
        If `scale` is unknown or `G` is not a finite 2-D array.

    References
    ----------
    Zeng, Greenewald, Lee, Solomon, Yurochkin (2022). Outlier-Robust Group Inference via
    Gradient Space Clustering. arXiv 2210.06759.

    Examples
    --------
    >>> from skgroup.clustering import fit_scaling
    >>> G = [[3.0, 0.0], [1.0, 0.0], [2.0, 2.0], [2.0, -2.0]]
    >>> fit_scaling(G, "centred_unit").transform(G)
    array([[ 1.,  0.],
           [-1.,  0.],
           [ 0.,  1.],
           [ 0., -1.]])
    """
    G = check_rows(G, name="G")
    if scale == "centred_unit":
        return RowScaling(scale, G.mean(axis=0, dtype=np.float64))
    divisor = 1.0
    if scale == "rms":
        mean_square = np.einsum("ij,ij->", G, G, dtype=np.float64) / len(G)
        divisor = float(np.sqrt(mean_square)) or 1.0
    return RowScaling(scale, np.zeros(G.shape[1]), divisor)
