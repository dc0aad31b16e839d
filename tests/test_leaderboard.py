"""The leaderboard: equal budgets, choices and ranks worked out by hand, files that survive."""

import importlib
import json
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parents[1] / "benchmarks"
QUICK = ["Logistic regression", "Boosted trees", "Logistic regression, group weights"]


@pytest.fixture
def board(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
    return importlib.import_module("leaderboard")


@pytest.fixture
def room(board):
    """What stands beside the script."""
    return importlib.import_module


def given(results, *more):
    return ["--rows", "200", "--budget", "2", "--seeds", "1", "--only", "easy",
            "--results", str(results), "--methods", *QUICK, *more]  # fmt: skip


def test_worst_group_leaves_out_outliers_and_groups_that_are_too_small(board):
    correct = np.array([True, False, True, True, False, False])
    groups = np.array([0, 0, 1, 1, 2, -1])
    assert board.worst_group(correct, groups, 2) == 0.5
    assert board.worst_group(correct, groups, 1) == 0.0


def test_groups_are_numbered_by_size_inside_each_class(board):
    y = np.array([0, 0, 0, 1, 1, 1, 1])
    groups = np.array([4, 7, 7, 2, 2, 5, -1])
    assert board.by_size(y, groups).tolist() == [1, 0, 0, 0, 0, 1, -1]


def test_the_choice_looks_at_groups_only_where_it_is_given_some(board):
    groups_test = np.zeros(40, dtype=int)
    never, always = np.zeros(40, dtype=bool), np.ones(40, dtype=bool)
    fits = [(np.array([True] * 7 + [False] * 3), never), (np.array([True, False] * 5), always)]
    validation_groups = np.array([0] * 7 + [1] * 3)
    by_average = board.chosen(fits, None, groups_test, ["first", "second"])
    by_group = board.chosen(fits, validation_groups, groups_test, ["first", "second"])
    assert by_average == {"worst": 0.0, "average": 0.0, "chosen": "first"}
    assert by_group == {"worst": 1.0, "average": 1.0, "chosen": "second"}


def test_every_method_tries_as_many_different_settings(room):
    methods = room("_leaderboard_methods")
    for method in methods.METHODS.values():
        tried = methods.configurations(method, 3, 0)
        assert len({json.dumps(settings) for settings in tried}) == 3
        assert tried == methods.configurations(method, 3, 0)
    assert methods.METHODS.keys() > methods.PLAIN


@pytest.mark.parametrize(("k", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_critical_differences_are_those_of_published_tables(room, k, q):
    expected = q * np.sqrt(k * (k + 1) / (6 * 14))
    found = room("_leaderboard_ranks").critical_difference(k, 14)
    assert found == pytest.approx(expected, rel=5e-4)


def test_ranks_count_from_the_best_and_share_ties(room):
    scores = np.array([[0.9, 0.5, 0.5], [0.7, 0.8, 0.1]])
    result = room("_leaderboard_ranks").ranks(scores)
    assert result.mean.tolist() == [1.5, 1.75, 2.75]


def test_a_killed_run_goes_on_where_it_was(board, tmp_path):
    results = tmp_path / "results.jsonl"
    board.main(given(results))
    whole = results.read_text(encoding="utf-8").splitlines()
    results.write_text(whole[0] + "\n" + whole[1] + "\n" + whole[2][:20], encoding="utf-8")
    records = board.main(given(results))
    lines = results.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == whole[:2]
    assert len(lines) == len(records) == 3
    assert json.loads(lines[2])["scores"] == json.loads(whole[2])["scores"]


def test_finished_runs_are_not_run_again(board, tmp_path, monkeypatch):
    results = tmp_path / "results.jsonl"
    board.main(given(results))
    before = results.read_bytes()
    monkeypatch.setattr(board, "run", None)
    board.main(given(results))
    assert results.read_bytes() == before


def test_the_report_says_what_is_missing_and_where_a_baseline_wins(room, tmp_path):
    report = room("_leaderboard_report")
    settings = ["true", "inferred", "none"]
    methods = ["ERM", "Group DRO", "JTT"]
    worst = {"a": (0.5, 0.4, 0.3), "b": (0.25, 0.75, 0.5)}
    records = [
        {"data": data, "seed": 0, "method": method,
         "scores": {s: {"worst": score, "average": 0.875} for s in settings}}
        for data, scores in worst.items()
        for method, score in zip(methods, scores, strict=True)
    ]  # fmt: skip
    records.append(records[0] | {"seed": 1})  # other methods have not finished that draw
    options = Namespace(
        rows=200, budget=2, seeds=2, adult=None, german=None, methods=methods,
        report=tmp_path / "board.md", figure=tmp_path / "board.png",
    )  # fmt: skip
    report.write_report(records, options, {"a": "First", "b": "Second"}, settings)
    text = options.report.read_text(encoding="utf-8")
    assert "2 of 4 planned draws are finished" in text
    assert "wins or draws level on 1 of 2: First (ERM .500, Group DRO .400)." in text
    assert "Not on: Second (ERM .250, Group DRO .750)." in text
    assert "| Group DRO | 1.5 | 1.5 | 1.5 |" in text
    assert "| .250 ± .000 (.875) |" in text
    assert options.figure.read_bytes().startswith(b"\x89PNG")
