"""The rows of a class: checked, and sampled by steps that cannot afford all of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, DTypeLike, NDArray
from sklearn.utils import check_array, check_random_state

FLOATS = (np.float64, np.float32)
UNIT_TOLERANCE = 1e-5


def check_rows(Z: ArrayLike, dtypes: Sequence[DTypeLike] = FLOATS, name: str = "Z") -> NDArray[Any]:
    """A finite 2-D array, converted to the first of `dtypes` unless it has one of them."""
    return check_array(Z, dtype=list(dtypes), input_name=name)


def are_unit_rows(Z: NDArray[Any]) -> bool:
    """Whether every row has norm 1, or 0 where it has no direction."""
    norms = np.linalg.norm(Z, axis=1)
    return bool(((abs(norms - 1) < UNIT_TOLERANCE) | (norms == 0)).all())


def sample_rows(
    n_rows: int, max_rows: int, random_state: int | RandomState | None = None
) -> NDArray[np.intp]:
    """Sorted indices of all rows, or of `max_rows` of them drawn without replacement.

    Parameters
    ----------
    n_rows : int
        Number of rows to choose from.
    max_rows : int
        Largest number of indices wanted. Up to it nothing is drawn from `random_state`.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw.

    Returns
    -------
    rows : ndarray of shape (min(n_rows, max_rows),)

    Examples
    --------
    >>> from skgroup.clustering._rows import sample_rows
    >>> sample_rows(3, 10)
    array([0, 1, 2])
    >>> len(sample_rows(100, 10, random_state=0))
    10
    """
    if n_rows <= max_rows:
        return np.arange(n_rows)
    return np.sort(check_random_state(random_state).permutation(n_rows)[:max_rows])
