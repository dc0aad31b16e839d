"""Whether groups come out the same on other rows, and whether chance explains them."""

from __future__ import annotations

import warnings
from itertools import combinations
from numbers import Integral, Real
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted

from skgroup._groups import check_same_index
from skgroup._sklearn import HasMethods, Interval, Options, validate_params
from skgroup._tell import tell
from skgroup.exceptions import UnstableGroupsWarning
from skgroup.inspection._chance import figures_of_chance
from skgroup.inspection._inferrer_of import inferrer_of
from skgroup.inspection._refit import class_ari, refit_groups, subsample_rows
from skgroup.inspection._stability_report import Stability

__all__ = ["stability"]

LEAST_ARI = 0.5
LARGEST_P = 0.05

_COUNT = [Interval(Integral, 1, None, closed="left")]


@validate_params(
    {
        "inferrer": [HasMethods(["fit", "predict", "get_params"]), Pipeline],
        "y": ["array-like"],
        "n_resamples": _COUNT,
        "subsample": [Interval(Real, 0, 1, closed="neither")],
        "n_seeds": [Interval(Integral, 0, None, closed="left")],
        "n_null": [Options(Integral, {0}), Interval(Integral, 19, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def stability(
    inferrer: Any,
    X: Any,
    y: ArrayLike,
    *,
    n_resamples: int = 20,
    subsample: float = 0.8,
    n_seeds: int = 5,
    n_null: int = 99,
    n_jobs: int | None = None,
    random_state: int | RandomState | None = None,
    verbose: int = 0,
) -> Stability:
    """Refit an inferrer on parts of the rows, compare the groups, and test the clusters.

    Each refit assigns all rows by ``predict``, those that it was not fitted on too, and its
    groups are compared with those of `inferrer`. The parts are drawn class by class and without
    replacement: rows that a bootstrap repeats would be small dense clusters of their own. Refits
    have seeds of their own, so that their disagreement includes that of seeds; refits on all rows
    show how much that is.

    Groups are tested against three nulls, which answer different questions. For the first two the
    inferrer is fitted again, reference and all, to `n_null` data sets that obey the null, so that
    what references make of chance is taken into account: they lean on the columns that it
    favours, and their gradients are skewed, many near 0 and ever fewer far out.

    - *X says nothing of y*: the labels are permuted, and the mean losses of the references
      compared. Groups of labels that cannot be predicted mean nothing.
    - The rows of a class are *one cloud*: those of each class are drawn from a Gaussian with its
      mean and covariance, and the silhouettes of its clusters compared. This is the null of [1]_,
      but for the columns of X instead of what is clustered. Unlike the sum of squares that [1]_
      compares, silhouettes see a small group beside a large one. True groups that overlap may pass
      for one cloud too.
    - There is *no gap*: on the line through the centroids of neighbouring clusters, the rows thin
      out without a valley between the two, whatever the skew [2]_, [3]_. Where this null stands
      and the others are rejected, the groups differ by degree, as easy and hard rows do, or
      overlap. It is no cause for a warning, because true groups may overlap.

    At most 1,000 rows of a class are tested; an inferrer of more rows is fitted to these again. Of
    a :class:`skgroup.GroupInferrerSearch` the chosen candidate is tested, and that it was chosen
    is not taken into account.

    Parameters
    ----------
    inferrer : fitted group inferrer, or pipeline with one
        Left alone. Inferrers that do not cluster are tested against the first null only. In a
        pipeline the steps before the inferrer are not refitted.
    X, y : like in ``inferrer.fit``, or in ``fit`` of the pipeline
        The rows that it was fitted on.
    n_resamples : int, default=20
        Refits on parts of the rows.
    subsample : float, default=0.8
        Share of the rows of each class in a part.
    n_seeds : int, default=5
        Refits on all rows with other seeds.
    n_null : int, default=99
        Draws of each null, at least 19, because a p-value is ``1 / (1 + n_null)`` or more; 0 leaves
        the tests out. Most of the time goes into them.
    n_jobs : int, default=None
        Refits and draws made in parallel, through joblib. It does not change the result.
    random_state : int, RandomState instance or None, default=None
        Seed of parts, refits and draws.
    verbose : int, default=0
        1 shows a line for each stage. The refits are silent.

    Returns
    -------
    Stability

    Raises
    ------
    NotFittedError
        If the inferrer is not fitted.
    ValueError
        If X and y do not fit it, or a pipeline has no fitted inferrer.

    Warns
    -----
    UnstableGroupsWarning
        If the mean within-class ARI is below 0.5, or one of the first two nulls is not rejected,
        with a p-value above 0.05.

    References
    ----------
    .. [1] Y. Liu, D. N. Hayes, A. Nobel and J. S. Marron, "Statistical significance of clustering
       for high-dimension, low-sample size data", JASA 103, 2008.
    .. [2] B. W. Silverman, "Using kernel density estimates to investigate multimodality", Journal
       of the Royal Statistical Society B 43, 1981.
    .. [3] P. Hall and M. York, "On the calibration of Silverman's test for multimodality",
       Statistica Sinica 11, 2001. (Looks for valleys in an interval only.)

    Examples
    --------
    >>> from skgroup import GradientGroupInferrer
    >>> from skgroup.datasets import make_group_blobs
    >>> from skgroup.inspection import stability
    >>> X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    >>> inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
    >>> print(stability(inferrer, X, y, n_resamples=3, n_seeds=1, random_state=0))
    Within-class ARI with 3 refits on 80 % of the rows: 1.00 ...
    """
    check_same_index(X=X, y=y)
    inferrer, X, _ = inferrer_of(inferrer, X)
    check_is_fitted(inferrer)
    groups, labels = np.asarray(inferrer.predict(X, y)), column_or_1d(y)
    classes, codes = np.unique(labels, return_inverse=True)
    rng = check_random_state(random_state)
    parts: list[Any] = [subsample_rows(codes, subsample, rng) for _ in range(n_resamples)]
    seeds = rng.randint(np.iinfo(np.int32).max, size=n_resamples + n_seeds).tolist()
    tell(verbose, "stability", f"refits the inferrer {len(seeds)} times")
    refits = Parallel(n_jobs=n_jobs)(
        delayed(refit_groups)(inferrer, X, labels, rows, seed)
        for rows, seed in zip(parts + [None] * n_seeds, seeds, strict=True)
    )
    tests = figures_of_chance(
        inferrer, X, labels, n_null=n_null, rng=rng, n_jobs=n_jobs, verbose=verbose
    )
    found = Stability(
        classes, np.bincount(codes), subsample,
        **_agreement(groups, refits[:n_resamples], refits[n_resamples:], codes),
        **tests,
    )  # fmt: skip
    _warn(found)
    return found


def _agreement(
    groups: NDArray, parts: list[NDArray], seeds: list[NDArray], codes: NDArray
) -> dict[str, Any]:
    pairs = {
        "class_ari": [(groups, other) for other in parts],
        "pair_class_ari": list(combinations(parts, 2)),
        "seed_class_ari": [(groups, other) for other in seeds],
    }
    shape = (-1, codes.max() + 1)
    figures = {
        name: np.array([class_ari(*pair, codes) for pair in found]).reshape(shape)
        for name, found in pairs.items()
    }
    return figures | {"n_groups": _n_groups(parts), "seed_n_groups": _n_groups(seeds)}


def _n_groups(refits: list[NDArray]) -> NDArray[np.int64]:
    return np.array([len(np.unique(g[g >= 0])) for g in refits], dtype=np.int64)


def _warn(found: Stability) -> None:
    if found.mean_ari < LEAST_ARI:
        _tell(
            f"the groups change with the sample: refits on {100 * found.subsample:.0f} % of the "
            f"rows agree with them by a within-class ARI of {found.mean_ari:.2f}, below "
            f"{LEAST_ARI}. Ask for fewer clusters or another reference, or train with a method "
            "that needs no groups; do not read anything into single groups."
        )
    if found.label_p_value > LARGEST_P:
        _tell(
            "the reference learns no more of the labels than of permuted ones (p "
            f"{found.label_p_value:.2f}): X may say nothing of y, and groups of what cannot be "
            "predicted mean nothing. Look for columns or a reference that predict y."
        )
    if above := _above(found.classes, found.p_values):
        _tell(
            f"the split of class {above} is no clearer than that of classes which are one Gaussian "
            "cloud each, without groups: leave the class whole (k=1), or look for groups with more "
            "rows, another reference or another source."
        )


def _above(classes: NDArray, p_values: NDArray[np.float64]) -> str:
    pairs = zip(classes.tolist(), p_values, strict=True)
    return ", ".join(f"{label!r} (p {p:.2f})" for label, p in pairs if p > LARGEST_P)


def _tell(text: str) -> None:
    warnings.warn(text, UnstableGroupsWarning, stacklevel=5)
