import torch
from torch import Tensor

__all__ = ["UniformSampler", "batch_lengths"]


def batch_lengths(n: int, batch_size: int) -> list[int]:
    """Lengths of consecutive batches over `n` rows.

    A last batch of one row joins the one before it: batch normalisation cannot train on one row.
    """
    full, rest = divmod(n, batch_size)
    lengths = [batch_size] * full + [rest] * (rest > 0)
    if rest == 1 and full:
        lengths[-2:] = [batch_size + 1]
    return lengths


class UniformSampler:
    """Every row once an epoch, in random order.

    Parameters
    ----------
    n_samples : int
        Rows of the training set.
    batch_size : int
        Rows per batch.
    seed : int
        Seed of a private generator.

    Examples
    --------
    >>> from skgroup.samplers import UniformSampler
    >>> sampler = UniformSampler(5, batch_size=2, seed=0)
    >>> sorted(sampler.epoch().tolist())
    [0, 1, 2, 3, 4]
    >>> sampler.lengths
    [2, 3]
    """

    def __init__(self, n_samples: int, batch_size: int, seed: int):
        self.n_samples = n_samples
        self.lengths = batch_lengths(n_samples, batch_size)
        self._generator = torch.Generator().manual_seed(seed)

    def epoch(self) -> Tensor:
        """Row numbers of one epoch, int64; `lengths` cuts them into batches."""
        return torch.randperm(self.n_samples, generator=self._generator)

    def state_dict(self) -> dict[str, Tensor]:
        """What the next epochs depend on."""
        return {"generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from a saved state."""
        self._generator.set_state(state["generator"])
