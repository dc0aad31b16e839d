from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from skgroup._data import DatasetRows, Rows, SubsetRows

__all__ = ["GroupStatistics", "TrainingData", "group_statistics", "holds_dataset"]


@dataclass(frozen=True)
class TrainingData:
    """Rows with class and group codes, all on one device.

    Attributes
    ----------
    rows : Rows
        The samples.
    y, groups : Tensor of shape (n_samples,), int64
        Class and group of each row, counted from 0.
    n_groups : int
        Number of groups.
    labels : sequence, optional
        What the groups are called; None: by their codes.

    Examples
    --------
    >>> import torch
    >>> from skgroup._data import as_rows
    >>> from skgroup.training import TrainingData
    >>> codes = torch.tensor([0, 1, 1])
    >>> len(TrainingData(as_rows(torch.zeros(3, 2)), y=codes, groups=codes, n_groups=2))
    3
    """

    rows: Rows
    y: Tensor
    groups: Tensor
    n_groups: int
    labels: Sequence[Any] | None = None

    def __len__(self) -> int:
        return len(self.y)


def holds_dataset(rows: Rows) -> bool:
    """Whether the samples come from a torch Dataset, which may draw them at random."""
    while isinstance(rows, SubsetRows):
        rows = rows.rows
    return isinstance(rows, DatasetRows)


@dataclass(frozen=True)
class GroupStatistics:
    """Mean loss and accuracy, overall and per group (NaN for a group without rows)."""

    loss: float
    accuracy: float
    group_loss: list[float]
    group_accuracy: list[float]


def group_statistics(logits: Tensor, y: Tensor, groups: Tensor, n_groups: int) -> GroupStatistics:
    """Summarise `logits` of shape (n_samples, n_classes)."""
    losses = cross_entropy(logits, y, reduction="none").double()
    correct = (logits.argmax(dim=1) == y).double()
    count = torch.bincount(groups, minlength=n_groups).double()
    sums = losses.new_zeros(2, n_groups)
    sums.index_add_(1, groups, torch.stack([losses, correct]))
    group_loss, group_accuracy = (sums / torch.where(count > 0, count, torch.nan)).tolist()
    return GroupStatistics(losses.mean().item(), correct.mean().item(), group_loss, group_accuracy)
