import hashlib
import json
import os
import pickle
import struct
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Checkpoint", "SharedCheckpoint", "fingerprint"]

# What torch's safe loader and the reading of its result raise on files of others.
_DAMAGED = (
    pickle.UnpicklingError, RuntimeError, EOFError, LookupError, TypeError, ValueError,
    AttributeError, struct.error,
)  # fmt: skip


def fingerprint(*parts: Any) -> str:
    """A hash that is equal for the same fit, in this process or another, and for no other.

    Containers, iterators, tensors, generators and modules (weights and settings) count with all
    values; another object counts as its type, because its text may hold an address in memory.
    """
    digest = hashlib.sha256()
    for part in parts:
        _feed(digest, part)
    return digest.hexdigest()


def _feed(digest: Any, part: Any) -> None:
    if isinstance(part, Tensor):
        _feed(digest, f"{part.dtype} {tuple(part.shape)}")
        digest.update(part.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    elif isinstance(part, torch.Generator):
        _feed(digest, part.get_state())
    elif isinstance(part, nn.Module):
        children = [{k: v for k, v in vars(m).items() if _is_plain(v)} for m in part.modules()]
        _feed(digest, [str(part), children, part.state_dict()])
    elif isinstance(part, Mapping):
        _feed(digest, list(part.items()))
    elif isinstance(part, (list, tuple, Iterator)):
        _feed(digest, "begin")
        for item in part:
            _feed(digest, item)
        _feed(digest, "end")
    else:
        named = getattr(part, "__qualname__", type(part).__qualname__)
        digest.update((repr(part) if _is_plain(part) else named).encode() + b"\0")


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


class Checkpoint:
    """The state of a fit on disk, replaced after every epoch in one atomic step.

    Parameters
    ----------
    folder : path-like
        Created when missing. Several fits may share it.
    name : str
        File stem; it must tell this fit from every other.

    Raises
    ------
    OSError
        If nothing can be written there, which is better known before the first epoch.
    """

    def __init__(self, folder: str | os.PathLike, name: str):
        self.path = Path(folder) / f"{name}.pt"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.path.parent):
            pass

    def load(self) -> dict[str, Any] | None:
        """Return the saved state, or None when there is none."""
        if not self.path.exists():
            return None
        try:
            state = torch.load(self.path, weights_only=True)
            return state | {"history": json.loads(state["history"])}
        except _DAMAGED as error:
            # torch's own advice here is to run whatever the file says.
            raise ValueError(
                f"{self.path} is no checkpoint that skgroup wrote, or is damaged. Nothing in it "
                "was run; remove it, and the fit starts anew."
            ) from error

    def save(self, state: dict[str, Any]) -> None:
        """Write `state` so that a kill at any moment leaves a whole file."""
        # Callbacks record what they like; JSON keeps what torch's safe loader would refuse.
        history = json.dumps(state["history"], default=_to_json)
        # The same fit may run twice at a time, and a name that can be guessed may be a link.
        handle, name = tempfile.mkstemp(".tmp", f"{self.path.stem}-", self.path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                torch.save(state | {"history": history}, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except BaseException:
            os.unlink(name)
            raise

    def remove(self) -> None:
        """Delete the file of a fit that is complete."""
        self.path.unlink(missing_ok=True)


class SharedCheckpoint:
    """A checkpoint that the first process reads and writes, with the random states of all."""

    def __init__(self, team: Any, folder: str | os.PathLike, name: str):
        self.team = team
        self.own: Checkpoint | None = None
        error = None
        try:
            if team.rank == 0:
                self.own = Checkpoint(folder, name)
        except OSError as caught:
            error = caught
        if error := team.from_first(error):  # or the others would wait for the first one
            raise error

    def load(self) -> dict[str, Any] | None:
        """Return the saved state, or None when there is none."""
        state = self.team.from_first(self.own.load() if self.own is not None else None)
        return None if state is None else state | {"rng": state["rng"][self.team.rank]}

    def save(self, state: dict[str, Any]) -> None:
        """Write `state`."""
        everyone = self.team.collect(state["rng"])
        if self.own is not None:
            self.own.save(state | {"rng": everyone})

    def remove(self) -> None:
        """Delete the file."""
        if self.own is not None:
            self.own.remove()


def _to_json(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
