import io
import tarfile
import zipfile

import numpy as np
import pytest

from skgroup.datasets._unpack import unpack

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
    with pytest.raises(OSError, match=r"leads out of the folder\. Nothing was unpacked"):
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
