from torch import Tensor, nn
from torch.nn.functional import cross_entropy

__all__ = ["ExtrapolationLoss"]


class ExtrapolationLoss(nn.Module):
    """Loss extrapolated from a biased batch through a less biased one.

    The first half of a batch is biased, the second half less so, as
    :class:`skgroup.samplers.ExtrapolationPairSampler` draws them. With the mean losses
    ``L_b`` and ``L_lb`` of the halves the loss is ``L_lb + beta (L_lb - L_b)``, hence its gradient
    ``(1 + beta) grad L_lb - beta grad L_b`` in one pass, if no layer couples samples. It may be
    negative: do not select or schedule by it.

    Parameters
    ----------
    beta : float, default=1.0
        How far to extrapolate: 0 is the less biased loss, -1 the biased one.
    sample_weight : Tensor of shape (n_samples,), optional
        Weights of the training samples, with mean 1 in each group, so that they shift no weight
        between groups.

    References
    ----------
    Asaad, Shadaydeh, Denzler: Gradient extrapolation for debiased representation learning,
    ICCV 2025, arXiv 2503.13236.

    Examples
    --------
    >>> import torch
    >>> from skgroup.objectives import ExtrapolationLoss
    >>> logits, y = torch.tensor([[0.0, 0.0], [0.0, 3.0]]), torch.tensor([0, 0])
    >>> [ExtrapolationLoss(beta)(logits, y, y, y).item() for beta in (-1, 0, 1)]
    [0.69..., 3.04..., 5.40...]
    """

    sample_weight: Tensor | None

    def __init__(self, beta: float = 1.0, *, sample_weight: Tensor | None = None):
        super().__init__()
        self.beta = beta
        self.register_buffer("sample_weight", sample_weight)

    def forward(self, output: Tensor, y: Tensor, groups: Tensor, index: Tensor) -> Tensor:
        half, rest = divmod(len(y), 2)
        if rest:
            raise ValueError(
                f"a batch must hold as many biased rows as less biased ones, got {len(y)} rows: "
                "draw them with ExtrapolationPairSampler."
            )
        losses = cross_entropy(output, y, reduction="none")
        weight = losses.new_full((len(y),), (1 + self.beta) / half)
        weight[:half] = -self.beta / half
        if self.sample_weight is not None:
            weight *= self.sample_weight[index]
        return weight @ losses
