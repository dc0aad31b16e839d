"""Archives that may only write where they should."""

import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from stat import S_ISLNK
from typing import IO

_REFUSED = "{} is refused: its entry {!r} {}. Nothing was unpacked."


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip or tar file into a new `folder`, all of it or nothing.

    Only files and folders below `folder` are written: no links, no devices, no ways upward. An
    outer folder of the same name is not nested in `folder`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as part:
        rows = Path(part) / "unpacked"
        rows.mkdir()
        try:
            for name, file in _files(archive):
                path = rows / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as copy:
                    shutil.copyfileobj(file, copy)
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error) as error:
            reason = str(error).partition("\n")[0]
            raise OSError(
                f"{archive} cannot be unpacked ({reason}): it is cut short, or no archive. Remove "
                "it, and download it again."
            ) from error
        inner = rows / folder.name
        (inner if inner.is_dir() else rows).replace(folder)


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


def _check(archive: Path, name: str, is_special: bool) -> None:
    windows = PureWindowsPath(name)  # reads slashes of both kinds, and drives
    if windows.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
        raise OSError(_REFUSED.format(archive, name, "leads out of the folder"))
    if is_special:
        raise OSError(_REFUSED.format(archive, name, "is a link or a device"))
