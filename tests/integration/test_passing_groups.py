"""``groups=`` on its way through pipelines and searches, with and without metadata routing."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgroup import GroupedArray
from skgroup.exceptions import GroupsError
from skgroup.metrics import worst_group_accuracy, worst_group_scorer
from skgroup.model_selection import GroupStratifiedKFold

CV = StratifiedKFold(2, shuffle=True, random_state=0)
STEP = "groupdroclassifier__step_size"
STEPS = {STEP: [0.0, 0.5]}


@pytest.fixture
def scaled(clf):
    return make_pipeline(StandardScaler(), clf)


@pytest.fixture
def unrelated():
    """Labels that hold rows together and are no subpopulations: ten weeks, say."""
    return np.arange(200) % 10


def by_hand(scaled, X, y, groups):
    """The pipeline fitted step by step, without any of scikit-learn's passing on."""
    scaler, clf = (clone(step) for _, step in scaled.steps)
    clf.fit(scaler.fit_transform(X), y, groups=groups)
    return make_pipeline(scaler, clf)  # both are fitted


def fold_scores(scaled, blobs, folds):
    """Accuracies of models that were fitted on each fold with its own groups."""
    return [
        by_hand(scaled, blobs.X[train], blobs.y[train], blobs.groups[train]).score(
            blobs.X[test], blobs.y[test]
        )
        for train, test in folds
    ]


def worst_fold_scores(scaled, blobs, folds):
    models = [by_hand(scaled, blobs.X[a], blobs.y[a], blobs.groups[a]) for a, _ in folds]
    return [
        worst_group_accuracy(blobs.y[b], model.predict(blobs.X[b]), blobs.groups[b])
        for model, (_, b) in zip(models, folds, strict=True)
    ]


def test_to_a_step(scaled, blobs, assert_same):
    found = clone(scaled).fit(blobs.X, blobs.y, groupdroclassifier__groups=blobs.groups)
    expected = by_hand(scaled, blobs.X, blobs.y, blobs.groups)
    assert_same(found, expected, blobs.X)
    # Groups in another order make another model, so that equal models had equal groups.
    other = by_hand(scaled, blobs.X, blobs.y, blobs.groups[::-1])
    assert np.abs(found.predict_proba(blobs.X) - other.predict_proba(blobs.X)).max() > 0.01


def test_to_a_step_of_a_searched_pipeline(scaled, blobs, assert_same):
    search = GridSearchCV(scaled, STEPS, cv=CV, error_score="raise")
    search.fit(blobs.X, blobs.y, groupdroclassifier__groups=blobs.groups)
    folds = list(CV.split(blobs.X, blobs.y))
    for i, step in enumerate(STEPS[STEP]):
        expected = fold_scores(clone(scaled).set_params(**{STEP: step}), blobs, folds)
        found = [search.cv_results_[f"split{fold}_test_score"][i] for fold in (0, 1)]
        assert found == expected
    best = clone(scaled).set_params(**search.best_params_)
    assert_same(search, by_hand(best, blobs.X, blobs.y, blobs.groups), blobs.X)


def test_to_a_step_and_others_to_the_splitter(scaled, blobs, unrelated, assert_same):
    cv, given = GroupKFold(2), {"groupdroclassifier__groups": blobs.groups}
    found = cross_validate(
        scaled, blobs.X, blobs.y, groups=unrelated, params=given, cv=cv, return_estimator=True
    )
    for fold, (train, _) in enumerate(cv.split(blobs.X, blobs.y, unrelated)):
        expected = by_hand(scaled, blobs.X[train], blobs.y[train], blobs.groups[train])
        assert_same(found["estimator"][fold], expected, blobs.X)


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("cv", [CV, GroupStratifiedKFold(2)], ids=["plain", "by group"])
@pytest.mark.parametrize("scoring", [None, worst_group_scorer], ids=["accuracy", "worst group"])
def test_routed_through_a_search(scaled, blobs, assert_same, cv, scoring):
    search = GridSearchCV(scaled, STEPS, cv=cv, scoring=scoring, error_score="raise")
    search.fit(blobs.X, blobs.y, groups=blobs.groups)
    by_group = {"groups": blobs.groups} if cv is not CV else {}
    folds = list(cv.split(blobs.X, blobs.y, **by_group))
    score = fold_scores if scoring is None else worst_fold_scores
    for i, step in enumerate(STEPS[STEP]):
        expected = score(clone(scaled).set_params(**{STEP: step}), blobs, folds)
        assert [search.cv_results_[f"split{fold}_test_score"][i] for fold in (0, 1)] == expected
    best = clone(scaled).set_params(**search.best_params_)
    assert_same(search, by_hand(best, blobs.X, blobs.y, blobs.groups), blobs.X)


