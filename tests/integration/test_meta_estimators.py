"""The line, and classifiers with carried groups, inside scikit-learn's meta-estimators."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgroup import GroupedArray
from skgroup.exceptions import GroupsError, MissingGroupsWarning
from skgroup.metrics import (
    make_group_scorer,
    worst_group_accuracy,
    worst_group_scorer,
    worst_pseudo_group_scorer,
)

CV = StratifiedKFold(2, shuffle=True, random_state=0)


@pytest.fixture(params=["inferred", "carried"])
def model_and_X(request, pipe, clf, blobs):
    """The line with plain rows, or a classifier with rows that carry their groups."""
    if request.param == "inferred":
        return pipe, blobs.X
    return clf, GroupedArray(blobs.X, blobs.groups)


def last(model):
    return model[-1] if hasattr(model, "steps") else model


@pytest.mark.parametrize("ensemble", [True, False])
def test_calibration(model_and_X, blobs, assert_same, ensemble):
    model, X = model_and_X
    calibrated = CalibratedClassifierCV(model, cv=CV, ensemble=ensemble).fit(X, blobs.y)
    inside = [c.estimator for c in calibrated.calibrated_classifiers_]
    rows = [train for train, _ in CV.split(X, blobs.y)] if ensemble else [np.arange(200)]
    for fitted, train in zip(inside, rows, strict=True):
        assert_same(fitted, clone(model).fit(X[train], blobs.y[train]), blobs.X)
        assert last(fitted).n_groups_ == 4
    assert calibrated.score(blobs.X, blobs.y) > 0.6


def test_calibration_of_a_fitted_line(pipe, blobs, assert_same):
    calibrated = CalibratedClassifierCV(FrozenEstimator(pipe.fit(blobs.X, blobs.y)))
    calibrated.fit(blobs.X, blobs.y)
    assert_same(calibrated.calibrated_classifiers_[0].estimator, pipe, blobs.X)


def test_voting(model_and_X, blobs, assert_same):
    model, X = model_and_X
    other = clone(last(model)).set_params(random_state=1)
    other = make_pipeline(model[0], other) if model is not last(model) else other
    voting = VotingClassifier([("a", model), ("b", other)], voting="soft").fit(X, blobs.y)
    members = [clone(m).fit(X, blobs.y) for m in (model, other)]
    for found, expected in zip(voting.estimators_, members, strict=True):
        assert_same(found, expected, blobs.X)
    mean = np.mean([m.predict_proba(blobs.X) for m in members], axis=0)
    np.testing.assert_array_equal(voting.predict_proba(blobs.X), mean)


def test_stacking(model_and_X, blobs, assert_same):
    model, X = model_and_X
    stack = StackingClassifier([("a", model)], LogisticRegression(), cv=CV).fit(X, blobs.y)
    assert_same(stack.estimators_[0], clone(model).fit(X, blobs.y), blobs.X)
    out_of_fold = cross_val_predict(model, X, blobs.y, cv=CV, method="predict_proba")[:, 1:]
    final = LogisticRegression().fit(out_of_fold, blobs.y)
    np.testing.assert_allclose(stack.final_estimator_.coef_, final.coef_)


def test_bagging_of_the_line(pipe, blobs, assert_same):
    bag = BaggingClassifier(pipe, n_estimators=3, random_state=0).fit(blobs.X, blobs.y)
    for model, rows in zip(bag.estimators_, bag.estimators_samples_, strict=True):
        by_hand = clone(model).fit(blobs.X[rows], blobs.y[rows])
        assert_same(model, by_hand, blobs.X)
        assert model[-1].n_groups_ == 4
    mean = np.mean([model.predict_proba(blobs.X) for model in bag.estimators_], axis=0)
    np.testing.assert_allclose(bag.predict_proba(blobs.X), mean, rtol=1e-12)


@pytest.mark.usefixtures("routing")
def test_bagging_with_routed_groups(clf, blobs, assert_same):
    bag = BaggingClassifier(clf, n_estimators=3, random_state=0)
    bag.fit(blobs.X, blobs.y, groups=blobs.groups)
    for model, rows in zip(bag.estimators_, bag.estimators_samples_, strict=True):
        by_hand = clone(model).fit(blobs.X[rows], blobs.y[rows], groups=blobs.groups[rows])
        assert_same(model, by_hand, blobs.X)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda clf: BaggingClassifier(clf, n_estimators=1),
        lambda clf: AdaBoostClassifier(clf, n_estimators=1),
        lambda clf: OneVsOneClassifier(clf),
    ],
    ids=["bagging", "boosting", "one against one"],
)
def test_what_checks_its_input_drops_carried_groups_and_is_reported(clf, blobs, wrap):
    with pytest.warns(MissingGroupsWarning, match="meta-estimator around the classifier"):
        wrap(clf).fit(GroupedArray(blobs.X, blobs.groups), blobs.y)


@pytest.mark.parametrize("wrap", [OneVsRestClassifier, OneVsOneClassifier])
def test_several_classes_as_pairs(pipe, blobs, wrap):
    y = np.where(blobs.X[:, 1] > 4.5, 2, blobs.y)
    pairs = wrap(pipe).fit(blobs.X, y)
    assert [model[-1].n_groups_ for model in pairs.estimators_] == [4, 4, 4]
    assert set(pairs.predict(blobs.X)) <= {0, 1, 2}
    assert pairs.score(blobs.X, y) > 0.5


def test_thresholds(pipe, blobs):
    strict = FixedThresholdClassifier(pipe, threshold=0.9).fit(blobs.X, blobs.y)
    positive = clone(pipe).fit(blobs.X, blobs.y).predict_proba(blobs.X)[:, 1] >= 0.9
    np.testing.assert_array_equal(strict.predict(blobs.X), positive.astype(int))


def routed_threshold(clf, X, y, groups, scorer):
    """The threshold that scikit-learn tunes with groups, and the score at it and at all others."""
    tuned = TunedThresholdClassifierCV(clf, cv=CV, scoring=scorer, store_cv_results=True)
    with sklearn.config_context(enable_metadata_routing=True):
        return tuned.fit(X, y, groups=groups)


def test_a_threshold_tuned_for_the_worst_group(clf, blobs):
    X, y, groups = blobs.X, blobs.y, blobs.groups
    tuned = routed_threshold(clf, X, y, groups, worst_group_scorer)
    assert tuned.estimator_.n_groups_ == 4
    thresholds = tuned.cv_results_["thresholds"]
    by_fold = []
    for train, test in CV.split(X, y):
        positive = clone(clf).fit(X[train], y[train], groups[train]).predict_proba(X[test])[:, 1]
        own = np.linspace(positive.min(), positive.max(), 100)
        scores = [worst_group_accuracy(y[test], positive >= t, groups[test]) for t in own]
        by_fold.append(np.interp(thresholds, own, scores))
    np.testing.assert_allclose(tuned.cv_results_["scores"], np.mean(by_fold, axis=0))
    assert tuned.best_score_ == tuned.cv_results_["scores"].max()


def test_a_threshold_tuned_against_an_error(clf, blobs):
    rate = make_group_scorer(_worst_error, greater_is_better=False)
    found = [
        routed_threshold(clf, blobs.X, blobs.y, blobs.groups, scorer)
        for scorer in (worst_group_scorer, rate)
    ]
    assert found[0].best_threshold_ == found[1].best_threshold_
    assert found[0].best_score_ == pytest.approx(1 + found[1].best_score_)


def _worst_error(y_true, y_pred, groups):
    return 1 - worst_group_accuracy(y_true, y_pred, groups)


def test_a_threshold_needs_routed_groups(clf, blobs):
    tuned = TunedThresholdClassifierCV(clf, cv=CV, scoring=worst_group_scorer)
    with pytest.raises(GroupsError, match=r"labels, and no X.*enable_metadata_routing=True"):
        tuned.fit(GroupedArray(blobs.X, blobs.groups), blobs.y)


@pytest.mark.usefixtures("routing")
def test_members_get_routed_groups(clf, blobs, assert_same):
    X, y, groups = blobs.X, blobs.y, blobs.groups
    whole = clone(clf).fit(X, y, groups=groups)
    voting = VotingClassifier([("robust", clf), ("linear", LogisticRegression())])
    assert_same(voting.fit(X, y, groups=groups).estimators_[0], whole, X)
    strict = FixedThresholdClassifier(clf, threshold=0.9).fit(X, y, groups=groups)
    assert_same(strict.estimator_, whole, X)
    calibrated = CalibratedClassifierCV(clf, cv=CV).fit(X, y, groups=groups)
    for inside, (train, _) in zip(calibrated.calibrated_classifiers_, CV.split(X, y), strict=True):
        assert_same(inside.estimator, clone(clf).fit(X[train], y[train], groups[train]), X)


def test_selection_of_columns_before_the_line(pipe, blobs, assert_same):
    noise = np.random.default_rng(0).normal(size=(200, 1))
    X = np.hstack([blobs.X, noise])
    select = SequentialFeatureSelector(clone(pipe), n_features_to_select=2, cv=CV)
    chosen = make_pipeline(select, *pipe).fit(X, blobs.y)
    support = chosen[0].get_support()
    assert_same(chosen[1:], clone(pipe).fit(X[:, support], blobs.y), X[:, support])


def test_permutation_importance(pipe, blobs):
    noise = np.random.default_rng(0).normal(size=(200, 1))
    X = np.hstack([blobs.X, noise])
    line = make_pipeline(StandardScaler(), *pipe).fit(X, blobs.y)
    # Rows stay in their place, so that the groups of a metric can be given once and for all.
    by_group = make_scorer(worst_group_accuracy, groups=blobs.groups)
    scoring = {"accuracy": "accuracy", "known": by_group, "inferred": worst_pseudo_group_scorer}
    found = permutation_importance(line, X, blobs.y, scoring=scoring, n_repeats=2, random_state=0)
    for name in scoring:
        assert found[name].importances_mean.shape == (3,)
    means = found["accuracy"].importances_mean
    assert means[:2].max() > means[2]


def test_partial_dependence(pipe, blobs):
    pipe.fit(blobs.X, blobs.y)
    found = partial_dependence(
        pipe, blobs.X, [0], custom_values={0: np.array([0.0, 1.0])}, response_method="predict_proba"
    )
    for x, mean in zip([0.0, 1.0], found["average"][0], strict=True):
        X = np.column_stack([np.full(200, x), blobs.X[:, 1]])
        np.testing.assert_allclose(mean, pipe.predict_proba(X)[:, 1].mean(), rtol=1e-12)
