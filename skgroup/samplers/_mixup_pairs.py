from typing import Any

import torch
from torch import Tensor

from skgroup.samplers._uniform import UniformSampler
from skgroup.samplers._weighted import WeightedSampler

__all__ = ["MixupPairs", "interleaved"]


def interleaved(anchors: Tensor, partners: Tensor, lengths: list[int]) -> Tensor:
    """For each batch its anchors, then their partners."""
    batches = zip(anchors.split(lengths), partners.split(lengths), strict=True)
    return torch.cat([rows for batch in batches for rows in batch])


class MixupPairs:
    """Every row once an epoch as anchor, with a random partner.

    A batch of 2 m rows is m anchors, in the order of :class:`UniformSampler` with the same seed,
    and then their m partners: the same rows shuffled, so that every row is a partner once, too.
    With weights, partners are drawn from all rows in proportion to them.

    Parameters
    ----------
    n_samples : int
        Rows of the training set.
    batch_size : int
        Pairs per batch.
    seed : int
        Seed of two private generators: one for anchors, one for partners.
    sample_weight : Tensor of shape (n_samples,), optional
        Weights of the partners.

    References
    ----------
    Zhang, Cisse, Dauphin, Lopez-Paz: mixup: Beyond empirical risk minimization, ICLR 2018,
    arXiv 1710.09412.

    Examples
    --------
    >>> from skgroup.samplers import MixupPairs
    >>> sampler = MixupPairs(5, batch_size=5, seed=0)
    >>> anchors, partners = sampler.epoch().chunk(2)
    >>> sorted(anchors.tolist()) == sorted(partners.tolist()) == [0, 1, 2, 3, 4]
    True
    """

    def __init__(
        self, n_samples: int, batch_size: int, seed: int, sample_weight: Tensor | None = None
    ):
        self._anchors = UniformSampler(n_samples, batch_size, seed)
        self._generator = torch.Generator().manual_seed(seed + 1)
        self._drawn = None
        if sample_weight is not None:
            self._drawn = WeightedSampler(sample_weight, batch_size, seed + 1)
        self.lengths = [2 * n_pairs for n_pairs in self._anchors.lengths]

    def epoch(self) -> Tensor:
        """Row numbers of one epoch, int64; `lengths` cuts them into batches."""
        anchors, lengths = self._anchors.epoch(), self._anchors.lengths
        partners = self._shuffled(anchors) if self._drawn is None else self._drawn.epoch()
        return interleaved(anchors, partners, lengths)

    def _shuffled(self, anchors: Tensor) -> Tensor:
        batches = anchors.split(self._anchors.lengths)
        return torch.cat(
            [rows[torch.randperm(len(rows), generator=self._generator)] for rows in batches]
        )

    def state_dict(self) -> dict[str, Any]:
        """What the next epochs depend on."""
        parts = {"anchors": self._anchors, "drawn": self._drawn}
        states = {name: part.state_dict() for name, part in parts.items() if part is not None}
        return states | {"generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._anchors.load_state_dict(state["anchors"])
        if self._drawn is not None:
            self._drawn.load_state_dict(state["drawn"])
        self._generator.set_state(state["generator"])