@pytest.mark.usefixtures("routing")
def test_routed_through_cross_validation(scaled, blobs, unrelated, assert_same):
    given = {"groups": unrelated}
    found = cross_validate(
        scaled, blobs.X, blobs.y, params=given, cv=GroupKFold(2), return_estimator=True
    )
    for fold, (train, _) in enumerate(GroupKFold(2).split(blobs.X, blobs.y, unrelated)):
        model = found["estimator"][fold]
        assert model[-1].group_labels_.tolist() == np.unique(unrelated[train]).tolist()
        assert model[-1].n_groups_ == 5
        expected = by_hand(scaled, blobs.X[train], blobs.y[train], unrelated[train])
        assert_same(model, expected, blobs.X)


@pytest.mark.usefixtures("routing")
def test_routed_to_predictions_and_curves(scaled, blobs):
    given = {"groups": blobs.groups}
    found = cross_val_predict(scaled, blobs.X, blobs.y, params=given, cv=CV)
    folds = list(CV.split(blobs.X, blobs.y))
    for train, test in folds:
        model = by_hand(scaled, blobs.X[train], blobs.y[train], blobs.groups[train])
        np.testing.assert_array_equal(found[test], model.predict(blobs.X[test]))
    _, _, scores = learning_curve(
        scaled, blobs.X, blobs.y, params=given, cv=CV, train_sizes=[1.0], error_score="raise"
    )
    assert scores[0].tolist() == fold_scores(scaled, blobs, folds)


@pytest.mark.usefixtures("routing")
def test_routed_through_searches_inside_cross_validation(scaled, blobs):
    cv = GroupStratifiedKFold(2)
    for search in (GridSearchCV, HalvingGridSearchCV):
        inner = search(scaled, STEPS, cv=cv, scoring=worst_group_scorer, error_score="raise")
        found = cross_validate(
            inner, blobs.X, blobs.y, params={"groups": blobs.groups}, cv=cv,
            scoring=worst_group_scorer, return_estimator=True, error_score="raise",
        )  # fmt: skip
        folds = list(cv.split(blobs.X, blobs.y, blobs.groups))
        for fold, model in enumerate(found["estimator"]):
            best = clone(scaled).set_params(**model.best_params_)
            expected = worst_fold_scores(best, blobs, folds)[fold]
            assert found["test_score"][fold] == expected


@pytest.mark.usefixtures("routing")
def test_another_name_keeps_groups_and_folds_apart(scaled, blobs, unrelated):
    scaled[-1].set_fit_request(groups="shortcut")
    scorer = worst_group_scorer.set_score_request(groups="shortcut")
    search = GridSearchCV(scaled, STEPS, cv=GroupKFold(2), scoring=scorer, error_score="raise")
    search.fit(blobs.X, blobs.y, groups=unrelated, shortcut=blobs.groups)
    folds = list(GroupKFold(2).split(blobs.X, blobs.y, unrelated))
    for i, step in enumerate(STEPS[STEP]):
        expected = worst_fold_scores(clone(scaled).set_params(**{STEP: step}), blobs, folds)
        assert [search.cv_results_[f"split{fold}_test_score"][i] for fold in (0, 1)] == expected


@pytest.mark.usefixtures("routing")
def test_the_inferrer_s_groups_give_way_to_routed_ones(pipe, clf, blobs, assert_same):
    pipe.fit(blobs.X, blobs.y, groups=blobs.y)
    assert_same(pipe, clone(clf).fit(blobs.X, blobs.y, groups=blobs.y), blobs.X)


@pytest.mark.parametrize("routed", [False, True])
@pytest.mark.parametrize("cv", [CV, GroupStratifiedKFold(2)], ids=["plain", "by group"])
def test_carried_groups_need_no_routing(clf, blobs, cv, routed):
    X = GroupedArray(blobs.X, blobs.groups)
    with sklearn.config_context(enable_metadata_routing=routed):
        found = cross_validate(
            clf, X, blobs.y, cv=cv, scoring=worst_group_scorer, return_estimator=True
        )
    for fold, (train, test) in enumerate(cv.split(X, blobs.y)):
        model = clone(clf).fit(blobs.X[train], blobs.y[train], groups=blobs.groups[train])
        predicted = model.predict(blobs.X[test])
        expected = worst_group_accuracy(blobs.y[test], predicted, blobs.groups[test])
        assert found["test_score"][fold] == expected


