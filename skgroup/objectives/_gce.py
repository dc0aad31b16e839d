import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

__all__ = ["generalized", "generalized_cross_entropy"]


def generalized(losses: Tensor, q: float) -> Tensor:
    """The generalised cross-entropies of rows with these cross-entropies."""
    return losses if q == 0 else -torch.expm1(-q * losses) / q


def generalized_cross_entropy(logits: Tensor, y: Tensor, q: float) -> Tensor:
    """``(1 - p_y^q) / q`` for each row, which makes a network trust the easy rows.

    Its gradient is that of the cross-entropy times ``p_y^q``.

    Parameters
    ----------
    logits : Tensor of shape (n_rows, n_classes)
        Output of the network.
    y : Tensor of shape (n_rows,), int64
        Class codes.
    q : float
        Between 0, the cross-entropy, and 1, the probability of being wrong.

    References
    ----------
    Zhang, Sabuncu: Generalized cross entropy loss for training deep neural networks with noisy
    labels, NeurIPS 2018, arXiv 1805.07836.

    Examples
    --------
    >>> import torch
    >>> from skgroup.objectives._gce import generalized_cross_entropy
    >>> generalized_cross_entropy(torch.zeros(1, 4), torch.tensor([2]), q=1.0)
    tensor([0.7500])
    """
    return generalized(cross_entropy(logits, y, reduction="none"), q)
