import os
import stat

import pytest

from skgroup.cli._output import check_output, write_text
from skgroup.cli._refusal import Refusal


def test_nothing_to_write_is_fine(table):
    check_output("--out", None, table)


def test_a_place_that_cannot_be_written_is_refused(table, tmp_path):
    check_output("--out", tmp_path / "new.csv", table)
    with pytest.raises(Refusal, match="is a folder: name a file"):
        check_output("--out", tmp_path, table)
    with pytest.raises(Refusal, match="there is no folder"):
        check_output("--out", tmp_path / "none" / "new.csv", table)
    alias = tmp_path / "alias.csv"
    alias.symlink_to(table)
    for path in (table, alias):
        with pytest.raises(Refusal, match="the table itself, which is never overwritten"):
            check_output("--out", path, table)


def test_a_file_is_replaced_whole_and_readable_by_others(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    mask = os.umask(0o022)
    try:
        write_text(path, "a\r\nß\n")
    finally:
        os.umask(mask)
    assert path.read_bytes() == "a\r\nß\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
