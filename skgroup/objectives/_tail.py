import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

__all__ = ["TailLoss", "chi2_weights", "cvar_weights"]

Vector = NDArray[np.float64]


def silently() -> np.errstate:
    """Decorate what meets the losses of a diverged training: its loop reports that they are NaN.

    A new one for each function, because before NumPy 2 one that is entered twice never leaves.
    """
    return np.errstate(divide="ignore", invalid="ignore")


def in_numpy(values: Tensor) -> Vector:
    """A copy in double precision: sums over a tail must not drift.

    In NumPy, because a batch is small and torch takes longer for each of many small steps.
    """
    return values.detach().cpu().numpy().astype(np.float64)


def probabilities(losses: Tensor, mass: Tensor | None) -> Vector:
    """Weights of the rows as shares of their sum; equal ones where `mass` is None."""
    if mass is None:
        return np.full(len(losses), 1 / len(losses))
    p = in_numpy(mass)
    return p / p.sum()


def cvar_weights(losses: Tensor, alpha: float, mass: Tensor | None = None) -> Tensor:
    """Weights, of sum 1, that give the mean of the largest losses, a share `alpha` of them.

    They maximise the weighted sum over all weights of at most ``1 / (alpha m)``. Rows that tie at
    the edge share what is left, so that the order of rows means nothing. `mass` are weights of
    the rows themselves.
    """
    return _in_order(_cvar, losses, mass, alpha)


def chi2_weights(
    losses: Tensor, alpha: float, c_factor: float = 1.0, mass: Tensor | None = None
) -> Tensor:
    """Weights, of sum 1, that maximise the weighted sum in a chi-square ball.

    The ball around equal weights has the radius ``rho = c_factor (1 / alpha - 1)**2``. Its dual
    ``F(eta) = C sqrt(mean (l - eta)_+^2) + eta``, ``C^2 = 1 + rho``, is convex: its slope at the
    losses tells between which two of them the minimum lies, and there it has a closed form.
    """
    return _in_order(_chi2, losses, mass, alpha, c_factor)


def _in_order(
    solve: Callable[..., Vector], losses: Tensor, mass: Tensor | None, *settings: float
) -> Tensor:
    values = in_numpy(losses)
    order, weights = (-values).argsort(), np.zeros_like(values)
    weights[order] = solve(values[order], probabilities(losses, mass)[order], *settings)
    return torch.from_numpy(weights).to(losses.device)


@silently()
def _cvar(losses: Vector, p: Vector, alpha: float) -> Vector:
    """See `cvar_weights`; the losses fall from first to last."""
    n_inside = int(np.count_nonzero(p.cumsum() < alpha))
    edge = losses[min(n_inside, len(losses) - 1)]
    above, reached = np.count_nonzero(losses > edge), np.count_nonzero(losses >= edge)
    weights, tied = np.zeros_like(p), p[above:reached]
    weights[:above] = p[:above] / alpha
    weights[above:reached] = max(1 - weights[:above].sum(), 0.0) * tied / tied.sum()
    return weights


@silently()
def _chi2(losses: Vector, p: Vector, alpha: float, c_factor: float) -> Vector:
    """See `chi2_weights`; the losses fall from first to last."""
    c2 = 1 + c_factor * (1 / alpha - 1) ** 2
    losses = losses - losses[0]  # then the variance of those that tie with it is exactly 0
    # Moments of (l - eta)_+ with eta at each of the losses, from sums over the rows above it.
    weighted = p * losses
    s0, s1, s2 = p.cumsum(), weighted.cumsum(), (weighted * losses).cumsum()
    mean, square = s1 - losses * s0, s2 - losses * (2 * s1 - losses * s0)
    active = int(np.count_nonzero(c2 * mean * mean <= square))  # these are right of the minimum
    share, q = s0[active - 1], p[:active]
    centred = losses[:active] - s1[active - 1] / share
    variance = q @ (centred * centred) / share
    if variance > 0:  # if not, the ball holds the point with all weight on the largest losses
        slope = math.sqrt(max(c2 * share - 1, 0.0) / variance)
        q = q * np.maximum(1 + slope * centred, 0.0)
    weights = np.zeros_like(p)
    weights[:active] = q / q.sum()
    return weights