KINDS = {
    "list": lambda g: g.tolist(),
    "strings": lambda g: [f"group {i}" for i in g],
    "series": lambda g: pd.Series(g, index=np.arange(200)[::-1]),
    "categories": lambda g: pd.Series(g).map(dict(enumerate("abcd"))).astype("category"),
    "categorical": pd.Categorical,
    "index": pd.Index,
    "frame": lambda g: pd.DataFrame({"class": g // 2, "shortcut": g % 2}),
    "mixed frame": lambda g: pd.DataFrame({"class": g // 2, "side": np.array(["l", "r"])[g % 2]}),
    "two columns": lambda g: np.column_stack([g // 2, g % 2]),
    "polars series": pl.Series,
    "polars frame": lambda g: pl.DataFrame({"class": g // 2, "shortcut": g % 2}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_groups(scaled, blobs, assert_same, kind):
    groups = KINDS[kind](blobs.groups)
    search = GridSearchCV(scaled, {STEP: [0.5]}, cv=GroupStratifiedKFold(2), error_score="raise")
    expected = by_hand(scaled.set_params(**{STEP: 0.5}), blobs.X, blobs.y, blobs.groups)
    folds = list(GroupStratifiedKFold(2).split(blobs.X, blobs.y, blobs.groups))
    # By name to the step, and to the splitter.
    found = cross_validate(
        scaled, blobs.X, blobs.y, groups=groups, params={"groupdroclassifier__groups": groups},
        cv=GroupStratifiedKFold(2), error_score="raise",
    )  # fmt: skip
    assert found["test_score"].tolist() == fold_scores(scaled, blobs, folds)
    # Routed to the step, the splitter and the scorer.
    search.set_params(scoring=worst_group_scorer)
    with sklearn.config_context(enable_metadata_routing=True):
        search.fit(blobs.X, blobs.y, groups=groups)
    assert_same(search, expected, blobs.X)
    worst = worst_fold_scores(scaled, blobs, folds)
    assert [search.cv_results_[f"split{fold}_test_score"][0] for fold in (0, 1)] == worst


def test_a_list_of_columns_fits_but_cannot_be_split(scaled, blobs, assert_same):
    groups = [blobs.groups // 2, blobs.groups % 2]
    found = clone(scaled).fit(blobs.X, blobs.y, groupdroclassifier__groups=groups)
    assert_same(found, by_hand(scaled, blobs.X, blobs.y, blobs.groups), blobs.X)
    search = GridSearchCV(scaled, STEPS, cv=2, error_score="raise")
    with pytest.raises(GroupsError, match=r"200 entries.*100 samples.*a frame or a 2-D array"):
        search.fit(blobs.X, blobs.y, groupdroclassifier__groups=groups)


def test_pandas_rows_are_split_together(scaled, blobs):
    index = np.random.default_rng(0).permutation(200)
    X, y = pd.DataFrame(blobs.X, index, ["a", "b"]), pd.Series(blobs.y, index)
    groups = pd.Series(blobs.groups, index)
    found = cross_validate(
        scaled, X, y, params={"groupdroclassifier__groups": groups}, cv=CV, error_score="raise"
    )
    folds = list(CV.split(blobs.X, blobs.y))
    assert found["test_score"].tolist() == fold_scores(scaled, blobs, folds)
    with pytest.raises(GroupsError, match="groups and y have different pandas indexes"):
        scaled.fit(X, y, groupdroclassifier__groups=groups.reset_index(drop=True))


def test_weights_beside_groups(pipe, clf, blobs, assert_same):
    weight = np.where(blobs.groups == 1, 0.0, 1.0)
    pipe.fit(blobs.X, blobs.y, groupdroclassifier__sample_weight=weight)
    inferred = pipe[0].groups_
    expected = clone(clf).fit(blobs.X, blobs.y, groups=inferred, sample_weight=weight)
    assert_same(pipe, expected, blobs.X)
    assert pipe[-1].n_groups_ == 3
