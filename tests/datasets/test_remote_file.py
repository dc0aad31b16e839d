import hashlib
import re
from email.message import Message
from urllib.request import Request

import pytest

from skgroup.datasets import _remote_file
from skgroup.datasets._remote_file import RemoteFile, open_url

CONTENT = b"1, 2, 3\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
URL = "https://data.example/rows.csv"
KNOWN, UNKNOWN = RemoteFile("set/rows.csv", URL, SHA256), RemoteFile("set/rows.csv", URL)


def names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("length", [None, len(CONTENT)])
def test_a_download_is_kept_and_not_repeated(length, tmp_path, web, response):
    web[URL] = response(CONTENT, length)
    path = KNOWN.fetch(tmp_path, download_if_missing=True)
    assert path == tmp_path / "set" / "rows.csv"
    assert path.read_bytes() == CONTENT
    assert KNOWN.fetch(tmp_path, download_if_missing=False) == path
    assert web["asked"] == [URL]
    assert names(tmp_path) == ["rows.csv"]


def test_a_wrong_checksum_is_refused_and_not_kept(tmp_path, web):
    web[URL] = b"<html>log in</html>"
    with pytest.raises(OSError, match=rf"another file .* not {SHA256}\. It was not kept"):
        KNOWN.fetch(tmp_path, download_if_missing=True)
    assert names(tmp_path) == []


@pytest.mark.parametrize("file", [KNOWN, UNKNOWN], ids=["known", "unknown"])
def test_half_a_file_is_refused_and_not_kept(file, tmp_path, web, response):
    web[URL] = response(CONTENT[:4], len(CONTENT))
    with pytest.raises(OSError, match=r"\(4 of 8 bytes came\)\. Try again later"):
        file.fetch(tmp_path, download_if_missing=True)
    assert names(tmp_path) == []


def test_without_network_the_error_says_what_was_tried_and_where_to_put_the_file(tmp_path, web):
    place = re.escape(str(tmp_path / "set" / "rows.csv"))
    told = rf"could not download {URL} \(no network\).* put it at {place}, .* SKGROUP_DATA"
    with pytest.raises(OSError, match=told):
        KNOWN.fetch(tmp_path, download_if_missing=True)
    assert names(tmp_path) == []


def test_interrupted_downloads_leave_nothing(tmp_path, web, response):
    class Interrupted(response):
        def read(self, n):
            if self.tell():
                raise KeyboardInterrupt
            return super().read(4)

    web[URL] = Interrupted(CONTENT)
    with pytest.raises(KeyboardInterrupt):
        KNOWN.fetch(tmp_path, download_if_missing=True)
    assert names(tmp_path) == []


def test_a_missing_file_is_not_looked_for_when_that_is_forbidden(tmp_path, web):
    with pytest.raises(FileNotFoundError, match=r"download_if_missing is False: download https"):
        KNOWN.fetch(tmp_path, download_if_missing=False)
    assert web["asked"] == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_put_there_is_checked_and_left_alone(tmp_path, web):
    path = tmp_path / "set" / "rows.csv"
    path.parent.mkdir()
    path.write_bytes(b"half")
    with pytest.raises(OSError, match=r"its sha256 is .* It was not read; remove it"):
        KNOWN.fetch(tmp_path, download_if_missing=True)
    assert path.read_bytes() == b"half"
    assert web["asked"] == []


def test_an_unknown_checksum_is_recorded_and_holds_from_then_on(tmp_path, web):
    web[URL] = CONTENT
    path = UNKNOWN.fetch(tmp_path, download_if_missing=True)
    note = tmp_path / "set" / "rows.csv.sha256"
    assert note.read_text() == f"{SHA256}  rows.csv\n"
    path.write_bytes(b"changed")
    with pytest.raises(OSError, match="is not the file that is expected"):
        UNKNOWN.fetch(tmp_path, download_if_missing=True)
    path.unlink()
    web[URL] = b"changed"
    with pytest.raises(OSError, match="sent another file than expected"):
        UNKNOWN.fetch(tmp_path, download_if_missing=True)
    assert names(tmp_path) == ["rows.csv.sha256"]


def test_the_checksum_of_a_file_put_there_is_recorded_too(tmp_path, web):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "rows.csv").write_bytes(CONTENT)
    UNKNOWN.fetch(tmp_path, download_if_missing=True)
    assert names(tmp_path) == ["rows.csv", "rows.csv.sha256"]
    assert web["asked"] == []


@pytest.mark.parametrize("url", ["http://data.example/a", "file:///a", "ftp://data.example/a"])
def test_only_https_is_opened(url):
    with pytest.raises(ValueError, match=f"{url} is refused: only https"):
        open_url(url)


def test_redirections_stay_on_https():
    handler, request = _remote_file._HttpsOnly(), Request(URL)
    with pytest.raises(ValueError, match="only https"):
        handler.redirect_request(request, None, 302, "", Message(), "http://data.example/b")
    onward = "https://other.example/b"
    moved = handler.redirect_request(request, None, 302, "", Message(), onward)
    assert moved.full_url == onward


def test_a_server_that_never_stops_is_left(tmp_path, web, monkeypatch):
    web[URL] = CONTENT
    monkeypatch.setattr(_remote_file, "_BLOCK", 1)
    monkeypatch.setattr(_remote_file, "_MAX_BYTES", 5)
    with pytest.raises(OSError, match="more than 5 bytes came"):
        UNKNOWN.fetch(tmp_path, download_if_missing=True)
    assert names(tmp_path) == []


def test_a_length_that_is_no_number_is_told(tmp_path, web, response):
    web[URL] = response(CONTENT, "many")
    with pytest.raises(OSError, match="8 of many bytes came"):
        UNKNOWN.fetch(tmp_path, download_if_missing=True)


@pytest.mark.parametrize("note", [b"", b"\n", b"none  rows.csv", b"\xff\xfe", SHA256[:60].encode()])
def test_a_note_without_a_checksum_is_refused(note, tmp_path, web):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "rows.csv").write_bytes(CONTENT)
    (tmp_path / "set" / "rows.csv.sha256").write_bytes(note)
    with pytest.raises(OSError, match=r"rows\.csv\.sha256 holds no checksum of rows\.csv: remove"):
        UNKNOWN.fetch(tmp_path, download_if_missing=True)


def test_links_in_the_data_folder_are_not_written_through(tmp_path, web):
    """Neither to what is there nor to a file that is made."""
    web[URL] = CONTENT
    home, mine = tmp_path / "home", tmp_path / "mine"
    (home / "set").mkdir(parents=True)
    (home / "set" / "rows.csv").symlink_to(mine)
    (home / "set" / "rows.csv.sha256").symlink_to(mine)
    path = UNKNOWN.fetch(home, download_if_missing=True)
    assert not mine.exists()
    assert path.read_bytes() == CONTENT
    assert not path.is_symlink()
