"""Last-layer retraining on numbers: sparse logistic regression on group-balanced subsets."""

import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from skgroup.classifiers._task import split_rows
from skgroup.samplers._equal_rows import subsampled_rows

__all__ = ["LastLayer", "fit_last_layer", "fit_logistic", "worst_cell"]

# liblinear has one random generator for all threads, and Python one list of warning filters.
_LOCK = threading.Lock()


@dataclass(frozen=True)
class LastLayer:
    """A linear model of standardised features: one row of `coef` for two classes, else one each."""

    C: float
    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]

    def decide(self, Z: NDArray) -> NDArray[np.int64]:
        """Class codes of standardised features."""
        scores = Z @ self.coef.T + self.intercept
        return (scores[:, 0] > 0).astype(np.int64) if len(self.coef) == 1 else scores.argmax(axis=1)

    def head(self, mean: NDArray, scale: NDArray) -> tuple[NDArray, NDArray]:
        """Weight and bias with one output a class, for features before the standardisation."""
        weight = self.coef / scale
        bias = self.intercept - weight @ mean
        if len(weight) > 1:
            return weight, bias
        # One logit becomes two, with the same probabilities.
        return np.vstack([-weight, weight]) / 2, np.hstack([-bias, bias]) / 2


def fit_last_layer(
    Z: NDArray,
    y: NDArray[np.int64],
    groups: NDArray[np.int64],
    *,
    strengths: Sequence[float],
    n_retrains: int,
    penalty: str = "l1",
    weight: NDArray | None = None,
    seed: int = 0,
) -> LastLayer:
    """Average logistic regressions on subsets in which all class x group cells are equally large.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_features)
        Standardised features.
    y, groups : ndarray of shape (n_samples,)
        Codes; every class from 0 to ``y.max()`` has a row.
    strengths : sequence of float
        Candidates for C; of several the one that does best for the worst cell of one half of the
        rows, after a fit on the other half, and of equal ones that with the better mean, or the
        first. Where every cell has one row only there are no halves, and it is the first.
    n_retrains : int
        Number of subsets.
    penalty : {"l1", "l2"}
        What C is the inverse strength of.
    weight : ndarray of shape (n_samples,), optional
        Weights inside the cells.
    seed : int
        Seed of subsets, halves and solver.
    """
    cells = np.unique(np.column_stack([y, groups]), axis=0, return_inverse=True)[1].ravel()
    weight = np.ones(len(y)) if weight is None else weight
    seeds = np.random.default_rng(seed).integers(np.iinfo(np.int32).max, size=n_retrains + 2)
    split, draw, *others = seeds.tolist()
    data, C = (Z, y, cells, weight), strengths[0]
    if len(strengths) > 1:
        C = _tuned(*data, strengths, penalty, split, draw)
    subsets = [subsampled_rows(torch.from_numpy(cells), other).numpy() for other in others]
    if len(subsets[0]) == len(y):  # all of them are all rows
        del subsets[1:]
    fits = Parallel()(
        delayed(fit_logistic)(*(part[rows] for part in data), C, penalty, draw) for rows in subsets
    )
    # The mean of linear decisions is that of their coefficients.
    return LastLayer(C, *(np.mean(parts, axis=0) for parts in zip(*fits, strict=True)))


def _tuned(
    Z: NDArray, y: NDArray, cells: NDArray, weight: NDArray,
    strengths: Sequence[float], penalty: str, split: int, draw: int,
) -> float:  # fmt: skip
    half, rest = split_rows(y, cells, 0.5, split)
    if not len(rest):
        return strengths[0]
    half = half[subsampled_rows(torch.from_numpy(cells[half]), draw).numpy()]
    fits = Parallel()(
        delayed(fit_logistic)(Z[half], y[half], cells[half], weight[half], C, penalty, draw)
        for C in strengths
    )
    models = [LastLayer(C, *fit) for C, fit in zip(strengths, fits, strict=True)]
    scores = [
        worst_cell(model.decide(Z[rest]) == y[rest], cells[rest], weight[rest]) for model in models
    ]
    return models[max(range(len(models)), key=lambda i: scores[i])].C  # the first of equal ones


def worst_cell(right: NDArray, cells: NDArray, weight: NDArray) -> tuple[float, float]:
    """Accuracy of the worst cell, and the mean accuracy of all."""
    total = np.bincount(cells, weights=weight)
    accuracy = np.bincount(cells, weights=weight * right)[total > 0] / total[total > 0]
    # Rounded and sorted, so that the order of cells cannot break a tie.
    return round(float(accuracy.min()), 9), round(float(np.sort(accuracy).mean()), 9)


def fit_logistic(
    Z: NDArray, y: NDArray, cells: NDArray, weight: NDArray, C: float, penalty: str, seed: int
) -> tuple[NDArray, NDArray]:
    """Coefficients and intercepts; every cell has its size as total weight."""
    weight = weight / (np.bincount(cells, weights=weight) / np.bincount(cells))[cells]
    binary = y.max() == 1
    # liblinear is the fastest for two classes, and saga the only one for more. As every fit is
    # one of many that are averaged or compared, saga need not be exact.
    solver = {"solver": "liblinear", "tol": 1e-6} if binary else {"solver": "saga", "tol": 1e-4}
    model = LogisticRegression(C=C, max_iter=1000, random_state=seed, **_penalty(penalty), **solver)
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(Z, y, sample_weight=weight)
    return model.coef_, model.intercept_


def _penalty(name: str) -> dict[str, Any]:
    """How scikit-learn is asked for a penalty; before version 1.8 it went by its name."""
    by_name = LogisticRegression().get_params().get("penalty") == "l2"
    return {"penalty": name} if by_name else {"l1_ratio": float(name == "l1")}
