"""Archives that may only write where they should."""

import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from stat import S_ISLNK
from typing import IO, BinaryIO

_REFUSED = "{} is refused: its entry {!r} {}. Nothing was unpacked."

# Twenty times what the largest data set holds; more is an archive made to fill a disk.
MAX_BYTES, MAX_FILES = 20 * 2**30, 1_000_000
_BLOCK = 2**20
# Beside those of the formats: an unknown compression, a password, and names with a zero in them.
_DAMAGED = (
    tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError,
    NotImplementedError, RuntimeError, ValueError,
)  # fmt: skip


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip or tar file into a new `folder`, all of it or nothing.

    Only files and folders below `folder` are written: no links, no devices, no ways upward, and not
    more than fits a data set. An outer folder of the same name is not nested in `folder`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as part:
        rows = Path(part) / "unpacked"
        rows.mkdir()
        try:
            left = MAX_BYTES
            for n_files, (name, file) in enumerate(_files(archive), 1):
                path = rows / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as copy:
                    left = _copy(file, copy, left)
                if left < 0 or n_files > MAX_FILES:
                    raise OSError(
                        _REFUSED.format(archive, str(name), "is one too many, or too big")
                    )
        except _DAMAGED as error:
            reason = str(error).partition("\n")[0]
            raise OSError(
                f"{archive} cannot be unpacked ({reason}): it is cut short, or no archive. Remove "
                "it, and download it again."
            ) from error
        inner = rows / folder.name
        (inner if inner.is_dir() else rows).replace(folder)


def _copy(file: IO[bytes], copy: BinaryIO, left: int) -> int:
    """Copy at most a block more than is left; the rest, below 0 where that was not enough.

    What an archive says of its sizes is not asked.
    """
    while left >= 0 and (block := file.read(_BLOCK)):
        copy.write(block)
        left -= len(block)
    return left


def _files(archive: Path) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as entries:
            for entry in entries.infolist():
                _check(archive, entry.filename, S_ISLNK(entry.external_attr >> 16))
            for entry in entries.infolist():
                if not entry.is_dir():
                    with entries.open(entry) as file:
                        yield PurePosixPath(entry.filename), file
        return
    with tarfile.open(archive) as members:
        for member in members:
            _check(archive, member.name, not (member.isreg() or member.isdir()))
            content = members.extractfile(member) if member.isreg() else None
            if content is not None:
                yield PurePosixPath(member.name), content


def leads_out(name: str) -> bool:
    """Whether a name may stand for something outside the folder that it is looked for in."""
    path = PureWindowsPath(name)  # reads slashes of both kinds, and drives
    return bool(path.drive or path.root or ".." in path.parts)


def _check(archive: Path, name: str, is_special: bool) -> None:
    if not name:
        raise OSError(_REFUSED.format(archive, name, "has no name"))
    if leads_out(name):
        raise OSError(_REFUSED.format(archive, name, "leads out of the folder"))
    if is_special:
        raise OSError(_REFUSED.format(archive, name, "is a link or a device"))
