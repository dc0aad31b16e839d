import math

import torch
from torch import Tensor

__all__ = ["group_weights", "weights_within_groups"]


def group_weights(
    sizes: Tensor, scheme: str = "inverse", *, normalize: str = "mean1", b: float = 0.9999
) -> Tensor:
    """Weight of a row in each group: the larger, the smaller the group.

    Parameters
    ----------
    sizes : Tensor of shape (n_groups,)
        Rows per group, or their total weight; above 0.
    scheme : {"inverse", "sqrt", "class_balanced"}, default="inverse"
        Weights in proportion to ``1 / n_g``, to ``1 / sqrt(n_g)``, or to
        ``(1 - b) / (1 - b ** n_g)``, the inverse of the effective number of rows.
    normalize : {"mean1", "groups"}, default="mean1"
        "mean1": their mean over the rows is 1. "groups": their sum over the groups is the number
        of groups.
    b : float, default=0.9999
        Of "class_balanced", at least 0 and below 1: 0 gives equal weights, 1 would give "inverse".

    Returns
    -------
    Tensor of shape (n_groups,), float64

    References
    ----------
    Cui, Jia, Lin, Song, Belongie: Class-balanced loss based on effective number of samples,
    CVPR 2019, arXiv 1901.05555.

    Examples
    --------
    >>> import torch
    >>> from skgroup.objectives import group_weights
    >>> group_weights(torch.tensor([90, 10])).numpy().round(3)  # 100 / (2 * 90), 100 / (2 * 10)
    array([0.556, 5.   ])
    >>> group_weights(torch.tensor([90, 10]), normalize="groups").numpy().round(3)
    array([0.2, 1.8])
    """
    sizes = torch.as_tensor(sizes, dtype=torch.float64)
    if scheme == "class_balanced":
        # In logarithms, so that 1 - b ** n is not lost to rounding where b is almost 1.
        log_b = math.log(b) if b else -math.inf
        raw = 1 / -torch.expm1(sizes * log_b)
    else:
        raw = sizes ** {"inverse": -1.0, "sqrt": -0.5}[scheme]
    mean = (raw * sizes).sum() / sizes.sum() if normalize == "mean1" else raw.mean()
    return raw / mean


def weights_within_groups(weight: Tensor | None, groups: Tensor) -> Tensor | None:
    """Sample weights divided by their mean in the group: they count inside it, not against others.

    Parameters
    ----------
    weight : Tensor of shape (n_samples,) or None
        Positive weights; None is handed back.
    groups : Tensor of shape (n_samples,), int64
        Codes from 0.
    """
    if weight is None:
        return None
    total = weight.new_zeros(int(groups.max()) + 1).index_add(0, groups, weight)
    return weight * (torch.bincount(groups) / total)[groups]
