"""Real digits whose colour is a shortcut."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from skgroup._sklearn import Interval, Options, StrOptions, validate_params
from skgroup.datasets._draws import draw_shortcut, flip_labels
from skgroup.datasets._subsets import SUBSETS, subset_rows, subset_stream

# Red, green, blue; yellow, magenta, cyan; orange, spring green, violet; white.
_COLORS = np.array(
    [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [1, 1, 0],
        [1, 0, 1],
        [0, 1, 1],
        [1, 0.5, 0],
        [0, 1, 0.5],
        [0.5, 0, 1],
        [1, 1, 1],
    ],
    dtype=np.float32,
)


@validate_params(
    {
        "subset": [StrOptions(set(SUBSETS))],
        "n_classes": [Options(Integral, {2, 10})],
        "agreement": [Interval(Real, 0, 1, closed="both")],
        "label_noise": [Interval(Real, 0, 1, closed="both")],
        "as_images": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_colored_digits(
    *,
    subset: str = "train",
    n_classes: int = 2,
    agreement: float = 0.95,
    label_noise: float = 0.0,
    as_images: bool = False,
    random_state: Any = None,
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Colour the 1,797 handwritten digits of scikit-learn so that colour hints at the class.

    Which digits belong to a subset is fixed: by position in
    :func:`sklearn.datasets.load_digits`, the first 60 % train (1,078 rows), the next 20 % validate
    (359), the last 20 % test (360). Rows keep that order, so only colours and label noise are
    random, and no digit is in two subsets.

    Parameters
    ----------
    subset : {"train", "validation", "test"}, default="train"
        Which digits to return. Each subset has its own draw of `random_state`.
    n_classes : {2, 10}, default=2
        2: digits 0 to 4 are class 0, digits 5 to 9 class 1. 10: the digit is the class.
    agreement : float in [0, 1], default=0.95
        Share of rows whose colour is that of their class: ``round(agreement * n_c)`` of the
        ``n_c`` rows of each class. The other rows share the other colours evenly.
        ``1 / n_classes`` makes colour uninformative, smaller values misleading.
    label_noise : float in [0, 1], default=0.0
        Share of rows whose label is not the class of their shape: ``round(label_noise * n)``
        random rows get another class. The colour goes with the label given, so it predicts these
        labels where the shape does not; [1]_ uses 0.25.
    as_images : bool, default=False
        Return images with channels first instead of flat rows.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw. None is a new one at each call; numpy's global generator is left alone.

    Returns
    -------
    X : ndarray of shape (n_samples, 192) or (n_samples, 3, 8, 8), float32
        Red, green and blue channels of 8 x 8 pixels, in [0, 1]. Flat rows are the images
        reshaped: 64 columns of red, then green, then blue.
    y : ndarray of shape (n_samples,), int64
        The class, after label noise.
    groups : ndarray of shape (n_samples,), int64
        ``n_classes * y + colour``; colour c is that of class c (0 red, 1 green, ...).

    See Also
    --------
    make_shortcut_classification : The same with Gaussian columns.

    Notes
    -----
    An image is the grey digit times its colour. With two classes the blue channel is therefore
    zero everywhere; the third channel is there so that images have one shape and can be shown as
    they are, ``plt.imshow(X[0].transpose(1, 2, 0))``.

    References
    ----------
    .. [1] Arjovsky, Bottou, Gulrajani, Lopez-Paz (2019). Invariant Risk Minimization.
       arXiv:1907.02893.

    Examples
    --------
    >>> import numpy as np
    >>> from skgroup.datasets import make_colored_digits
    >>> X, y, groups = make_colored_digits(agreement=0.9, random_state=0)
    >>> X.shape, np.bincount(groups)
    ((1078, 192), array([484,  54,  54, 486]))
    >>> X_test, y_test, groups_test = make_colored_digits(
    ...     subset="test", agreement=0.5, as_images=True, random_state=0
    ... )
    >>> X_test.shape, np.bincount(groups_test)
    ((360, 3, 8, 8), array([90, 90, 90, 90]))
    """
    digits = load_digits()
    rows = subset_rows(len(digits.target))[subset]
    grey, digit = digits.images[rows].astype(np.float32) / 16, digits.target[rows]
    rng = subset_stream(random_state, subset)
    shape = digit if n_classes == 10 else (digit >= 5).astype(np.int64)
    y, _ = flip_labels(shape, label_noise, n_classes, rng)
    color = draw_shortcut(y, agreement, n_classes, rng)
    X = grey[:, None] * _COLORS[color][:, :, None, None]
    return X if as_images else X.reshape(len(X), -1), y, n_classes * y + color
