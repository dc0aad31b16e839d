import numpy as np
import pytest
from sklearn.utils import Bunch

from skgroup.datasets._file_table import (
    check_columns,
    fetch_folder,
    paths_below,
    read_columns,
    take_part,
)
from skgroup.datasets._remote_file import RemoteFile

ARCHIVE = RemoteFile("set.zip", "https://data.example/set.zip")


def test_some_columns_are_read_with_quotes_and_line_ends(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'id,text,y\r\n1,"two, in\ntwo lines",0\r\n2,short,1\r\n')
    found = read_columns(path, ["y", "text"])
    assert found["y"].tolist() == ["0", "1"]
    assert found["text"].tolist() == ["two, in\ntwo lines", "short"]
    assert list(found) == ["y", "text"]
    assert read_columns(path, ["text"], objects=True)["text"].dtype == object


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no column 'y': it has none"),
        ("a,b\n1,2\n", "has no column 'y': it has a, b"),
        ("a,y\n", "has no rows or is cut short"),
        ("a,y\n1,2\n3", "has no rows or is cut short"),
    ],
)
def test_broken_tables_are_refused(text, message, tmp_path):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_columns(tmp_path / "a.csv", ["y"])


def test_columns_that_are_there_are_no_error(tmp_path):
    check_columns(tmp_path, ["a"], ["b", "a"])


def test_a_folder_that_is_there_is_taken(tmp_path, web):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "table.csv").touch()
    folder = fetch_folder(tmp_path, "set", "table.csv", ARCHIVE, download_if_missing=True)
    assert folder == tmp_path / "set"
    assert web["asked"] == []


def test_a_folder_without_its_table_is_left_alone(tmp_path):
    (tmp_path / "set").mkdir()
    with pytest.raises(FileNotFoundError, match=r"but no file table\.csv in it: remove the folder"):
        fetch_folder(tmp_path, "set", "table.csv", ARCHIVE, download_if_missing=True)
    assert (tmp_path / "set").is_dir()


def test_files_that_a_table_names_are_below_its_folder(tmp_path):
    assert paths_below(tmp_path, ["a/b.png"]).tolist() == [str(tmp_path / "a" / "b.png")]
    for name in ("../b.png", "a/../../b.png", "/etc/b.png", "C:b.png"):
        with pytest.raises(ValueError, match=r"names a file outside of it, .*b\.png"):
            paths_below(tmp_path, ["a.png", name])


def test_parts_are_kept_or_told():
    codes = np.array(["2", "0", "1", "0"])
    bunch = Bunch(data=np.array(list("abcd")), target=np.arange(4), group_names=["x"])
    take_part(bunch, "all", codes, "012")
    assert bunch.data.tolist() == list("abcd")
    assert (bunch.train.tolist(), bunch.validation.tolist(), bunch.test.tolist()) == (
        [1, 3],
        [2],
        [0],
    )
    take_part(bunch, "train", codes, "012")
    assert bunch.data.tolist() == ["b", "d"]
    assert bunch.target.tolist() == [1, 3]
    assert bunch.group_names == ["x"]
