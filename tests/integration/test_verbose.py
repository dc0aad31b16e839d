"""What is said while something long runs: nothing, a line a stage, or a line an epoch."""

import inspect
import logging
import re

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import skgroup
from skgroup import (
    DFRClassifier,
    ERMClassifier,
    GradientGroupInferrer,
    GroupDROClassifier,
    JTTClassifier,
    ReweightingClassifier,
    SPAREClassifier,
)
from skgroup.datasets import make_shortcut_classification
from skgroup.inspection import describe_groups, stability
from skgroup.modules import mlp

X, Y, GROUPS = make_shortcut_classification(200, agreement=0.9, n_features=3, random_state=0)
QUICK = {"hidden_layer_sizes": (4,), "max_epochs": 2, "random_state": 0}
ESTIMATORS = {
    name: getattr(skgroup, name)
    for name in skgroup.__all__
    if name.endswith(("Classifier", "Inferrer", "Search"))
}
EPOCH = r"\[training\] epoch \d/2: loss \d\.\d{3}, average \d\.\d{3}, worst group \d\.\d{3}"


def quick(name, **settings):
    Estimator = ESTIMATORS[name]
    names = inspect.signature(Estimator).parameters
    known = {k: v for k, v in (QUICK | {"k": 2} | settings).items() if k in names}
    if name == "GroupInferrerSearch":
        known |= {
            "candidates": [GradientGroupInferrer(k=k, reference="linear") for k in (2, 3)],
            "judge": ERMClassifier(**QUICK),
        }
    return Estimator(**known)


def fit(model):
    if "groups" in inspect.signature(model.fit).parameters:
        return model.fit(X, Y, groups=GROUPS)
    return model.fit(X, Y)


def lines(capsys):
    out, err = capsys.readouterr()
    assert out == ""
    return [line for line in re.split(r"[\r\n]+", err) if line.startswith("[")]


QUIET = pytest.mark.filterwarnings("ignore::UserWarning")  # few rows, and groups inside classes


@QUIET
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_is_silent_unless_asked(capsys, caplog, name):
    with caplog.at_level(logging.DEBUG, "skgroup"):
        fit(quick(name))
    assert capsys.readouterr() == ("", "")
    assert caplog.records == []


@QUIET
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_says_what_it_does(capsys, name):
    fit(quick(name, verbose=1))
    assert lines(capsys)[0].startswith(f"[{name}] ")
    fit(quick(name, verbose=2))
    assert lines(capsys)[0].startswith(f"[{name}] ")


def test_a_classifier(capsys):
    groups = GROUPS.copy()
    groups[:3] = -1
    GroupDROClassifier(**QUICK, verbose=1).fit(X, Y, groups)
    err = capsys.readouterr().err
    first = "[GroupDROClassifier] trains on 197 rows in 4 groups, without 3 outliers\n"
    assert err.startswith(first)
    assert "training: 100%" in err
    assert "2/2" in err
    GroupDROClassifier(**QUICK, verbose=2).fit(X, Y, groups)
    found = capsys.readouterr().err
    assert re.fullmatch(f"{re.escape(first)}{EPOCH}\n{EPOCH}\n", found)


def test_both_trainings_of_a_method(capsys):
    model = JTTClassifier(**QUICK, upweight=2, verbose=2).fit(X, Y)
    said = lines(capsys)
    assert said[0] == "[JTTClassifier] trains on 200 rows in 2 groups"
    assert said[1].startswith("[identification training] epoch 1/1: loss ")
    wrong = model.error_set_.sum()
    assert said[2] == f"[JTTClassifier] the first model gets {wrong} rows wrong"
    assert [line[:20] for line in said[3:]] == ["[training] epoch 1/2", "[training] epoch 2/2"]


def test_what_follows_a_training(capsys):
    DFRClassifier(**QUICK, verbose=1).fit(X, Y, GROUPS)
    assert lines(capsys)[-1] == "[DFRClassifier] fits the last layer to 40 rows"
    SPAREClassifier(**QUICK, k=2, verbose=1).fit(X, Y)
    said = "[SPAREClassifier] clusters the outputs of the first network"
    assert said in lines(capsys)


