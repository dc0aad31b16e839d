"""The four-group Gaussian problem."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup._sklearn import Interval, StrOptions, validate_params
from skgroup.datasets._draws import flip_labels
from skgroup.datasets._subsets import SUBSETS, subset_stream

# Columns: centre (two coordinates), class. The first coordinate is the group's attribute.
_CLUSTERS = np.array(
    [
        [0, 5, 0],
        [0, 3, 0],
        [0, 2, 0],
        [0, 1, 0],
        [1, 4, 0],
        [1, 5, 1],
        [1, 3, 1],
        [1, 2, 1],
        [1, 1, 1],
        [0, 4, 1],
    ]
)


@validate_params(
    {
        "n_per_cluster": [Interval(Integral, 1, None, closed="left")],
        "variance": [Interval(Real, 0, None, closed="left")],
        "flip": [Interval(Real, 0, 1, closed="both")],
        "subset": [StrOptions(set(SUBSETS))],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_group_blobs(
    n_per_cluster: int = 100,
    *,
    variance: float = 0.1,
    flip: float = 0.0,
    subset: str = "train",
    random_state: Any = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Make the four-group Gaussian problem: ten clusters in the plane, two classes.

    Each class has a majority group of four clusters and a minority group of one, which sits
    among the majority clusters of the other class:

    =====  =====  ==================================  ========
    class  group  cluster centres                     share
    =====  =====  ==================================  ========
    0      0      (0, 5), (0, 3), (0, 2), (0, 1)      majority
    0      1      (1, 4)                              minority
    1      2      (0, 4)                              minority
    1      3      (1, 5), (1, 3), (1, 2), (1, 1)      majority
    =====  =====  ==================================  ========

    The attribute is the first coordinate of the centre, a shortcut that agrees with the class in
    80 % of the rows; the group is ``2 * class + attribute``.

    Parameters
    ----------
    n_per_cluster : int, default=100
        Rows drawn from each of the ten clusters.
    variance : float, default=0.1
        Variance of every cluster in both directions, at least 0. [1]_ states 0.01, which is
        easy; its figures belong to 0.1, where neighbouring clusters overlap.
    flip : float in [0, 1], default=0.0
        Share of rows whose label is flipped: exactly ``round(10 * n_per_cluster * flip)``, drawn
        at random. [1]_ contaminates the training rows with 0.05.
    subset : {"train", "validation", "test"}, default="train"
        Which of three independent draws of `random_state` to return. Nothing else depends on it.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw. None is a new one at each call; numpy's global generator is left alone.

    Returns
    -------
    X : ndarray of shape (10 * n_per_cluster, 2)
        The points, in random order. For one seed they do not depend on `flip`.
    y : ndarray of shape (10 * n_per_cluster,), int64
        The class, 0 or 1, after flipping.
    groups : ndarray of shape (10 * n_per_cluster,), int64
        The group, 0 to 3, or -1 (outlier) for flipped rows.

    See Also
    --------
    make_shortcut_classification : More columns, any number of classes, chosen strengths.

    Notes
    -----
    Only training rows should be contaminated. Call once per subset, with `flip` in the first
    call: ``n_per_cluster`` 60, 20 and 20 give the 0.6/0.2/0.2 split of [1]_.

    References
    ----------
    .. [1] Zeng, Greenewald, Lee, Solomon, Yurochkin (2022). Outlier-Robust Group Inference via
       Gradient Space Clustering. arXiv:2210.06759.

    Examples
    --------
    >>> import numpy as np
    >>> from skgroup.datasets import make_group_blobs
    >>> X, y, groups = make_group_blobs(60, flip=0.05, random_state=0)
    >>> X.shape, groups.tolist().count(-1)
    ((600, 2), 30)
    >>> X_test, y_test, groups_test = make_group_blobs(20, subset="test", random_state=0)
    >>> np.bincount(groups_test)
    array([80, 20, 20, 80])
    """
    rng = subset_stream(random_state, subset)
    clusters = rng.permutation(np.repeat(_CLUSTERS, n_per_cluster, axis=0))
    X = clusters[:, :2] + np.sqrt(variance) * rng.standard_normal((len(clusters), 2))
    groups = 2 * clusters[:, 2] + clusters[:, 0]
    y, flipped = flip_labels(clusters[:, 2], flip, 2, rng)
    groups[flipped] = -1
    return X, y, groups
