import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from skgroup.objectives._group_dro import group_means

__all__ = ["IRMLoss", "VRExLoss", "scale_gradients"]


def scale_gradients(logits: Tensor, y: Tensor) -> Tensor:
    """Derivative of each row's cross-entropy by a factor of its logits, at a factor of 1."""
    picked = logits.gather(1, y[:, None]).squeeze(1)
    return (torch.softmax(logits, dim=1) * logits).sum(dim=1) - picked


def _halves(groups: Tensor) -> Tensor:
    """0 and 1 in turns within each group, in the order of the batch."""
    order = groups.argsort(stable=True)
    count = torch.bincount(groups)
    rank = torch.empty_like(groups)
    places = torch.arange(len(groups), device=groups.device)
    rank[order] = places - (count.cumsum(0) - count)[groups[order]]
    return rank % 2


class _PenalisedLoss(nn.Module):
    """Risk of each environment, and a penalty that is weak until a number of steps were taken."""

    step: Tensor
    sample_weight: Tensor | None

    def __init__(
        self,
        n_groups: int,
        *,
        penalty: float,
        anneal_steps: int,
        sample_weight: Tensor | None,
    ):
        super().__init__()
        self.n_groups = n_groups
        self.penalty = penalty
        self.anneal_steps = anneal_steps
        self.register_buffer("sample_weight", sample_weight)
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def _next_strength(self) -> float:
        annealed = int(self.step) >= self.anneal_steps
        self.step += 1
        return self.penalty if annealed else min(1.0, self.penalty)

    def _weight(self, index: Tensor) -> Tensor | None:
        return None if self.sample_weight is None else self.sample_weight[index]


class IRMLoss(_PenalisedLoss):
    """Mean risk of the environments, and a penalty where a common head is optimal in none.

    The environments are the groups. The penalty of one is the square of ``d_e``, the derivative of
    its risk by a factor of the logits at 1, estimated without bias as the product of the means of
    two halves of its rows in the batch. An environment with a single row in the batch has no
    penalty there.

    Parameters
    ----------
    n_groups : int
        Number of environments.
    penalty : float, default=100.0
        Weight of the mean penalty; where it is above 1 the sum is divided by it, so that the step
        keeps its size.
    anneal_steps : int, default=500
        Steps before; until then the weight is 1 (or `penalty`, if that is smaller).
    sample_weight : Tensor of shape (n_samples,), optional
        Weights inside the means of environments and halves.

    References
    ----------
    Arjovsky, Bottou, Gulrajani, Lopez-Paz: Invariant risk minimization, arXiv 1907.02893.

    Examples
    --------
    >>> import torch
    >>> from skgroup.objectives import IRMLoss
    >>> logits = torch.tensor([[0.0, 1.0], [0.0, 1.0]])  # derivatives 0.731 and -0.269
    >>> y, one = torch.tensor([0, 1]), torch.tensor([0, 0])
    >>> IRMLoss(1, penalty=1.0)(logits, y, groups=one, index=one)  # 0.813 - 0.197
    tensor(0.6166)
    """

    def __init__(
        self,
        n_groups: int,
        *,
        penalty: float = 100.0,
        anneal_steps: int = 500,
        sample_weight: Tensor | None = None,
    ):
        super().__init__(
            n_groups, penalty=penalty, anneal_steps=anneal_steps, sample_weight=sample_weight
        )

    def forward(self, output: Tensor, y: Tensor, groups: Tensor, index: Tensor) -> Tensor:
        losses, weight = cross_entropy(output, y, reduction="none"), self._weight(index)
        risks, present = group_means(losses, groups, self.n_groups, weight)
        risk = risks.sum() / present.sum()
        halves = 2 * groups + _halves(groups)
        means, there = group_means(scale_gradients(output, y), halves, 2 * self.n_groups, weight)
        products = means.view(-1, 2).prod(dim=1)  # 0 where a half is empty
        squared = products.sum() / there.view(-1, 2).all(dim=1).sum().clamp_min(1)
        strength = self._next_strength()
        return (risk + strength * squared) / max(1.0, strength)


class VRExLoss(_PenalisedLoss):
    """Mean risk of the environments plus `penalty` times the variance of these risks.

    The environments are the groups, and those of the batch count. The variance is the mean square
    of the differences from the mean risk; with one environment it is 0.

    Parameters
    ----------
    n_groups : int
        Number of environments.
    penalty : float, default=10.0
        Weight of the variance.
    anneal_steps : int, default=500
        Steps before; until then the weight is 1 (or `penalty`, if that is smaller).
    sample_weight : Tensor of shape (n_samples,), optional
        Weights inside the means of environments.

    References
    ----------
    Krueger et al.: Out-of-distribution generalization via risk extrapolation (REx), ICML 2021,
    arXiv 2003.00688.

    Examples
    --------
    >>> import torch
    >>> from skgroup.objectives import VRExLoss
    >>> logits = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    >>> y = torch.tensor([0, 1])  # losses 1.313 and 0.313
    >>> VRExLoss(2, penalty=4.0, anneal_steps=0)(logits, y, groups=y, index=y)
    tensor(1.8133)
    """

    def __init__(
        self,
        n_groups: int,
        *,
        penalty: float = 10.0,
        anneal_steps: int = 500,
        sample_weight: Tensor | None = None,
    ):
        super().__init__(
            n_groups, penalty=penalty, anneal_steps=anneal_steps, sample_weight=sample_weight
        )

    def forward(self, output: Tensor, y: Tensor, groups: Tensor, index: Tensor) -> Tensor:
        losses = cross_entropy(output, y, reduction="none")
        risks, present = group_means(losses, groups, self.n_groups, self._weight(index))
        risks = risks[present]
        return risks.mean() + self._next_strength() * risks.var(correction=0)
