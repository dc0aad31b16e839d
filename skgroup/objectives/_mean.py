import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

__all__ = ["MeanLoss"]


class MeanLoss(nn.Module):
    """Mean cross-entropy: empirical risk minimisation.

    Parameters
    ----------
    sample_weight : Tensor of shape (n_samples,), optional
        Non-negative weights of the training samples; only their ratios matter.
    normalize : bool, default=True
        False: the weights are used as they are, whatever their mean.

    Examples
    --------
    >>> import torch
    >>> from skgroup.objectives import MeanLoss
    >>> logits = torch.zeros(3, 2)
    >>> MeanLoss()(logits, torch.tensor([0, 1, 1]), torch.zeros(3), torch.arange(3))
    tensor(0.6931)
    """

    sample_weight: Tensor | None

    def __init__(self, sample_weight: Tensor | None = None, *, normalize: bool = True):
        super().__init__()
        if sample_weight is not None and normalize:
            # Mean 1 over the training set, so that a batch's loss is an unbiased estimate.
            sample_weight = sample_weight / sample_weight.mean()
        self.register_buffer("sample_weight", sample_weight)

    def forward(self, output: Tensor, y: Tensor, groups: Tensor, index: Tensor) -> Tensor:
        if self.sample_weight is None:
            return cross_entropy(output, y)
        losses = cross_entropy(output, y, reduction="none")
        return torch.mean(self.sample_weight[index] * losses)
