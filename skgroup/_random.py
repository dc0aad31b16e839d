"""Private random numbers for torch code that only knows the global generator."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["isolated_torch_rng"]

# fork_rng alone is not safe in threads: two of them would save and restore each other's state.
_LOCK = threading.RLock()


@contextmanager
def isolated_torch_rng(seed: int, device: str | torch.device = "cpu") -> Iterator[None]:
    """Seed torch's global generator inside the block and give back its state afterwards."""
    device = torch.device(device)
    devices = [device] if device.type == "cuda" else []
    with _LOCK, torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
