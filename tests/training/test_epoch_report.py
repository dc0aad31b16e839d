import math

import pytest

from skgroup.training._epoch_report import EpochReport

ROW = {"train_loss": 0.5, "train_accuracy": 0.75, "group_accuracy": [0.25, 1.0]}
VALID = {"valid_accuracy": 0.9, "valid_group_accuracy": [0.8, math.nan, 0.95]}


def shown(verbose, row, stage="fit", done=0):
    with EpochReport(stage, done, 4, verbose) as report:
        report.show(row)
        report.show(row)


def test_silent(capsys):
    shown(0, ROW)
    assert capsys.readouterr() == ("", "")


def test_a_bar(capsys):
    shown(1, ROW)
    out, err = capsys.readouterr()
    last = err.rstrip().split("\r")[-1]
    assert out == ""
    assert last.startswith("training:  50%")
    assert "2/4" in last
    assert "loss=0.500, average=0.750, worst group=0.250" in last


def test_a_line_for_each_epoch(capsys):
    shown(2, ROW)
    assert capsys.readouterr() == (
        "",
        "[training] epoch 1/4: loss 0.500, average 0.750, worst group 0.250\n"
        "[training] epoch 2/4: loss 0.500, average 0.750, worst group 0.250\n",
    )


def test_held_out_rows_and_absent_groups(capsys):
    shown(2, ROW | VALID, stage="identification", done=2)
    line = "[identification training] epoch {}/4: loss 0.500, average 0.900, worst group 0.800\n"
    assert capsys.readouterr().err == line.format(3) + line.format(4)


def test_an_error_closes_the_bar():
    with pytest.raises(ZeroDivisionError), EpochReport("fit", 0, 4, 1) as report:
        raise ZeroDivisionError
    assert report.bar.disable  # as after close()
