import glob
import hashlib
import io
import json
import os
import pickle
import struct
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from skgroup.exceptions import CheckpointError

__all__ = ["Checkpoint", "SharedCheckpoint", "fingerprint"]

DIGEST_BYTES = hashlib.sha256().digest_size  # a file begins with the checksum of what follows
# What torch's safe loader and the reading of its result raise on files of others.
UNREADABLE = (
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
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.path.parent):
                pass
        except OSError as error:
            wrong = f"checkpoint_dir must be a folder that can be written to ({error.strerror})"
            raise OSError(error.errno, wrong, str(self.path.parent)) from error
        for left in self.path.parent.glob(f"{glob.escape(name)}-*.tmp"):  # by fits that were killed
            with suppress(OSError):
                left.unlink()

    def load(self) -> dict[str, Any] | None:
        """Return the saved state, or None when there is none."""
        if not self.path.exists():
            return None
        with self.path.open("rb") as file:
            digest = file.read(DIGEST_BYTES)
            if hashlib.file_digest(file, "sha256").digest() != digest:
                raise self._refusal("is damaged, its checksum is not that of its content")
            file.seek(DIGEST_BYTES)
            try:
                state = torch.load(file, weights_only=True)
                return state | {"history": json.loads(state["history"])}
            except UNREADABLE as error:
                # torch's own advice here is to run whatever the file says.
                raise self._refusal("is no checkpoint, and nothing in it was run") from error

    def _refusal(self, reason: str) -> CheckpointError:
        return CheckpointError(
            f"{self.path} {reason}: put back a whole copy, or delete the file to train from the "
            "first epoch."
        )

    def save(self, state: dict[str, Any]) -> None:
        """Write `state` so that a kill at any moment leaves a whole file."""
        # Callbacks record what they like; JSON keeps what torch's safe loader would refuse.
        history = json.dumps(state["history"], default=_to_json)
        content = io.BytesIO()  # where a disk is full, torch would not tell
        torch.save(state | {"history": history}, content)
        try:
            self._write(content.getbuffer())
        except OSError as error:
            raise OSError(
                error.errno,
                f"a checkpoint could not be written ({error.strerror}). Make room, or pass another "
                "checkpoint_dir; the last one that was written is whole, and a new fit goes on "
                "from there",
                str(self.path),
            ) from error

    def _write(self, content: memoryview) -> None:
        # The same fit may run twice at a time, and a name that can be guessed may be a link.
        handle, name = tempfile.mkstemp(".tmp", f"{self.path.stem}-", self.path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(content).digest())
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except FileNotFoundError:
            pass  # swept up by the same fit elsewhere, which has begun
        finally:
            Path(name).unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the file of a fit that is complete."""
        self.path.unlink(missing_ok=True)


class SharedCheckpoint:
    """A checkpoint that the first process reads and writes, with the random states of all."""

    def __init__(self, team: Any, folder: str | os.PathLike, name: str):
        self.team = team
        self.own: Checkpoint | None = None
        self._by_first(lambda _: self._open(folder, name))

    def load(self) -> dict[str, Any] | None:
        """Return the saved state, or None when there is none."""
        state = self._by_first(lambda own: own.load())
        return None if state is None else state | {"rng": state["rng"][self.team.rank]}

    def save(self, state: dict[str, Any]) -> None:
        """Write `state`."""
        everyone = self.team.collect(state["rng"])
        self._by_first(lambda own: own.save(state | {"rng": everyone}))

    def remove(self) -> None:
        """Delete the file."""
        if self.own is not None:
            self.own.remove()

    def _open(self, folder: str | os.PathLike, name: str) -> None:
        self.own = Checkpoint(folder, name)

    def _by_first(self, work: Callable[[Any], Any]) -> Any:
        """What `work` gets from the checkpoint of the first process, or its error."""
        found = None
        try:
            if self.team.rank == 0:
                found = work(self.own)
        except Exception as error:
            found = error
        found = self.team.from_first(found)  # or the others would wait for the first one
        if isinstance(found, Exception):
            raise found
        return found


def _to_json(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
