from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

__all__ = ["GroupDROLoss", "group_means"]


def group_means(
    losses: Tensor, groups: Tensor, n_groups: int, weight: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Weighted mean of `losses` in each group, 0 where a group is absent; and who is present."""
    total, count = _group_sums(losses, groups, n_groups, weight)
    present = count > 0
    return total / torch.where(present, count, 1.0), present


def _group_sums(
    losses: Tensor, groups: Tensor, n_groups: int, weight: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Sum of `losses` in each group, and its number of rows or their weight."""
    if weight is None:
        count = torch.bincount(groups, minlength=n_groups)
    else:
        weight = weight.to(losses.dtype)
        losses, count = losses * weight, losses.new_zeros(n_groups).index_add_(0, groups, weight)
    return losses.new_zeros(n_groups).index_add_(0, groups, losses), count


class GroupDROLoss(nn.Module):
    """Online group distributionally robust loss.

    Every batch moves the group weights `q` by exponentiated gradient ascent,
    ``q_g <- q_g exp(step_size (L_g + C_g / sqrt(n_g)))`` for the groups present, normalises them
    and returns ``sum_g q_g L_g``. `q` is a buffer: it lasts for the whole fit.

    Parameters
    ----------
    group_sizes : Tensor of shape (n_groups,)
        Training samples per group.
    step_size : float, default=0.01
        Step of the group weights; 0 keeps them uniform.
    adjustment : float or Tensor of shape (n_groups,), default=0.0
        Generalization adjustment C, which favours small groups.
    normalize_losses : bool, default=False
        Divide the adjusted losses by their sum before the exponent.
    sample_weight : Tensor of shape (n_samples,), optional
        Weights inside the group means.

    References
    ----------
    Sagawa, Koh, Hashimoto, Liang: Distributionally robust neural networks for group shifts,
    ICLR 2020, arXiv 1911.08731.

    Examples
    --------
    >>> import torch
    >>> from skgroup.objectives import GroupDROLoss
    >>> loss = GroupDROLoss(torch.tensor([90, 10]), step_size=1.0)
    >>> logits, y = torch.tensor([[2.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 1])
    >>> _ = loss(logits, y, groups=y, index=y)
    >>> loss.q.numpy().round(3)
    array([0.119, 0.881])
    """

    log_q: Tensor
    adjustment: Tensor
    sample_weight: Tensor | None

    def __init__(
        self,
        group_sizes: Tensor,
        *,
        step_size: float = 0.01,
        adjustment: float | Tensor = 0.0,
        normalize_losses: bool = False,
        sample_weight: Tensor | None = None,
    ):
        super().__init__()
        self.step_size = step_size
        self.normalize_losses = normalize_losses
        sizes = torch.as_tensor(group_sizes, dtype=torch.float64)
        # log q in double precision: a million small steps must not be rounded away.
        self.register_buffer("log_q", torch.log_softmax(torch.zeros_like(sizes), dim=0))
        self.register_buffer("adjustment", adjustment / sizes.sqrt())
        self.register_buffer("sample_weight", sample_weight)
        self._adjusts = bool(self.adjustment.any())

    @property
    def q(self) -> Tensor:
        """Group weights, of shape (n_groups,), summing to 1."""
        return self.log_q.exp()

    def forward(self, output: Tensor, y: Tensor, groups: Tensor, index: Tensor) -> Tensor:
        losses = cross_entropy(output, y, reduction="none")
        weight = None if self.sample_weight is None else self.sample_weight[index]
        total, rows = _group_sums(losses.detach(), groups, len(self.log_q), weight)
        # Every operation on these few numbers costs as much as one on the batch: no spare ones.
        count = rows.clamp_min(1) if weight is None else torch.where(rows > 0, rows, 1.0)
        self._update(total / count, rows)
        # sum_g q_g L_g as a weighted sum over rows, which is the cheaper one to differentiate.
        share = (self.q / count).to(losses.dtype).index_select(0, groups)
        return losses @ (share if weight is None else share * weight.to(losses.dtype))

    def _load_from_state_dict(self, *args: Any) -> None:
        super()._load_from_state_dict(*args)
        self._adjusts = bool(self.adjustment.any())

    def _update(self, means: Tensor, rows: Tensor) -> None:
        if self._adjusts:
            means = means + self.adjustment * (rows > 0)
        if self.normalize_losses:
            tiny = torch.finfo(means.dtype).tiny  # a perfect batch has a sum of 0
            means = means / means.sum().clamp_min(tiny)
        moved = torch.add(self.log_q, means, alpha=self.step_size)
        self.log_q = torch.log_softmax(moved, dim=0)
