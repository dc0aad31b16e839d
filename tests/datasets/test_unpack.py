import io
import tarfile
import zipfile

import numpy as np
import pytest

from skgroup.datasets import _unpack
from skgroup.datasets._unpack import leads_out, unpack

FILES = {"set/table.csv": b"a,b\n", "set/images/1.png": b"picture"}
LEADING_OUT = ["../out.txt", "set/../../out.txt", "/out.txt", "C:/out.txt", "set\\..\\..\\out.txt"]


def write_tar(path, files, *special):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for entry in special:
            archive.addfile(entry)


def write_zip(path, files, *special):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for entry in special:
            archive.writestr(entry, "set")


def names(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.fixture(params=[write_tar, write_zip], ids=["tar", "zip"])
def write(request):
    return request.param


@pytest.mark.parametrize("folder", ["set", "other"])
def test_files_arrive_where_they_belong(write, folder, tmp_path):
    write(tmp_path / "archive", FILES)
    unpack(tmp_path / "archive", tmp_path / folder)
    inner = "" if folder == "set" else "set/"
    assert names(tmp_path / folder) == [f"{inner}images/1.png", f"{inner}table.csv"]
    assert (tmp_path / folder / f"{inner}table.csv").read_bytes() == b"a,b\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["archive", folder])


def test_archives_without_an_outer_folder(write, tmp_path):
    write(tmp_path / "archive", {"./table.csv": b"a,b\n"})
    unpack(tmp_path / "archive", tmp_path / "set")
    assert names(tmp_path / "set") == ["table.csv"]


@pytest.mark.parametrize("name", LEADING_OUT)
def test_entries_that_lead_out_are_refused_and_nothing_is_written(write, name, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    write(home / "archive", FILES | {name: b"evil"})
    with pytest.raises(OSError, match=r"leads out of the folder\. Nothing was unpacked\."):
        unpack(home / "archive", home / "set")
    assert names(tmp_path) == ["home/archive"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_tar_files_are_refused(kind, tmp_path):
    link = tarfile.TarInfo("set/link")
    link.type, link.linkname = kind, "../../out"
    write_tar(tmp_path / "archive", FILES, link)
    with pytest.raises(OSError, match="'set/link' is a link or a device"):
        unpack(tmp_path / "archive", tmp_path / "set")
    assert names(tmp_path) == ["archive"]


def test_entries_without_a_name_are_refused(write, tmp_path):
    write(tmp_path / "archive", {"set/table.csv": b"a", "x": b"b"})
    content = (tmp_path / "archive").read_bytes()
    if content[:2] == b"PK":  # no library writes such an entry: its name is read as a comment
        at = content.rindex(b"PK\x01\x02")
        content = content[: at + 28] + b"\0\0\0\0\1\0" + content[at + 34 :]
        (tmp_path / "archive").write_bytes(content)
    else:
        write(tmp_path / "archive", {"": b"b"})
    with pytest.raises(
        OSError, match=r"is refused: its entry '' has no name. Nothing was unpacked\."
    ):
        unpack(tmp_path / "archive", tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]


def test_links_in_zip_files_are_refused(tmp_path):
    link = zipfile.ZipInfo("set/link")
    link.external_attr = 0o120777 << 16
    write_zip(tmp_path / "archive", FILES, link)
    with pytest.raises(OSError, match="'set/link' is a link"):
        unpack(tmp_path / "archive", tmp_path / "set")


def test_half_an_archive_is_refused(write, tmp_path):
    noise = np.random.RandomState(0).bytes(5000)  # cannot be compressed, and half of it is lost
    write(tmp_path / "archive", {"set/a": noise})
    content = (tmp_path / "archive").read_bytes()
    (tmp_path / "archive").write_bytes(content[: len(content) // 2])
    with pytest.raises(OSError, match=r"cannot be unpacked .* download it again"):
        unpack(tmp_path / "archive", tmp_path / "set")
    assert names(tmp_path) == ["archive"]


@pytest.mark.parametrize(("limit", "n"), [("MAX_BYTES", 11), ("MAX_FILES", 2)])
def test_bombs_are_refused(write, limit, n, tmp_path, monkeypatch):
    assert sum(map(len, FILES.values())) == 11
    write(tmp_path / "archive", FILES)
    monkeypatch.setattr(_unpack, limit, n)
    unpack(tmp_path / "archive", tmp_path / "set")
    monkeypatch.setattr(_unpack, limit, n - 1)
    with pytest.raises(OSError, match=r"'set/images/1.png' is one too many, or too big\. Nothing"):
        unpack(tmp_path / "archive", tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "set"]


def test_no_more_is_written_than_a_block_beyond_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(_unpack, "_BLOCK", 1000)
    copy = io.BytesIO()
    assert _unpack._copy(io.BytesIO(bytes(2**20)), copy, 4500) == -500
    assert len(copy.getvalue()) == 5000


def test_a_password_or_an_unknown_compression_is_told(tmp_path):
    write_zip(tmp_path / "archive", FILES)
    content = (tmp_path / "archive").read_bytes()
    for place, value in ((6, b"\x01\x00"), (8, b"\x63\x00")):  # flags and method of an entry
        local, central = content.index(b"PK\x03\x04"), content.index(b"PK\x01\x02")
        changed = bytearray(content)
        changed[local + place : local + place + 2] = value
        changed[central + place + 2 : central + place + 4] = value
        (tmp_path / "archive").write_bytes(changed)
        with pytest.raises(OSError, match="cannot be unpacked"):
            unpack(tmp_path / "archive", tmp_path / "set")


def test_damaged_xz_is_told(tmp_path):
    with tarfile.open(tmp_path / "archive", "w:xz") as archive:
        archive.add(__file__)
    content = bytearray((tmp_path / "archive").read_bytes())
    content[len(content) // 2] ^= 255
    (tmp_path / "archive").write_bytes(content)
    with pytest.raises(OSError, match="cannot be unpacked"):
        unpack(tmp_path / "archive", tmp_path / "set")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/b.png", False), ("..a/b..", False), ("a/../../b", True), ("/a", True), ("\\a", True),
     ("a\\..\\..\\b", True), ("C:a", True), ("..", True), ("//host/share/a", True)],
)  # fmt: skip
def test_which_names_lead_out(name, expected):
    assert leads_out(name) is expected
