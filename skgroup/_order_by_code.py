import numpy as np
from numpy.typing import NDArray

__all__ = ["order_by_code"]


def order_by_code(codes: NDArray[np.integer]) -> NDArray[np.int64]:
    """Positions sorted by code; those of one code stay in their order.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,), n_samples >= 1
        Counted from 0; numbers may be missing.

    Examples
    --------
    >>> import numpy as np
    >>> from skgroup._order_by_code import order_by_code
    >>> order_by_code(np.array([1, 0, 1, 0]))
    array([1, 3, 0, 2])
    """
    # Codes of at most 16 bits are sorted by radix, in linear time.
    return np.argsort(codes.astype(np.min_scalar_type(codes.max())), kind="stable")
