import pytest

import skgroup
from skgroup.cli import _main, main


def run(capsys, *arguments):
    """Exit code, and the lines of the error."""
    try:
        code = main([*map(str, arguments)])
    except SystemExit as stop:  # of argparse
        code = stop.code
    return code, capsys.readouterr().err


def test_version_and_help(capsys):
    for arguments, told in {"--version": f"skgroup {skgroup.__version__}", "--help": "130"}.items():
        with pytest.raises(SystemExit) as stop:
            main([arguments])
        assert stop.value.code == 0
        assert told in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "the following arguments are required: command"),
        (["audit"], "required: table, --target"),
        (["audit", "no.csv", "--target", "y"], "skgroup: error: there is no file no.csv."),
        (["audit", "TABLE", "--target", "lable"], "Did you mean 'label'?"),
        (["audit", "TABLE", "--target", "core"], "name a column of at most 20 classes"),
        (["audit", "TABLE", "--target", "label", "--groups", "side,"], "no column between two"),
        (["audit", "TABLE", "--target", "label", "--groups", "sides"], "Did you mean 'side'?"),
        (["audit", "TABLE", "--target", "label", "--model", "tree"], "invalid choice: 'tree'"),
        (["audit", "TABLE", "--target", "label", "--seed", "-1"], "no whole number from 0"),
        (["audit", "TABLE", "--target", "label", "--html", "TABLE"], "never overwritten"),
        (["audit", "TABLE", "--target", "label", "--groups", "core"], "too many to be judged"),
        (["audit", "TABLE", "--target", "label", "--html", "report.txt"], "must end in .html"),
        (["audit", "TABLE", "--target", "label", "--jobs", "0"], "no number of processes"),
        (["infer", "TABLE", "--target", "label", "--drop", "twon"], "Did you mean 'town'?"),
        (["infer", "TABLE", "--target", "label", "--sep", "; "], "no single character"),
        (["infer", "TABLE", "--target", "label", "--sep", ";"], "with commas in its name"),
        (["infer", "TABLE", "--target", "label", "--out", "groups.xlsx"], "must end in .csv"),
        (["infer", "TABLE", "--target", "label", "--k", "0"], "no whole number of at least 1"),
        (["infer", "TABLE", "--target", "label", "--out", "no/out.csv"], "there is no folder no"),
    ],
)
def test_mistakes_are_said_in_a_line_and_end_with_2(arguments, says, table, capsys):
    arguments = [table if text == "TABLE" else text for text in arguments]
    code, said = run(capsys, *arguments)
    assert code == 2
    assert says in said
    assert "Traceback" not in said


def broken(error):
    def command(options, tell):
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (ValueError("y is odd"), 2, "skgroup: error: y is odd\n"),
        (KeyError("a"), 1, "skgroup: error: KeyError: 'a' (--debug shows where)\n"),
        (MemoryError(), 1, "skgroup: error: MemoryError:  (--debug shows where)\n"),
    ],
)
def test_what_ends_a_run_early(error, code, says, monkeypatch, table, capsys):
    monkeypatch.setattr(_main, "infer_table", broken(error))
    assert run(capsys, "infer", table, "--target", "label") == (code, says)


def test_debug_shows_where(monkeypatch, table, capsys):
    monkeypatch.setattr(_main, "infer_table", broken(KeyError("a")))
    code, said = run(capsys, "infer", table, "--target", "label", "--debug")
    assert code == 1
    assert said.startswith("Traceback")
    assert said.endswith("skgroup: error: KeyError: 'a'\n")


def test_warnings_are_one_line_each(monkeypatch, table, capsys):
    import warnings

    def command(options, tell):
        warnings.warn("few rows", stacklevel=1)
        return "done"

    monkeypatch.setattr(_main, "infer_table", command)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["infer", str(table), "--target", "label"]) == 0
    told = capsys.readouterr()
    assert told.out == "done\n"
    assert told.err == "warning: few rows\n"


def test_cells_cannot_steer_the_terminal(people, tmp_path, capsys):
    label = people["label"].map({0: "no", 1: "yes\x1b]0;title\x07\u202e\x9b2J"})
    people.assign(label=label).to_csv(tmp_path / "t.csv", index=False)
    arguments = ["infer", str(tmp_path / "t.csv"), "--target", "label", "--k", "2"]
    assert main(arguments) == 0
    told = capsys.readouterr()
    assert "yes?]0;title???2J" in told.out
    assert not set("\x1b\x07\u202e\x9b") & set(told.out + told.err)
    people.assign(label="one\x1b[2J").to_csv(tmp_path / "t.csv", index=False)
    assert main(arguments) == 2
    assert "holds only one?[2J" in capsys.readouterr().err
