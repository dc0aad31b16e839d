import re

import pytest

from skgroup.cli import main


def test_known_groups_are_audited(table, tmp_path, capsys):
    page = tmp_path / "report.html"
    command = ["audit", str(table), "--target", "label", "--groups", "side", "--model", "logistic"]
    assert main([*command, "--html", str(page)]) == 0
    told, errors = capsys.readouterr()
    assert "worst group" in told
    assert re.search(r"'?a'?", told)
    assert f"wrote {page}" in errors
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert main(command) == 0
    assert capsys.readouterr().out == told


@pytest.mark.filterwarnings("ignore::UserWarning")  # few rows
def test_without_groups_they_are_inferred(table, capsys):
    assert main(["audit", str(table), "--target", "label", "--model", "logistic"]) == 0
    assert "inferred groups" in capsys.readouterr().out