@cache
def _n_outliers(share: float, m: int) -> int:
    # Rounded first: 0.29 of 100 rows are 29, whatever 0.29 * 100 is in binary.
    return min(math.floor(round(share * m, 9)), m - 1)


class TailLoss(nn.Module):
    """Loss of the worst share of a batch, outliers left out: CVaR, chi-square DRO and DORO.

    Of the m losses of a batch the ``floor(outlier_share m)`` largest are discarded; the others get
    the weights that make their sum largest, within ``1 / (alpha m)`` each ("cvar") or within a
    chi-square ball ("chi2"). Weights are constants: no gradient passes through them.

    Parameters
    ----------
    alpha : float, default=0.2
        Share of the smallest group that is thought possible, in (0, 1]; 1 is the mean loss.
    outlier_share : float, default=0.0
        Share of the largest losses to discard, in [0, 1).
    divergence : {"cvar", "chi2"}, default="cvar"
        Which weights are possible.
    c_factor : float, default=1.0
        Factor of the radius ``(1 / alpha - 1)**2`` of the chi-square ball.
    sample_weight : Tensor of shape (n_samples,), optional
        Weights of the training samples: a row of weight 2 is two rows. Only ratios matter.

    References
    ----------
    Hashimoto, Srivastava, Namkoong, Liang: Fairness without demographics in repeated loss
    minimization, ICML 2018, arXiv 1806.08010.
    Levy, Carmon, Duchi, Sidford: Large-scale methods for distributionally robust optimization,
    NeurIPS 2020, arXiv 2010.05893.
    Zhai, Dan, Kolter, Ravikumar: DORO: distributional and outlier robust optimization, ICML 2021,
    arXiv 2106.06142.

    Examples
    --------
    >>> import torch
    >>> from skgroup.objectives import TailLoss
    >>> logits = torch.tensor([[0.0, 9.0], [0.0, 2.0], [0.0, 1.0], [0.0, 0.0]])
    >>> y = torch.tensor([0, 0, 0, 0])  # losses 9.0, 2.1, 1.3 and 0.7
    >>> TailLoss(alpha=0.25)(logits, y, groups=y, index=y)
    tensor(9.0001)
    >>> TailLoss(alpha=0.25, outlier_share=0.25)(logits, y, groups=y, index=y)
    tensor(2.1269)
    """

    sample_weight: Tensor | None

    def __init__(
        self,
        alpha: float = 0.2,
        *,
        outlier_share: float = 0.0,
        divergence: str = "cvar",
        c_factor: float = 1.0,
        sample_weight: Tensor | None = None,
    ):
        super().__init__()
        self.alpha = alpha
        self.outlier_share = outlier_share
        self.divergence = divergence
        self.c_factor = c_factor
        # Mean 1 over the training set: with alpha = 1 it is the weighted mean loss in each batch.
        weight = None if sample_weight is None else sample_weight / sample_weight.mean()
        self.register_buffer("sample_weight", weight)

    def forward(self, output: Tensor, y: Tensor, groups: Tensor, index: Tensor) -> Tensor:
        losses = cross_entropy(output, y, reduction="none")
        n_out = _n_outliers(self.outlier_share, len(y))
        values, weights = in_numpy(losses), np.zeros(len(y))
        order = (-values).argsort(kind="stable")
        mass, scale = np.ones(len(y)), 1.0
        if self.sample_weight is not None:
            mass = in_numpy(self.sample_weight[index])[order]
            scale = mass.mean()
        # The largest losses go, rows of mean mass; the last of them perhaps in part.
        before = mass.cumsum() - mass
        left = mass - np.minimum(np.maximum(n_out * scale - before, 0.0), mass)
        order, left = order[left > 0], left[left > 0]
        weights[order] = scale * self._solve(values[order], left / left.sum())
        gone = np.isinf(values) & (weights == 0)  # 0 times infinity is no number
        if gone.any():
            losses = losses.masked_fill(torch.from_numpy(gone).to(losses.device), 0.0)
        return torch.from_numpy(weights).to(losses) @ losses

    def _solve(self, losses: Vector, p: Vector) -> Vector:
        if self.divergence == "cvar":
            return _cvar(losses, p, self.alpha)
        return _chi2(losses, p, self.alpha, self.c_factor)
