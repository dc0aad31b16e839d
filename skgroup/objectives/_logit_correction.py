import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from skgroup.modules import TwinOutput
from skgroup.objectives._gce import generalized_cross_entropy
from skgroup.objectives._group_dro import group_means
from skgroup.objectives._weighted_mean import WeightedMean

__all__ = ["LogitCorrectionLoss"]


class LogitCorrectionLoss(nn.Module):
    """Logit correction: what the shortcut says of the class is added while training.

    The biased network minimises the generalised cross-entropy; its predicted class ``a`` stands
    for the shortcut. ``P[y, a]`` is a moving average of the probability that it gives to the true
    class y of the rows of class y and prediction a, divided by the sum over y. The main network
    minimises the cross-entropy of ``logits + log(P[., a]^eta + 1e-4)``, so that it only has to
    learn what the shortcut does not say. Columns of P without a row so far correct nothing.

    Parameters
    ----------
    n_classes : int
        Number of classes.
    q : float, default=0.7
        How far the biased network trusts easy rows, from 0 (cross-entropy) to 1.
    eta : float, default=1.0
        Strength of the correction; 0 is none.
    momentum : float, default=0.9
        Share of the past in the moving average, in [0, 1).
    sample_weight : Tensor of shape (n_samples,), optional
        Weights inside all means.

    References
    ----------
    Liu, Zhang, Sekhar, Wu, Singhal, Fernandez-Granda: Avoiding spurious correlations via logit
    correction, ICLR 2023, arXiv 2212.01433.

    Examples
    --------
    >>> import torch
    >>> from skgroup.modules import TwinOutput
    >>> from skgroup.objectives import LogitCorrectionLoss
    >>> biased = torch.tensor([[2.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    >>> loss, y = LogitCorrectionLoss(n_classes=2), torch.tensor([0, 1, 1])
    >>> _ = loss(TwinOutput(torch.zeros(3, 2), biased), y, groups=y, index=torch.arange(3))
    >>> loss.prior.numpy().round(2)
    array([[0.88, 0.  ],
           [0.12, 1.  ]])
    """

    table: Tensor

    def __init__(
        self,
        n_classes: int,
        *,
        q: float = 0.7,
        eta: float = 1.0,
        momentum: float = 0.9,
        sample_weight: Tensor | None = None,
    ):
        super().__init__()
        # Not `q`: that is the name of group weights in the history.
        self.exponent, self.eta, self.momentum = q, eta, momentum
        self.mean = WeightedMean(sample_weight)
        # Probabilities are never negative: -1 is a cell that no batch had yet.
        table = torch.full((n_classes, n_classes), -1.0, dtype=torch.float64)
        self.register_buffer("table", table)

    @property
    def prior(self) -> Tensor:
        """P, of shape (n_classes, n_classes); columns sum to 1, or to 0 where nothing is known."""
        known = self.table.clamp_min(0)
        return known / known.sum(dim=0).clamp_min(torch.finfo(known.dtype).tiny)

    def forward(self, output: TwinOutput, y: Tensor, groups: Tensor, index: Tensor) -> Tensor:
        predicted = output.other.detach().argmax(dim=1)
        self._update(output.other.detach(), y, predicted, index)
        correction = torch.log(self.prior.T[predicted] ** self.eta + 1e-4)
        corrected = output.logits + correction.to(output.logits.dtype)
        biased = generalized_cross_entropy(output.other, y, self.exponent)
        return self.mean(biased + cross_entropy(corrected, y, reduction="none"), index)

    def _update(self, logits: Tensor, y: Tensor, predicted: Tensor, index: Tensor) -> None:
        weight = None if self.mean.weight is None else self.mean.weight[index]
        right = torch.softmax(logits.to(self.table.dtype), dim=1).gather(1, y[:, None]).flatten()
        cells = y * len(self.table) + predicted
        means, present = group_means(right, cells, self.table.numel(), weight)
        now, present = means.view_as(self.table), present.view_as(self.table)
        past = torch.where(self.table < 0, now, self.table)
        mixed = self.momentum * past + (1 - self.momentum) * now
        self.table = torch.where(present, mixed, self.table)
