from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

__all__ = ["MixedLoss"]


class MixedLoss(nn.Module):
    """Mean cross-entropy of mixed rows with labels mixed alike.

    A batch is m anchors and then their m partners; the output holds `mixed`, the logits of the m
    mixtures, and `share`, what each has of its anchor. A pair costs ``share CE(mixed, y_anchor) +
    (1 - share) CE(mixed, y_partner)``.

    Parameters
    ----------
    sample_weight : Tensor of shape (n_samples,), optional
        Non-negative weights; a pair has that of its anchor. Samplers draw partners in proportion
        to their weights, so that together weights act like repeated rows.

    References
    ----------
    Zhang, Cisse, Dauphin, Lopez-Paz: mixup: Beyond empirical risk minimization, ICLR 2018,
    arXiv 1710.09412.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from skgroup.objectives import MixedLoss
    >>> output = SimpleNamespace(mixed=torch.zeros(1, 2), share=torch.tensor([0.7]))
    >>> codes = torch.tensor([0, 1])
    >>> MixedLoss()(output, codes, groups=codes, index=codes)
    tensor(0.6931)
    """

    sample_weight: Tensor | None

    def __init__(self, sample_weight: Tensor | None = None):
        super().__init__()
        weight = None if sample_weight is None else sample_weight / sample_weight.mean()
        self.register_buffer("sample_weight", weight)

    def forward(self, output: Any, y: Tensor, groups: Tensor, index: Tensor) -> Tensor:
        anchors, partners = (
            cross_entropy(output.mixed, labels, reduction="none") for labels in y.chunk(2)
        )
        losses = torch.lerp(partners, anchors, output.share)
        if self.sample_weight is not None:
            losses = self.sample_weight[index[: len(losses)]] * losses
        return losses.mean()
