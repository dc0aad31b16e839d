from typing import Any

import numpy as np
import torch
from torch import Tensor

from skgroup.samplers._balanced import members_by_appearance
from skgroup.samplers._extrapolation_shares import Shares, integer_counts

__all__ = ["ExtrapolationPairSampler"]


# Up to this size many permutations are drawn faster by sorting random keys than one by one.
SMALL = 256


class ExtrapolationPairSampler:
    """Pairs of batches: one as biased as the data inside each class, one less so.

    Both halves of a batch hold ``B = A * group_batch_size`` rows of every class, where A is the
    largest number of attributes in one class. Of a class, an attribute with the share ``alpha``
    has this share of the first half and ``(1 - c) alpha + c / A_y`` of the second, where ``A_y``
    counts the attributes that occur in the class. An epoch has ``ceil(n / (K B))`` pairs. In both
    halves all rows of a cell (a class x attribute) are drawn with the same probability, and none
    twice in a half that does not ask for more rows than the cell has. How attributes are numbered
    does not matter.

    Parameters
    ----------
    y, attribute : Tensor of shape (n_samples,), int64
        Class and attribute of each row. Attributes may differ from class to class.
    c : float, default=0.5
        From 0 to 1, how far the second half is from the data towards equal shares.
    group_batch_size : int, default=32
        Rows of an attribute, on average, in the part of a half that a class has.
    counts : {"largest_remainder", "multinomial"}, default="largest_remainder"
        Whole numbers of rows: the same in every batch, each within 1 of the exact one; or random
        ones, exact on average.
    overlap : float, default=0.0
        From 0 to 1, the share of rows, of what both halves need of a cell, that are the same.
    seed : int, default=0
        Seed of a private generator.
    sample_weight : Tensor of shape (n_samples,), optional
        Shares in the data are those of the sums of these weights.

    References
    ----------
    Asaad, Shadaydeh, Denzler: Gradient extrapolation for debiased representation learning,
    ICCV 2025, arXiv 2503.13236.

    Examples
    --------
    >>> import torch
    >>> from skgroup.samplers import ExtrapolationPairSampler
    >>> attribute = torch.tensor([0, 0, 0, 1])
    >>> sampler = ExtrapolationPairSampler(attribute * 0, attribute, c=1.0, group_batch_size=2)
    >>> biased, less_biased = sampler.epoch().chunk(2)
    >>> attribute[biased].bincount().tolist(), attribute[less_biased].bincount().tolist()
    ([3, 1], [2, 2])
    """

    def __init__(
        self,
        y: Tensor,
        attribute: Tensor,
        *,
        c: float = 0.5,
        group_batch_size: int = 32,
        counts: str = "largest_remainder",
        overlap: float = 0.0,
        seed: int = 0,
        sample_weight: Tensor | None = None,
    ):
        self.shares = Shares.count(y, attribute, sample_weight)
        self.c, self.counts, self.overlap = c, counts, overlap
        self.class_batch_size = self.shares.n_attributes * group_batch_size
        n_classes = len(np.unique(self.shares.y))
        self.n_steps = -(-len(y) // (n_classes * self.class_batch_size))
        self.lengths = [2 * n_classes * self.class_batch_size] * self.n_steps
        cells = torch.from_numpy(self.shares.cell)
        self._members = members_by_appearance(cells, len(self.shares.data))
        self._expected = torch.from_numpy(np.stack(self.expected_shares()))
        self._generator = torch.Generator().manual_seed(seed)

    def expected_shares(self) -> tuple[np.ndarray, np.ndarray]:
        """Expected shares of the cells in their class in both halves, after rounding of counts."""
        exact = (self.shares.data, self.shares.less_biased(self.c))
        if self.counts == "multinomial":
            return exact
        n, y = self.class_batch_size, self.shares.y
        biased, less_biased = (integer_counts(share, y, n) / n for share in exact)
        return biased, less_biased

    def epoch(self) -> Tensor:
        """Row numbers of one epoch, int64; `lengths` cuts them into batches."""
        n_biased, n_less_biased = (self._draw_counts(shares) for shares in self._expected)
        biased, less_biased = [], []
        for i, rows in enumerate(self._members):
            first = self._draw(len(rows), n_biased[:, i])
            second = self._draw_second(len(rows), first, n_biased[:, i], n_less_biased[:, i])
            biased.append(rows[first])
            less_biased.append(rows[second])
        halves = [_side_by_side(biased, n_biased), _side_by_side(less_biased, n_less_biased)]
        return torch.cat(halves, dim=1).flatten()

    def _draw_counts(self, shares: Tensor) -> Tensor:
        """Rows of each cell in each batch of the epoch."""
        n = self.class_batch_size
        if self.counts == "largest_remainder":
            return torch.round(shares * n).long().expand(self.n_steps, -1)
        counts = torch.zeros(self.n_steps, len(shares), dtype=torch.int64)
        of_class = torch.from_numpy(self.shares.y)
        for label in dict.fromkeys(of_class.tolist()):
            cells = torch.nonzero(of_class == label).flatten()
            drawn = torch.multinomial(
                shares[cells], self.n_steps * n, replacement=True, generator=self._generator
            )
            drawn = cells[drawn].view(self.n_steps, n)
            counts.scatter_add_(1, drawn, torch.ones_like(drawn))
        return counts

    def _draw(self, size: int, counts: Tensor) -> Tensor:
        """Positions in a cell, a line per batch; of line i the first ``counts[i]`` are meant."""
        width = int(counts.max())
        distinct = self._draw_distinct(size, min(width, size))
        if width <= size:
            return distinct
        repeated = torch.randint(size, (self.n_steps, width), generator=self._generator)
        enough = counts <= size
        repeated[enough, :size] = distinct[enough]
        return repeated

    def _draw_distinct(self, size: int, width: int) -> Tensor:
        # Pieces of one permutation, so that an epoch repeats as few rows as it can.
        n_pieces = size // max(width, 1)
        n_permutations = -(-self.n_steps // n_pieces)
        order = _permutations(size, n_permutations, self._generator)[:, : n_pieces * width]
        return order.reshape(n_permutations * n_pieces, width)[: self.n_steps]

    def _draw_second(self, size: int, first: Tensor, n_first: Tensor, n_second: Tensor) -> Tensor:
        """Like `_draw`, where some positions are those of the first half."""
        fresh = self._draw(size, n_second)
        n_kept = torch.round(self.overlap * torch.minimum(n_first, n_second)).long()
        if not n_kept.any():
            return fresh
        kept = first[:, : int(n_kept.max())]
        meant = torch.arange(kept.shape[1]) < n_kept[:, None]
        line = size * torch.arange(self.n_steps)[:, None]
        again = torch.isin(fresh + line, (kept + line)[meant]) & (n_second <= size)[:, None]
        # Of fresh positions those that are not among the kept ones come first.
        rank = torch.cat([torch.where(meant, 0, 3), torch.where(again, 2, 1)], dim=1)
        order = rank.argsort(dim=1, stable=True)[:, : fresh.shape[1]]
        return torch.cat([kept, fresh], dim=1).gather(1, order)

    def state_dict(self) -> dict[str, Any]:
        """What the next epochs depend on."""
        return {"generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._generator.set_state(state["generator"])


def _permutations(size: int, n: int, generator: torch.Generator) -> Tensor:
    if size <= SMALL:
        return torch.rand(n, size, generator=generator).argsort(dim=1)
    return torch.stack([torch.randperm(size, generator=generator) for _ in range(n)])


def _side_by_side(parts: list[Tensor], counts: Tensor) -> Tensor:
    """One line per batch from the cells' lines, of which the first ``counts`` are meant."""
    meant = [torch.arange(p.shape[1]) < n[:, None] for p, n in zip(parts, counts.T, strict=True)]
    return torch.cat(parts, dim=1)[torch.cat(meant, dim=1)].view(len(counts), -1)
