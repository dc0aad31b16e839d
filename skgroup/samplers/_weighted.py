from typing import Any

import torch
from torch import Tensor

from skgroup.samplers._uniform import batch_lengths

__all__ = ["WeightedSampler"]


class WeightedSampler:
    """Independent draws, each row in proportion to its weight; as many an epoch as there are rows.

    There may be any number of rows; ``torch.multinomial`` stops at 2 ** 24.

    Parameters
    ----------
    weights : Tensor of shape (n_samples,)
        Finite and at least 0, with a positive sum; only their ratios matter.
    batch_size : int
        Rows per batch.
    seed : int
        Seed of a private generator.

    Examples
    --------
    >>> import torch
    >>> from skgroup.samplers import WeightedSampler
    >>> sampler = WeightedSampler(torch.tensor([1.0, 0.0, 3.0]), batch_size=2, seed=0)
    >>> epochs = torch.cat([sampler.epoch() for _ in range(1000)])
    >>> epochs.bincount(minlength=3).div(3000).numpy().round(1)
    array([0.2, 0. , 0.8], dtype=float32)
    """

    def __init__(self, weights: Tensor, batch_size: int, seed: int):
        weights = torch.as_tensor(weights, dtype=torch.float64, device="cpu")
        if not (weights.isfinite().all() and (weights >= 0).all() and weights.sum() > 0):
            raise ValueError(
                "weights must be finite and at least 0 with a positive sum, got values from "
                f"{weights.min():g} to {weights.max():g}."
            )
        self.n_samples = len(weights)
        self.lengths = batch_lengths(self.n_samples, batch_size)
        self._rows = torch.nonzero(weights).flatten()  # rounding must not reach the others
        self._edges = weights[self._rows].cumsum(dim=0)
        self._generator = torch.Generator().manual_seed(seed)

    def epoch(self) -> Tensor:
        """Row numbers of one epoch, int64; `lengths` cuts them into batches."""
        drawn = torch.rand(self.n_samples, dtype=torch.float64, generator=self._generator)
        place = torch.searchsorted(self._edges, drawn * self._edges[-1], right=True)
        return self._rows[place.clamp_max(len(self._rows) - 1)]

    def state_dict(self) -> dict[str, Any]:
        """What the next epochs depend on."""
        return {"generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._generator.set_state(state["generator"])
