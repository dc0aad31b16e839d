import hashlib
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

__all__ = ["Checkpoint", "fingerprint"]


def fingerprint(*parts: Any) -> str:
    """A hash of tensors and plain values: equal only for the same fit."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.cpu().contiguous().numpy().tobytes() if isinstance(part, Tensor) else repr(part)
        digest.update(data if isinstance(data, bytes) else data.encode())
    return digest.hexdigest()


class Checkpoint:
    """The state of a fit on disk, replaced after every epoch in one atomic step.

    Parameters
    ----------
    folder : path-like
        Created when missing. Several fits may share it.
    name : str
        File stem; it must tell this fit from every other.
    """

    def __init__(self, folder: str | os.PathLike, name: str):
        self.path = Path(folder) / f"{name}.pt"
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def load(self) -> dict[str, Any] | None:
        """Return the saved state, or None when there is none."""
        return torch.load(self.path, weights_only=True) if self.path.exists() else None

    def save(self, state: dict[str, Any]) -> None:
        """Write `state` so that a kill at any moment leaves a whole file."""
        temporary = self.path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)

    def remove(self) -> None:
        """Delete the file of a fit that is complete."""
        self.path.unlink(missing_ok=True)
