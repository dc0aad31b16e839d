import sys

import numpy as np
import pandas as pd

from skgroup.cli import main


def test_groups_go_to_a_file_and_their_description_to_the_reader(people, table, tmp_path, capsys):
    out = tmp_path / "groups.csv"
    command = ["infer", str(table), "--target", "label", "--out", str(out), "--k", "2"]
    assert main(command) == 0
    told, errors = capsys.readouterr()
    assert told.startswith(
        "400 rows, 5 columns: 4 groups\n\nclass  group  rows  of class  errors\n"
    )
    assert "Group 0: " in told
    assert "shortcut" in told
    assert max(map(len, told.splitlines())) <= 88
    assert f"wrote {out}" in errors
    found = pd.read_csv(out)
    assert found.columns.tolist() == ["row", "label", "group"]
    np.testing.assert_array_equal(found["row"], np.arange(400))
    np.testing.assert_array_equal(found["label"], people["label"])
    assert {*found["group"]} <= {-1, 0, 1, 2, 3}
    labels = found[found["group"] >= 0].groupby("group")["label"].nunique()
    assert (labels == 1).all()  # groups lie inside classes
    assert main(command) == 0
    assert pd.read_csv(out).equals(found)


def test_without_pandas_the_extra_is_named(table, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert main(["infer", str(table), "--target", "label"]) == 2
    assert "pip install 'skgroup[dataframe]'" in capsys.readouterr().err
