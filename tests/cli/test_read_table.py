import builtins
import gzip

import pandas as pd
import pytest

from skgroup.cli._read_table import read_table
from skgroup.cli._refusal import Refusal


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_files_hold_the_same_table(people, tmp_path, name):
    write = people.to_parquet if name.endswith("parquet") else people.to_csv
    write(tmp_path / name, index=False)
    pd.testing.assert_frame_equal(
        read_table(tmp_path / name), people, check_dtype=False, check_column_type=False
    )


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("no.csv", None, "there is no file"),
        ("empty.csv", b"", "cannot be read as a table: No columns to parse from file."),
        ("header.csv", b"a,b\n", "has no rows"),
        ("picture.csv", b"\x89PNG\r\n\xff\xfe", "cannot be read as a table"),
        ("ragged.csv", b"a,b\n1,2\n1,2,3,4\n", "cannot be read as a table"),
        ("semi.csv", b"a;b\n1;2\n", "one column only, with semicolons in its name: --sep ';'"),
        ("tabs.csv", b"a\tb\n1\t2\n", "with tabs in its name: --sep 'tab'"),
        ("half.csv.gz", gzip.compress(bytes(range(256)) * 9)[:200], "cannot be read as a table"),
        ("not.parquet", b"a,b\n1,2\n", "cannot be read as a table"),
        ("not.csv.zip", b"a,b\n1,2\n", "cannot be read as a table: File is not a zip file"),
        ("not.csv.xz", b"a,b\n1,2\n", "cannot be read as a table: Input format not supported"),
        ("not.csv.bz2", b"a,b\n1,2\n", "cannot be read as a table: Invalid data stream"),
        ("not.tar", b"a,b\n1,2\n", "cannot be read as a table"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(Refusal, match=says) as refusal:
        read_table(tmp_path / name)
    assert "\n" not in str(refusal.value)


def test_a_table_without_columns_is_refused(tmp_path):
    pd.DataFrame(index=range(3)).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(Refusal, match="has no columns"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize("error", [EOFError(), MemoryError(), NotImplementedError("no\nway")])
def test_errors_of_any_kind_are_told_in_a_line(error, table, monkeypatch):
    def read_csv(*args, **options):
        raise error

    monkeypatch.setattr(pd, "read_csv", read_csv)
    with pytest.raises(Refusal, match=f"as a table: ({type(error).__name__}|no)\\.$"):
        read_table(table)


def test_text_that_cannot_be_decoded_is_refused(tmp_path):
    pd.DataFrame({"a": ["text", "words"]}).to_parquet(tmp_path / "t.parquet", compression=None)
    content = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(content.replace(b"words", b"w\xf5rds"))
    with pytest.raises(Refusal, match="cannot be read as a table"):
        read_table(tmp_path / "t.parquet")


def test_other_separators(tmp_path):
    (tmp_path / "t.csv").write_text("a;b\n1;2,5\n")
    assert read_table(tmp_path / "t.csv", ";").to_dict("list") == {"a": [1], "b": ["2,5"]}


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(Refusal, match="is a folder: name one file"):
        read_table(tmp_path)


def test_without_pandas_the_extra_is_named(table, monkeypatch):
    def no_pandas(name, *args):
        if name == "pandas":
            raise ImportError(name)
        return found(name, *args)

    found = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", no_pandas)
    with pytest.raises(Refusal, match=r"pip install 'skgroup\[dataframe\]'"):
        read_table(table)
