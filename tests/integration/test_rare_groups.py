"""Splits in which groups or classes are missing, or have a single row."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline

from skgroup import GradientGroupInferrer, GroupedArray
from skgroup.exceptions import GroupsError, UnusableSplitWarning
from skgroup.metrics import (
    group_balanced_scorer,
    silhouette_scorer,
    worst_group_accuracy,
    worst_group_scorer,
    worst_pseudo_group_scorer,
)
from skgroup.model_selection import GroupStratifiedKFold

UNSUPERVISED = {"silhouette": silhouette_scorer, "worst": worst_pseudo_group_scorer}


@pytest.fixture
def rare(blobs):
    """The rows with two of group 1 only, which is a cell of class 0."""
    keep = np.sort(np.r_[np.flatnonzero(blobs.groups != 1), np.flatnonzero(blobs.groups == 1)[:2]])
    X, y, groups = blobs.X[keep], blobs.y[keep], blobs.groups[keep]
    return SimpleNamespace(X=GroupedArray(X, groups), y=y, groups=groups)


def few_of_class_1(blobs, n):
    rows = np.sort(np.r_[np.flatnonzero(blobs.y == 0), np.flatnonzero(blobs.y == 1)[:n]])
    return blobs.X[rows], blobs.y[rows]


@pytest.mark.parametrize("early_stopping", [False, True, "auto"])
def test_one_row_of_a_group_in_each_fold(clf, rare, early_stopping):
    clf.set_params(early_stopping=early_stopping)
    cv = GroupStratifiedKFold(2)
    found = cross_validate(
        clf, rare.X, rare.y, cv=cv, scoring=worst_group_scorer, return_estimator=True
    )
    for fold, (train, test) in enumerate(cv.split(rare.X, rare.y)):
        assert np.bincount(rare.groups[train]).tolist() == [40, 1, 10, 40]
        model = found["estimator"][fold]
        assert model.group_labels_.tolist() == [0, 1, 2, 3]
        assert model.early_stopping_ is (early_stopping is True)
        # The single row is trained on, never held out.
        assert np.isfinite(model.history_["group_loss"]).all()
        if model.early_stopping_:
            assert np.isnan(model.history_["valid_group_accuracy"][:, 1]).all()
            assert np.isfinite(model.history_["valid_score"]).all()
        predicted = model.predict(rare.X[test])
        expected = worst_group_accuracy(rare.y[test], predicted, rare.groups[test])
        assert found["test_score"][fold] == expected


def test_more_folds_than_rows_of_a_group(clf, rare):
    scoring = {"worst": worst_group_scorer, "mean": group_balanced_scorer}
    cv = GroupStratifiedKFold(3)
    found = cross_validate(clf, rare.X, rare.y, cv=cv, scoring=scoring, return_estimator=True)
    n_groups = []
    for fold, (train, test) in enumerate(cv.split(rare.X, rare.y)):
        model = found["estimator"][fold]
        assert model.group_labels_.tolist() == np.unique(rare.groups[train]).tolist()
        right, groups = model.predict(rare.X[test]) == rare.y[test], rare.groups[test]
        present = np.unique(groups)
        accuracies = [right[groups == group].mean() for group in present]
        n_groups.append(len(present))
        assert found["test_worst"][fold] == min(accuracies)
        assert found["test_mean"][fold] == pytest.approx(np.mean(accuracies))
    assert sorted(n_groups) == [3, 4, 4]  # one fold cannot test the group with two rows


@pytest.mark.parametrize("missing", [0, 1])
def test_a_group_that_training_rows_lack(clf, blobs, assert_same, missing):
    train = np.flatnonzero(blobs.groups != missing)
    test = np.arange(200)
    found = cross_validate(
        clf, GroupedArray(blobs.X, blobs.groups), blobs.y, cv=[(train, test)],
        scoring=worst_group_scorer, return_estimator=True,
    )  # fmt: skip
    (model,) = found["estimator"]
    assert model.group_labels_.tolist() == [g for g in range(4) if g != missing]
    by_hand = clone(clf).fit(blobs.X[train], blobs.y[train], groups=blobs.groups[train])
    assert_same(model, by_hand, blobs.X)
    # The test rows have it, and it counts.
    expected = worst_group_accuracy(blobs.y, model.predict(blobs.X), blobs.groups)
    assert found["test_score"] == [expected]


def test_a_class_and_group_that_test_rows_lack(pipe, blobs):
    train, test = np.arange(200), np.flatnonzero(blobs.groups == 3)
    found = cross_validate(
        pipe, blobs.X, blobs.y, cv=[(train, test)], scoring=UNSUPERVISED, return_estimator=True
    )
    (model,) = found["estimator"]
    assert np.unique(model[0].predict(blobs.X[test], blobs.y[test])).tolist() == [3]
    assert found["test_worst"] == [model.score(blobs.X[test], blobs.y[test])]
    assert found["test_silhouette"] == [-1.0]  # nothing to tell apart


def test_groups_are_inferred_anew_in_each_fold(pipe, blobs):
    train = np.flatnonzero(blobs.groups != 1)
    found = cross_validate(
        pipe, blobs.X, blobs.y, cv=[(train, np.arange(200))], scoring=UNSUPERVISED,
        return_estimator=True,
    )  # fmt: skip
    groups = found["estimator"][0][0].groups_
    # Class 0 has a single true group there and is cut all the same; class 1 keeps its two.
    assert np.bincount(groups[blobs.y[train] == 0]).sum() == 80
    assert np.bincount(groups[blobs.y[train] == 1]).tolist() == [0, 0, 20, 80]
    assert found["estimator"][0][-1].n_groups_ == 4


def test_a_rare_class_keeps_groups_in_every_fold(pipe, blobs):
    X, y = few_of_class_1(blobs, 10)
    found = cross_validate(
        pipe, X, y, cv=StratifiedKFold(5), scoring=UNSUPERVISED, return_estimator=True
    )
    for model in found["estimator"]:
        assert np.bincount(model[0].groups_)[2:].sum() == 8
        assert model[-1].n_groups_ == 4
    assert np.isfinite(found["test_silhouette"]).all()
    assert np.isfinite(found["test_worst"]).all()


@pytest.mark.parametrize(("n_rows", "n_groups"), [(1, 3), (2, 4), (3, 4)])
def test_a_class_of_a_few_rows(pipe, blobs, n_rows, n_groups):
    X, y = few_of_class_1(blobs, n_rows)
    if n_rows < 2:
        with pytest.warns(UnusableSplitWarning, match="class 1 stays one group: it has 1 distinct"):
            pipe.fit(X, y)
    else:
        pipe.fit(X, y)
    assert pipe[0].n_groups_ == pipe[-1].n_groups_ == n_groups
    assert np.isfinite(pipe.predict_proba(blobs.X)).all()
    assert -1 <= silhouette_scorer(pipe, X, y) <= 1


def test_a_fold_of_one_class_is_an_error(pipe, blobs):
    rows = np.flatnonzero(blobs.y == 1)
    with pytest.raises(ValueError, match="y has one class only"):
        cross_validate(pipe, blobs.X, blobs.y, cv=[(rows, rows)], error_score="raise")


def test_a_fold_with_outliers_only_in_a_class_is_an_error(clf, blobs):
    groups = np.where(blobs.y == 1, -1, blobs.groups)
    groups[np.flatnonzero(blobs.y == 1)[0]] = 3
    X = GroupedArray(blobs.X, groups)
    first, others = np.flatnonzero(groups == 3), np.flatnonzero(groups != 3)
    with pytest.raises(GroupsError, match="every sample of class 1 as an outlier"):
        cross_validate(clf, X, blobs.y, cv=[(others, first)], error_score="raise")
    everything = np.arange(200)
    found = cross_validate(clf, X, blobs.y, cv=[(everything, everything)], return_estimator=True)
    assert found["estimator"][0].n_outliers_ == 99


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm", "dbscan", "hdbscan"])
def test_constant_rows_are_the_classes(clf, clusterer):
    X, y = np.ones((40, 2)), np.arange(40) % 2
    line = make_pipeline(GradientGroupInferrer(k=2, clusterer=clusterer, random_state=0), clf)
    with pytest.warns(UnusableSplitWarning, match="stays one group") as caught:
        line.fit(X, y)
    assert len(caught) == 2
    assert line[-1].group_labels_.tolist() == [0, 1]
    np.testing.assert_allclose(line.predict_proba(X), line.predict_proba(X[:1]).repeat(40, axis=0))
