"""Files from elsewhere, read only when their checksum is right."""

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

_BLOCK = 2**20
_TIMEOUT = 60  # seconds without a byte
_MAX_BYTES = 5 * 2**30  # ten times the largest file; a server that sends more never stops


@dataclass(frozen=True)
class RemoteFile:
    """A file by its place below the data folder, its address and its checksum.

    Where nobody published a checksum, `sha256` is None: that of the first download is written
    beside the file and holds from then on.
    """

    name: str
    url: str
    sha256: str | None = None

    def fetch(self, home: Path, *, download_if_missing: bool) -> Path:
        """The path of the checked file, downloaded if it is not there."""
        path = home / self.name
        if path.is_file():
            self._check_kept(path)
        elif download_if_missing:
            self._download(path)
        else:
            raise FileNotFoundError(
                f"there is no file {path}, and download_if_missing is False: {self._by_hand(path)}"
            )
        return path

    def _by_hand(self, path: Path) -> str:
        return (
            f"download {self.url} and put it at {path}, or name the folder that holds "
            f"{self.name} by data_home= or by the environment variable SKGROUP_DATA."
        )

    def _check_kept(self, path: Path) -> None:
        expected, found = self.sha256 or _recorded(path), _checksum_of(path)
        if expected is None:
            _record(path, found)
        elif found != expected:
            raise OSError(
                f"{path} is not the file that is expected: its sha256 is {found}, not {expected}. "
                "It was not read; remove it, and it is downloaded again."
            )

    def _download(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                found = self._receive(file, path)
            expected = self.sha256 or _recorded(path)
            if expected not in (None, found):
                raise OSError(
                    f"{self.url} sent another file than expected: its sha256 is {found}, not "
                    f"{expected}. It was not kept. If the file was changed by its publisher, look "
                    "for the original elsewhere; if a proxy answered, "
                    f"{self._by_hand(path)}"
                )
            if expected is None:
                _record(path, found)
            os.replace(part, path)
        finally:
            Path(part).unlink(missing_ok=True)

    def _receive(self, file: BinaryIO, path: Path) -> str:
        checksum, n_bytes = hashlib.sha256(), 0
        try:
            with open_url(self.url) as response:
                length = response.headers.get("Content-Length")
                while block := response.read(_BLOCK):
                    if n_bytes > _MAX_BYTES:
                        raise URLError(f"more than {_MAX_BYTES} bytes came")
                    file.write(block)
                    checksum.update(block)
                    n_bytes += len(block)
            if length is not None and length != str(n_bytes):
                raise URLError(f"{n_bytes} of {length} bytes came")
        except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
            reason = getattr(error, "reason", None) or error
            raise OSError(
                f"could not download {self.url} ({reason}). Try again later, or "
                f"{self._by_hand(path)}"
            ) from error
        return checksum.hexdigest()


def open_url(url: str) -> Any:
    """Open an address that is https, and stays so through redirections."""
    _check_https(url)
    return build_opener(_HttpsOnly).open(
        Request(url, headers={"User-Agent": "skgroup"}), timeout=_TIMEOUT
    )


class _HttpsOnly(HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, newurl):
        _check_https(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_https(url: str) -> None:
    if urlsplit(url).scheme != "https":
        raise ValueError(f"{url} is refused: only https addresses are opened.")


def _checksum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _note_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _recorded(path: Path) -> str | None:
    with suppress(FileNotFoundError):
        note = _note_of(path).read_text(encoding="ascii", errors="replace")
        checksum = note.partition(" ")[0]
        if not re.fullmatch("[0-9a-f]{64}", checksum):
            raise OSError(
                f"{_note_of(path)} holds no checksum of {path.name}: remove both, and the file is "
                "downloaded again."
            )
        return checksum
    return None


def _record(path: Path, checksum: str) -> None:
    """Write the note in the format of sha256sum; a folder that is read-only has none."""
    # Only a new file: where a link leads is not for this to write.
    allowed = suppress(PermissionError, FileExistsError)
    with allowed, _note_of(path).open("x", encoding="ascii") as note:
        note.write(f"{checksum}  {path.name}\n")
