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
        _seed(device, seed)
        yield


def _seed(device: torch.device, seed: int) -> None:
    # Not torch.manual_seed: it also seeds devices that are not used, and whose state is not given
    # back; and it writes down the stack for each of them, which takes milliseconds.
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    elif device.type != "cpu":
        torch.get_device_module(device).manual_seed(seed)
