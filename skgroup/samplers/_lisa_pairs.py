from typing import Any, NamedTuple

import torch
from torch import Tensor

from skgroup.samplers._mixup_pairs import interleaved
from skgroup.samplers._uniform import UniformSampler

__all__ = ["LISAPairs"]


class Partners(NamedTuple):
    """For each row the rows that are equal in one key and different in another.

    In `order` the rows that are equal in the first key are next to each other, and so are, among
    those, the ones that are equal in both: the partners of a row are in two stretches, of
    positions `left` and `right`, each given by start and stop. `edges` are weights summed up.
    """

    order: Tensor
    edges: Tensor
    left: Tensor
    right: Tensor

    @classmethod
    def find(cls, equal: Tensor, different: Tensor, weight: Tensor) -> "Partners":
        """List them for codes counted from 0; `weight` says how often a partner is drawn."""
        both = equal * (different.max() + 1) + different
        order = torch.argsort(both, stable=True)
        edges = torch.cat([weight.new_zeros(1), weight[order].cumsum(0)])
        block, cell = (_stretch(codes[order], codes) for codes in (equal, both))
        left, right = torch.stack([block[0], cell[0]]), torch.stack([cell[1], block[1]])
        return cls(order, edges, left, right)

    @property
    def exist(self) -> Tensor:
        """Whether a row has any."""
        return (self.left[0] < self.left[1]) | (self.right[0] < self.right[1])

    def draw(self, rows: Tensor, places: Tensor) -> Tensor:
        """Draw a partner for each row by numbers from [0, 1); a row without any is its own."""
        left, right = self.left[:, rows], self.right[:, rows]
        n_left, n_right = (self.edges[s[1]] - self.edges[s[0]] for s in (left, right))
        place = places * (n_left + n_right)
        # Rounding must not lead into a stretch without rows.
        go_left = ((place < n_left) | (right[0] == right[1])) & (left[0] < left[1])
        start, stop = torch.where(go_left, left, right)
        place = self.edges[start] + torch.where(go_left, place, place - n_left)
        position = torch.searchsorted(self.edges[1:], place, right=True)
        position = torch.minimum(torch.maximum(position, start), stop - 1).clamp_min(0)
        return torch.where(self.exist[rows], self.order[position], rows)


def _stretch(ordered: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
    """Start and stop of the positions at which each row's code is."""
    return torch.searchsorted(ordered, codes), torch.searchsorted(ordered, codes, right=True)


def _by_appearance(codes: Tensor) -> Tensor:
    """Renumber codes in the order of their first rows, so that draws do not depend on names."""
    first = torch.full((int(codes.max()) + 1,), len(codes), dtype=torch.int64)
    first = first.scatter_reduce(0, codes, torch.arange(len(codes)), "amin")
    return first.argsort(stable=True).argsort()[codes]


class LISAPairs:
    """Every row once an epoch as anchor, with a partner that shares its class or its attribute.

    A batch of 2 m rows is m anchors, in the order of :class:`UniformSampler` with the same seed,
    and then their m partners. With probability `p_same_class` the partners of a batch have the
    class of their anchors and another attribute, else the attribute and another class. A row that
    has no such partner is its own. Where one of the two kinds does not exist in the data at all,
    every batch is of the other. How attributes are numbered does not matter.

    Parameters
    ----------
    y, attributes : Tensor of shape (n_samples,), int64
        Class and attribute of each row, counted from 0.
    batch_size : int
        Pairs per batch.
    seed : int
        Seed of two private generators: one for anchors, one for partners.
    p_same_class : float, default=0.5
        Share of batches whose partners have the class of their anchors.
    sample_weight : Tensor of shape (n_samples,), optional
        How often a partner is drawn among those that are allowed.

    References
    ----------
    Yao, Wang, Li, Zhang, Liang, Zou, Finn: Improving out-of-distribution robustness via selective
    augmentation, ICML 2022, arXiv 2201.00299.

    Examples
    --------
    >>> import torch
    >>> from skgroup.samplers import LISAPairs
    >>> y, attributes = torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1])
    >>> sampler = LISAPairs(y, attributes, batch_size=3, seed=0, p_same_class=1.0)
    >>> anchors, partners = sampler.epoch().chunk(2)
    >>> sorted(zip(anchors.tolist(), partners.tolist()))  # row 2 is alone in its class
    [(0, 1), (1, 0), (2, 2)]
    """

    def __init__(
        self,
        y: Tensor,
        attributes: Tensor,
        batch_size: int,
        seed: int,
        *,
        p_same_class: float = 0.5,
        sample_weight: Tensor | None = None,
    ):
        y, attributes = y.cpu().contiguous(), _by_appearance(attributes.cpu())
        weight = torch.ones(len(y)) if sample_weight is None else sample_weight.cpu()
        self._same_class = Partners.find(y, attributes, weight.double())
        self._same_attribute = Partners.find(attributes, y, weight.double())
        exist = [bool(kind.exist.any()) for kind in (self._same_class, self._same_attribute)]
        self.has_pairs = any(exist)
        self.p_same_class = float(p_same_class) if all(exist) else float(exist[0])
        self._anchors = UniformSampler(len(y), batch_size, seed)
        self._generator = torch.Generator().manual_seed(seed + 1)
        self.lengths = [2 * n_pairs for n_pairs in self._anchors.lengths]

    def epoch(self) -> Tensor:
        """Row numbers of one epoch, int64; `lengths` cuts them into batches."""
        anchors, lengths = self._anchors.epoch(), self._anchors.lengths
        coins, places = (
            torch.rand(n, generator=self._generator, dtype=torch.float64)
            for n in (len(lengths), len(anchors))
        )
        same_class = (coins < self.p_same_class).repeat_interleave(torch.tensor(lengths))
        partners = torch.where(
            same_class,
            self._same_class.draw(anchors, places),
            self._same_attribute.draw(anchors, places),
        )
        return interleaved(anchors, partners, lengths)

    def state_dict(self) -> dict[str, Any]:
        """What the next epochs depend on."""
        return {"anchors": self._anchors.state_dict(), "generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._anchors.load_state_dict(state["anchors"])
        self._generator.set_state(state["generator"])
