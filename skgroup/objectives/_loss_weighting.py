import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from skgroup.objectives._tail import cvar_weights, in_numpy, probabilities, silently

__all__ = ["LossWeightedLoss"]

# A loss of 0 has a logarithm, and a small weight.
FLOOR = 1e-8


class LossWeightedLoss(nn.Module):
    """Mean loss in which a row weighs the more, the larger its loss is.

    Weights are constants computed from the losses, with mean 1 over the rows that they are
    computed from: those of the batch, or with `n_samples` all training rows once an epoch.

    Parameters
    ----------
    scheme : {"power", "tilted", "top"}, default="power"
        Weights in proportion to ``(loss + 1e-8)**gamma`` or ``exp(loss / tau)``, or equal weights
        on the largest losses, a share `alpha` of all.
    gamma : float, default=1.0
        Exponent of "power"; 0 is the plain mean.
    tau : float, default=1.0
        Temperature of "tilted"; infinity is the plain mean, near 0 only the largest loss counts.
    alpha : float, default=0.2
        Share of "top", in (0, 1]; 1 is the plain mean.
    clip : float, optional
        Cut weights off there; then they are scaled to mean 1 again.
    warmup_epochs : int, default=0
        Epochs of the plain mean before; :meth:`end_epoch` counts them.
    n_samples : int, optional
        Number of training rows: weights are then those that :meth:`refresh` computed last.
    sample_weight : Tensor of shape (n_samples,), optional
        Weights of the training samples: a row of weight 2 is two rows. Only ratios matter.

    References
    ----------
    Li, Beirami, Sanjabi, Smith: Tilted empirical risk minimization, ICLR 2021, arXiv 2007.01162.

    Examples
    --------
    >>> import torch
    >>> from skgroup.objectives import LossWeightedLoss
    >>> LossWeightedLoss("power").weigh(torch.tensor([1.0, 1.0, 2.0])).numpy().round(2)
    array([0.75, 0.75, 1.5 ])
    """

    epoch: Tensor
    row_weight: Tensor | None
    sample_weight: Tensor | None

    def __init__(
        self,
        scheme: str = "power",
        *,
        gamma: float = 1.0,
        tau: float = 1.0,
        alpha: float = 0.2,
        clip: float | None = None,
        warmup_epochs: int = 0,
        n_samples: int | None = None,
        sample_weight: Tensor | None = None,
    ):
        super().__init__()
        self.scheme = scheme
        self.gamma = gamma
        self.tau = tau
        self.alpha = alpha
        self.clip = clip
        self.warmup_epochs = warmup_epochs
        weight = None if sample_weight is None else sample_weight / sample_weight.mean()
        self.register_buffer("sample_weight", weight)
        self.register_buffer("epoch", torch.zeros((), dtype=torch.int64))
        rows = None if n_samples is None else torch.ones(n_samples, dtype=torch.float64)
        self.register_buffer("row_weight", rows)

    def forward(self, output: Tensor, y: Tensor, groups: Tensor, index: Tensor) -> Tensor:
        losses = cross_entropy(output, y, reduction="none")
        own = None if self.sample_weight is None else self.sample_weight[index]
        if self.in_warmup:
            weight = torch.ones_like(losses)
        elif self.row_weight is None:
            weight = self.weigh(losses, own)
        else:
            weight = self.row_weight[index]
        weight = weight if own is None else weight * own
        return torch.mean(weight.to(losses.dtype) * losses)

    @property
    def in_warmup(self) -> bool:
        """Whether all rows still weigh the same."""
        return int(self.epoch) < self.warmup_epochs

    def end_epoch(self) -> None:
        """Count an epoch."""
        self.epoch += 1

    def refresh(self, losses: Tensor) -> None:
        """Weigh all training rows by their `losses`, until the next call."""
        self.row_weight = self.weigh(losses, self.sample_weight)

    @silently()
    def weigh(self, losses: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """Weights of rows with these losses, in double precision and with mean 1."""
        values, p = in_numpy(losses), probabilities(losses, sample_weight)
        if self.scheme == "top":
            weight = in_numpy(cvar_weights(losses, self.alpha, sample_weight)) / p
        else:
            weight = np.exp(self._exponents(values))
            weight /= p @ weight
        if self.clip is not None:
            weight = np.minimum(weight, self.clip)
            weight /= p @ weight
        return torch.from_numpy(weight).to(losses.device)

    def _exponents(self, losses: NDArray) -> NDArray:
        """Logarithms of the weights, 0 for the largest loss: they cannot overflow."""
        if self.scheme == "tilted":
            return (losses - losses.max()) / self.tau
        logs = np.log(np.maximum(losses, 0) + FLOOR)
        return self.gamma * (logs - logs.max())
