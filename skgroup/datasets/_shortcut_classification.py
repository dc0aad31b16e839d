"""Gaussian classes with a core and a shortcut."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup._sklearn import Interval, StrOptions, validate_params
from skgroup.datasets._draws import centres, draw_shortcut, flip_labels
from skgroup.datasets._subsets import SUBSETS, subset_stream

_COUNT = [Interval(Integral, 1, None, closed="left")]
_STRENGTH = [Interval(Real, 0, None, closed="left")]
_SHARE = [Interval(Real, 0, 1, closed="both")]


@validate_params(
    {
        "n_samples": _COUNT,
        "n_classes": [Interval(Integral, 2, None, closed="left")],
        "n_features": _COUNT,
        "n_core": _COUNT,
        "n_shortcut": _COUNT,
        "core_strength": _STRENGTH,
        "shortcut_strength": _STRENGTH,
        "agreement": _SHARE,
        "label_noise": _SHARE,
        "subset": [StrOptions(set(SUBSETS))],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_shortcut_classification(
    n_samples: int = 1000,
    *,
    n_classes: int = 2,
    n_features: int = 20,
    n_core: int = 1,
    n_shortcut: int = 1,
    core_strength: float = 1.0,
    shortcut_strength: float = 3.0,
    agreement: float = 0.95,
    label_noise: float = 0.0,
    subset: str = "train",
    random_state: Any = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    r"""Make a classification problem with a shortcut that is easier than the core.

    The columns are, from left to right, `n_core` core columns, `n_shortcut` shortcut columns and
    noise columns. Every column is standard normal noise; core and shortcut columns add

    .. math:: s\,(2v - K + 1)

    with :math:`K` classes, :math:`s` the strength and :math:`v` a value in 0, ..., K - 1: the
    class in core columns, and in shortcut columns a value that agrees with the class in most
    rows. With two classes the centres are :math:`-s` and :math:`s`. There is no other structure:
    the geometry depends on the parameters alone, `random_state` only draws rows.

    Parameters
    ----------
    n_samples : int, default=1000
        Rows. Classes are equally frequent (sizes differ by one at most) before label noise.
    n_classes : int, default=2
        Number of classes, and of shortcut values.
    n_features : int, default=20
        Columns in all, at least ``n_core + n_shortcut``.
    n_core, n_shortcut : int, default=1
        Columns that carry the core, and the shortcut. Their noise is independent.
    core_strength, shortcut_strength : float, default=1.0 and 3.0
        Half the distance between neighbouring centres in such a column, in standard deviations of
        the noise; 0 makes it a noise column.
    agreement : float in [0, 1], default=0.95
        Share of rows whose shortcut value is the class: ``round(agreement * n_c)`` of the ``n_c``
        rows of each class. The other rows share the other values evenly. ``1 / n_classes`` makes
        the shortcut uninformative, smaller values misleading.
    label_noise : float in [0, 1], default=0.0
        Share of rows whose label is not the class of their core: ``round(label_noise *
        n_samples)`` random rows get another class. The shortcut goes with the label given, so it
        predicts these labels where the core does not.
    subset : {"train", "validation", "test"}, default="train"
        Which of three independent draws of `random_state` to return. Nothing else depends on it,
        so that a test set may have another size, agreement and label noise.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw. None is a new one at each call; numpy's global generator is left alone.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
        The columns, in random row order.
    y : ndarray of shape (n_samples,), int64
        The class, after label noise.
    groups : ndarray of shape (n_samples,), int64
        ``n_classes * y + shortcut value``.

    Raises
    ------
    ValueError
        If ``n_core + n_shortcut`` exceeds `n_features`, or a parameter is out of its range.

    See Also
    --------
    plant_shortcut : Adds a shortcut column to data of your own.
    make_colored_digits : The same on images, with colour as the shortcut.

    Notes
    -----
    With two classes, the best accuracy from core columns alone is
    :math:`\Phi(\sqrt{n_{core}}\, s_{core})`, times ``1 - label_noise`` plus its complement times
    `label_noise` on noisy labels: .841 for the defaults. It is what a classifier that ignores the
    shortcut reaches in every group.

    Examples
    --------
    >>> import numpy as np
    >>> from skgroup.datasets import make_shortcut_classification
    >>> X, y, groups = make_shortcut_classification(agreement=0.9, random_state=0)
    >>> np.bincount(groups)
    array([450,  50,  50, 450])
    >>> X_test, y_test, groups_test = make_shortcut_classification(
    ...     400, agreement=0.5, subset="test", random_state=0
    ... )
    >>> np.bincount(groups_test)
    array([100, 100, 100, 100])
    """
    if n_core + n_shortcut > n_features:
        raise ValueError(
            f"n_features={n_features} leaves no room for n_core={n_core} and "
            f"n_shortcut={n_shortcut} columns: use n_features of at least {n_core + n_shortcut}."
        )
    rng = subset_stream(random_state, subset)
    core = rng.permutation(np.arange(n_samples) % n_classes)
    X = rng.standard_normal((n_samples, n_features))
    y, _ = flip_labels(core, label_noise, n_classes, rng)
    shortcut = draw_shortcut(y, agreement, n_classes, rng)
    X[:, :n_core] += core_strength * centres(core, n_classes)[:, None]
    is_shortcut = slice(n_core, n_core + n_shortcut)
    X[:, is_shortcut] += shortcut_strength * centres(shortcut, n_classes)[:, None]
    return X, y, n_classes * y + shortcut
