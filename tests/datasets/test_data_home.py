from pathlib import Path

import pytest

from skgroup.datasets._data_home import data_home_folder


@pytest.mark.parametrize("given", ["data", Path("data")])
def test_a_given_folder_wins_and_nothing_is_created(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKGROUP_DATA", "elsewhere")
    assert data_home_folder(given) == tmp_path / "data"
    assert list(tmp_path.iterdir()) == []


def test_then_the_environment_then_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("SKGROUP_DATA", "~/mine")
    assert data_home_folder() == tmp_path / "mine"
    monkeypatch.setenv("SKGROUP_DATA", "")
    assert data_home_folder() == tmp_path / "skgroup_data"
