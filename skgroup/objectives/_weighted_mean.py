from torch import Tensor, nn

__all__ = ["WeightedMean"]


class WeightedMean(nn.Module):
    """Mean over the rows of a batch, with the weights of the training samples.

    Parameters
    ----------
    sample_weight : Tensor of shape (n_samples,), optional
        Non-negative weights of the training samples; only their ratios matter.

    Examples
    --------
    >>> import torch
    >>> from skgroup.objectives._weighted_mean import WeightedMean
    >>> mean = WeightedMean(torch.tensor([1.0, 3.0]))
    >>> mean(torch.tensor([8.0, 4.0]), index=torch.tensor([1, 0]))
    tensor(7.)
    """

    weight: Tensor | None

    def __init__(self, sample_weight: Tensor | None = None):
        super().__init__()
        # Mean 1 over the training set, so that a batch's mean is an unbiased estimate.
        weight = None if sample_weight is None else sample_weight / sample_weight.mean()
        self.register_buffer("weight", weight)

    def forward(self, values: Tensor, index: Tensor) -> Tensor:
        """Average over the first dimension of `values`, whose rows are the samples `index`."""
        if self.weight is None:
            return values.mean(dim=0)
        return self.weight[index].to(values.dtype) @ values / len(index)
