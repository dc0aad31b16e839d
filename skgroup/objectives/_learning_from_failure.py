import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from skgroup.modules import TwinOutput
from skgroup.objectives._gce import generalized
from skgroup.objectives._weighted_mean import WeightedMean

__all__ = ["LfFLoss"]


class LfFLoss(nn.Module):
    """Learning from failure: a network that falls for shortcuts tells which rows are hard.

    The biased network minimises the generalised cross-entropy ``(1 - p_y^q) / q``, the main one
    the cross-entropy times ``W_i = b_i / (b_i + d_i + 1e-8)``, where ``b_i`` and ``d_i`` are the
    cross-entropies of the biased and of the main network for row i. Both are moving averages over
    the visits of that row, divided by the largest of its class.

    Parameters
    ----------
    y : Tensor of shape (n_samples,), int64
        Classes of the training samples, counted from 0.
    q : float, default=0.7
        How far the biased network trusts easy rows, from 0 (cross-entropy) to 1.
    ema : float or None, default=0.7
        Share of the past in the moving averages, in [0, 1). None: no averages and no division by
        the largest of the class.
    sample_weight : Tensor of shape (n_samples,), optional
        Weights inside both means.

    References
    ----------
    Nam, Cha, Ahn, Lee, Shin: Learning from failure: training debiased classifier from biased
    classifier, NeurIPS 2020, arXiv 2007.02561.

    Examples
    --------
    >>> import torch
    >>> from skgroup.modules import TwinOutput
    >>> from skgroup.objectives import LfFLoss
    >>> y = torch.tensor([0, 0])
    >>> main, biased = torch.zeros(2, 2), torch.tensor([[4.0, 0.0], [0.0, 4.0]])
    >>> loss = LfFLoss(y, ema=None)
    >>> _ = loss(TwinOutput(main, biased), y, groups=y, index=torch.arange(2))
    >>> loss.weights(TwinOutput(main, biased), y, torch.arange(2)).numpy().round(2)
    array([0.03, 0.85], dtype=float32)
    """

    averages: Tensor
    place: Tensor

    def __init__(
        self,
        y: Tensor,
        *,
        q: float = 0.7,
        ema: float | None = 0.7,
        sample_weight: Tensor | None = None,
    ):
        super().__init__()
        # Not `q`: that is the name of group weights in the history.
        self.exponent, self.ema = q, ema
        self.mean = WeightedMean(sample_weight)
        # Classes lie side by side, which makes their largest entries cheap in every step.
        self.class_sizes = torch.bincount(y).tolist()
        self.register_buffer("place", torch.argsort(torch.argsort(y, stable=True)))
        # Cross-entropies are never negative: -1 is a row that no batch had yet.
        n_rows = 0 if ema is None else len(y)
        self.register_buffer("averages", torch.full((2, n_rows), -1.0, device=y.device))

    def forward(self, output: TwinOutput, y: Tensor, groups: Tensor, index: Tensor) -> Tensor:
        losses = hardness = _losses(output, y)
        if self.ema is not None:
            hardness = self._remember(losses.detach(), self.place[index], self.ema)
        weights = self._compare(hardness.detach(), y).to(losses.dtype)
        biased = generalized(losses[0], self.exponent)
        return self.mean(biased + weights * losses[1], index)

    def weights(self, output: TwinOutput, y: Tensor, index: Tensor) -> Tensor:
        """How hard each row is for the biased network compared with the main one, in [0, 1]."""
        if self.ema is None:
            return self._compare(_losses(output, y).detach(), y)
        return self._compare(self.averages[:, self.place[index]], y).to(output.logits.dtype)

    def _remember(self, losses: Tensor, place: Tensor, ema: float) -> Tensor:
        past, now = self.averages[:, place], losses.to(self.averages.dtype)
        self.averages[:, place] = now = torch.where(past < 0, now, ema * past + (1 - ema) * now)
        return now

    def _compare(self, hardness: Tensor, y: Tensor) -> Tensor:
        if self.ema is not None:
            parts = self.averages.split(self.class_sizes, dim=1)
            largest = torch.stack([part.amax(dim=1) for part in parts], dim=1)
            hardness = hardness / largest[:, y].clamp_min(1e-12)
        return hardness[0] / (hardness.sum(dim=0) + 1e-8)


def _losses(output: TwinOutput, y: Tensor) -> Tensor:
    """Cross-entropies of the biased and of the main network, one row each."""
    both = (output.other, output.logits)
    return torch.stack([cross_entropy(logits, y, reduction="none") for logits in both])
