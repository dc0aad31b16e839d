import torch
from torch import Tensor

from skgroup.samplers._uniform import UniformSampler

__all__ = ["RepeatedSampler"]


class RepeatedSampler(UniformSampler):
    """Every row as often as its count says, in random order; an epoch is that much longer.

    Where all counts are 1, the order is that of :class:`UniformSampler` with the same seed.

    Parameters
    ----------
    counts : Tensor of shape (n_samples,), int64
        How often an epoch visits each row, at least 0.
    batch_size : int
        Rows per batch.
    seed : int
        Seed of a private generator.

    References
    ----------
    Liu, Haghgoo, Chen, Raghunathan, Koh, Sagawa, Liang, Finn: Just train twice: improving group
    robustness without training group information, ICML 2021, arXiv 2107.09044.

    Examples
    --------
    >>> import torch
    >>> from skgroup.samplers import RepeatedSampler
    >>> sampler = RepeatedSampler(torch.tensor([1, 3, 1]), batch_size=2, seed=0)
    >>> sorted(sampler.epoch().tolist())
    [0, 1, 1, 1, 2]
    >>> sampler.lengths
    [2, 3]
    """

    def __init__(self, counts: Tensor, batch_size: int, seed: int):
        self._list = torch.arange(len(counts)).repeat_interleave(counts)
        super().__init__(len(self._list), batch_size, seed)

    def epoch(self) -> Tensor:
        """Row numbers of one epoch, int64; `lengths` cuts them into batches."""
        return self._list[super().epoch()]