def test_another_estimator_in_place_of_the_network(capsys):
    ReweightingClassifier(LogisticRegression(), verbose=1).fit(X, Y, GROUPS)
    assert lines(capsys) == ["[ReweightingClassifier] trains on 200 rows in 4 groups"]


def test_an_inferrer(capsys):
    GradientGroupInferrer(k=2, random_state=0, verbose=1).fit(X, Y)
    stages = [
        "[GradientGroupInferrer] reads 200 rows of 2 classes",
        "[GradientGroupInferrer] splits the classes",
    ]
    found = "[GradientGroupInferrer] found 4 groups and 0 outliers"
    assert lines(capsys) == [*stages, found]
    GradientGroupInferrer(k=2, random_state=0, verbose=2).fit(X, Y)
    by_class = [
        "[GradientGroupInferrer] class 0: 90, 10",
        "[GradientGroupInferrer] class 1: 10, 90",
    ]
    assert lines(capsys) == [*stages, *by_class, found]


def test_the_network_of_an_inferrer(capsys):
    inferrer = GradientGroupInferrer(k=2, module=mlp(3, 2), epochs=2, random_state=0, verbose=2)
    inferrer.fit(X, Y)
    said = lines(capsys)
    assert re.fullmatch(EPOCH, said[1])
    assert re.fullmatch(EPOCH, said[2])


def test_a_search_among_inferrers(capsys):
    search = quick("GroupInferrerSearch", verbose=2).fit(X, Y)
    said = [line.removeprefix("[GroupInferrerSearch] ") for line in lines(capsys)]
    scores = search.results_["score"]
    assert said[1] == "fits 2 candidates"
    assert said[2] == "trains the judge on the groups of each candidate"
    for i in (0, 1):
        assert re.fullmatch(rf"candidate {i}, Grad.*: score {scores[i]:.3f}", said[3 + i])
    assert said[5].startswith(f"chose candidate {search.best_index_}, GradientGroupInferrer(")


@QUIET
def test_stability(capsys):
    inferrer = GradientGroupInferrer(k=2, reference="linear", random_state=0).fit(X, Y)
    options = {"n_resamples": 2, "n_seeds": 1, "n_null": 19, "random_state": 0}
    expected = str(stability(inferrer, X, Y, **options))
    assert capsys.readouterr() == ("", "")
    loud = inferrer.set_params(verbose=2)  # its refits are silent all the same
    assert str(stability(loud, X, Y, verbose=1, **options)) == expected
    assert lines(capsys) == [
        "[stability] refits the inferrer 3 times",
        "[stability] refits it to 19 permutations of the labels",
        "[stability] refits it to 19 draws of one cloud a class",
    ]


def test_descriptions(capsys):
    inferrer = GradientGroupInferrer(k=2, reference="linear", random_state=0).fit(X, Y)
    describe_groups(inferrer, X, Y)
    assert capsys.readouterr() == ("", "")
    describe_groups(inferrer, X, Y, verbose=1)
    assert lines(capsys) == [
        "[describe_groups] describes class 0, of 100 rows",
        "[describe_groups] describes class 1, of 100 rows",
    ]


def test_logging_takes_the_lines(capsys, caplog):
    with caplog.at_level(logging.INFO, "skgroup"):
        make_pipeline(
            GradientGroupInferrer(k=2, random_state=0, verbose=2),
            GroupDROClassifier(**QUICK, verbose=2),
        ).fit(X, Y)
    assert capsys.readouterr() == ("", "")
    assert {(r.name, r.levelname) for r in caplog.records} == {("skgroup", "INFO")}
    said = [record.getMessage() for record in caplog.records]
    assert said[0] == "[GradientGroupInferrer] reads 200 rows of 2 classes"
    assert re.fullmatch(EPOCH, said[-1])


def test_it_changes_nothing(assert_same):
    silent, loud = (GroupDROClassifier(**QUICK, verbose=v).fit(X, Y, GROUPS) for v in (0, 2))
    assert_same(silent, loud, X)
