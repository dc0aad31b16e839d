from typing import Any

import torch
from torch import Tensor

from skgroup._order_by_code import order_by_code
from skgroup.samplers._uniform import batch_lengths

__all__ = ["BalancedSampler", "members_by_appearance"]


def rows_by_group(groups: Tensor, n_groups: int) -> list[Tensor]:
    """Rows of each group, in their order."""
    order = torch.from_numpy(order_by_code(groups.numpy()))
    return list(order.split(groups.bincount(minlength=n_groups).tolist()))


def members_by_appearance(groups: Tensor, n_groups: int) -> list[Tensor]:
    """Rows of each group; the group that comes first in the data is the first, whatever its code.

    So what a seed draws does not depend on how groups are called.
    """
    smallest = int(groups.min())
    sizes = groups.clamp_min(0).bincount(minlength=n_groups)
    empty = torch.nonzero(sizes == 0).flatten().tolist()
    if empty or smallest < 0:
        raise ValueError(
            f"groups must be numbered 0 to n_groups - 1 without gaps: the smallest is "
            f"{smallest}, and {empty} have no row. Leave out outliers and renumber."
        )
    return sorted(rows_by_group(groups, n_groups), key=lambda rows: int(rows[0]))


class BalancedSampler:
    """Every group (or class) fills the same share of each batch.

    An epoch draws as many rows as there are. Rows of a group come from a reshuffled queue: none
    repeats before all of its group were drawn, across epochs too. With a single group the order
    is that of :class:`UniformSampler` with the same seed. How groups are numbered does not matter.

    Parameters
    ----------
    groups : Tensor of shape (n_samples,), int64
        Group of each row, 0 to n_groups - 1, each with at least one row.
    batch_size : int
        Rows per batch.
    seed : int
        Seed of two private generators: one for rows, one for the order of groups.

    References
    ----------
    Idrissi, Arjovsky, Pezeshki, Lopez-Paz: Simple data balancing achieves competitive worst-group
    accuracy, CLeaR 2022, arXiv 2110.14503.

    Examples
    --------
    >>> import torch
    >>> from skgroup.samplers import BalancedSampler
    >>> groups = torch.tensor([0, 0, 0, 0, 0, 1])
    >>> sampler = BalancedSampler(groups, batch_size=2, seed=0)
    >>> groups[sampler.epoch()].bincount().tolist()
    [3, 3]
    """

    def __init__(self, groups: Tensor, batch_size: int, seed: int):
        self.n_samples = len(groups)
        self.n_groups = int(groups.max()) + 1
        self.lengths = batch_lengths(self.n_samples, batch_size)
        self._members = members_by_appearance(groups, self.n_groups)
        self._queues = [members[:0] for members in self._members]
        self._rows = torch.Generator().manual_seed(seed)
        self._order = torch.Generator().manual_seed(seed + 1)

    def epoch(self) -> Tensor:
        """Row numbers of one epoch, int64; `lengths` cuts them into batches."""
        groups = self._group_order()
        index = torch.empty(self.n_samples, dtype=torch.int64)
        for g, places in enumerate(rows_by_group(groups, self.n_groups)):
            index[places] = self._draw(g, len(places))
        return index

    def _group_order(self) -> Tensor:
        """A group for each place: all groups in random order, again and again."""
        n_rounds = -(-self.n_samples // self.n_groups)
        keys = torch.rand(n_rounds, self.n_groups, generator=self._order)
        return keys.argsort(dim=1).flatten()[: self.n_samples]

    def _draw(self, group: int, n: int) -> Tensor:
        members, queue = self._members[group], self._queues[group]
        parts, missing = [queue], n - len(queue)
        while missing > 0:
            parts.append(members[torch.randperm(len(members), generator=self._rows)])
            missing -= len(members)
        queue = torch.cat(parts)
        self._queues[group] = queue[n:].clone()
        return queue[:n]

    def state_dict(self) -> dict[str, Any]:
        """What the next epochs depend on."""
        return {
            "rows": self._rows.get_state(),
            "order": self._order.get_state(),
            "queues": list(self._queues),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._rows.set_state(state["rows"])
        self._order.set_state(state["order"])
        self._queues = list(state["queues"])
