"""Cross-validation and searches over the line, against loops written by hand."""

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import silhouette_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgroup import ERMClassifier, GradientGroupInferrer, GroupedArray
from skgroup.metrics import silhouette_scorer, worst_group_scorer, worst_pseudo_group_scorer
from skgroup.model_selection import GroupStratifiedKFold

CV = StratifiedKFold(2, shuffle=True, random_state=0)
K = "gradientgroupinferrer__k"
STEP = "groupdroclassifier__step_size"


@pytest.fixture
def line(pipe):
    return make_pipeline(StandardScaler(), *pipe)


def fits(model, blobs):
    """A fitted clone for each fold, with the rows to test it on."""
    for train, test in CV.split(blobs.X, blobs.y):
        yield clone(model).fit(blobs.X[train], blobs.y[train]), test


def silhouette(model, X, y):
    Xt, inferrer = model[0].transform(X), model[1]
    Z, labels = inferrer.embed(Xt, y), inferrer.predict(Xt, y)
    classes, sizes = np.unique(y, return_counts=True)
    return np.average([silhouette_score(Z[y == c], labels[y == c]) for c in classes], weights=sizes)


def worst_pseudo_group(model, X, y):
    groups, right = model[1].predict(model[0].transform(X), y), model.predict(X) == y
    return min(right[groups == group].mean() for group in np.unique(groups[groups >= 0]))


def by_hand(model, blobs, score):
    """Mean over folds."""
    return np.mean([score(m, blobs.X[test], blobs.y[test]) for m, test in fits(model, blobs)])


def test_k_is_selected_without_annotation(line, blobs):
    search = GridSearchCV(line, {K: [2, 3, 4]}, scoring=silhouette_scorer, cv=CV)
    search.fit(blobs.X, blobs.y)
    expected = [by_hand(clone(line).set_params(**{K: k}), blobs, silhouette) for k in (2, 3, 4)]
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], expected, atol=1e-6)
    assert search.best_params_ == {K: 2}
    assert search.best_score_ == pytest.approx(max(expected), abs=1e-6)
    assert max(expected) > 0.8
    assert search.best_estimator_[-1].n_groups_ == 4
    whole = silhouette(search.best_estimator_, blobs.X, blobs.y)
    assert search.score(blobs.X, blobs.y) == pytest.approx(whole, abs=1e-6)


def test_the_classifier_is_selected_by_its_worst_pseudo_group(line, blobs):
    steps = [0.0, 0.01, 1.0]
    search = GridSearchCV(line, {STEP: steps}, scoring=worst_pseudo_group_scorer, cv=CV)
    search.fit(blobs.X, blobs.y)
    expected = [
        by_hand(clone(line).set_params(**{STEP: step}), blobs, worst_pseudo_group) for step in steps
    ]
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], expected, rtol=1e-12)
    assert search.best_params_ == {STEP: steps[int(np.argmax(expected))]}
    assert max(expected) > min(expected)


@pytest.mark.parametrize(("refit", "rank"), [("a", 0), ("b", 1), ("c", 2)])
def test_several_scores_at_a_time(line, blobs, refit, rank):
    scoring = {"a": silhouette_scorer, "b": worst_pseudo_group_scorer, "c": "accuracy"}
    search = GridSearchCV(line, {K: [2, 3]}, scoring=scoring, refit=refit, cv=CV)
    search.fit(blobs.X, blobs.y)

    def accuracy(model, X, y):
        return np.mean(model.predict(X) == y)

    expected = [
        [by_hand(clone(line).set_params(**{K: k}), blobs, score) for k in (2, 3)]
        for score in (silhouette, worst_pseudo_group, accuracy)
    ]
    for name, values in zip(scoring, expected, strict=True):
        np.testing.assert_allclose(search.cv_results_[f"mean_test_{name}"], values, atol=1e-6)
    assert search.best_score_ == pytest.approx(max(expected[rank]), abs=1e-6)
    assert search.best_index_ == int(np.argmax(expected[rank]))


SEARCHES = {
    "grid": lambda *args, **kwargs: GridSearchCV(*args, **kwargs),
    "random": lambda *args, **kwargs: RandomizedSearchCV(
        *args, **kwargs, n_iter=4, random_state=0
    ),
    "halving": lambda *args, **kwargs: HalvingGridSearchCV(
        *args, **kwargs, resource="groupdroclassifier__max_epochs", min_resources=2,
        max_resources=4, factor=2, random_state=0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SEARCHES)
def test_every_search_refits_the_line(pipe, blobs, assert_same, kind):
    grid = {K: [2, 3], STEP: [0.0, 0.1]}
    search = SEARCHES[kind](pipe, grid, cv=CV, error_score="raise").fit(blobs.X, blobs.y)
    best = clone(pipe).set_params(**search.best_params_).fit(blobs.X, blobs.y)
    assert_same(search, best, blobs.X)
    assert search.best_estimator_[-1].n_groups_ == 2 * search.best_params_[K]


def test_a_search_over_rows_that_grow(pipe, blobs, assert_same):
    search = HalvingGridSearchCV(
        pipe, {STEP: [0.0, 0.1, 0.2]}, cv=2, min_resources=60, random_state=0, error_score="raise"
    ).fit(blobs.X, blobs.y)
    best = clone(pipe).set_params(**search.best_params_).fit(blobs.X, blobs.y)
    assert search.n_resources_ == [60, 180]
    assert_same(search, best, blobs.X)


def test_steps_can_be_exchanged(pipe, blobs):
    erm = ERMClassifier(hidden_layer_sizes=(8,), lr=0.03, max_epochs=10, random_state=0)
    grid = {
        "gradientgroupinferrer__clusterer": ["kmeans", "gmm", KMeans(2, random_state=0)],
        "groupdroclassifier": [erm, pipe[-1]],
    }
    search = GridSearchCV(pipe, grid, scoring=worst_pseudo_group_scorer, cv=2, error_score="raise")
    assert search.fit(blobs.X, blobs.y).best_params_["groupdroclassifier"] is not erm
    scores = search.cv_results_["mean_test_score"].reshape(3, 2)
    assert (scores[:, 1] > scores[:, 0]).all()


def test_cross_validation_is_a_loop(pipe, blobs, assert_same):
    found = cross_validate(pipe, blobs.X, blobs.y, cv=CV, return_estimator=True)
    for fold, (model, test) in enumerate(fits(pipe, blobs)):
        assert_same(found["estimator"][fold], model, blobs.X)
        assert found["test_score"][fold] == model.score(blobs.X[test], blobs.y[test])


def test_predictions_out_of_fold(pipe, blobs):
    found = cross_val_predict(pipe, blobs.X, blobs.y, cv=CV, method="predict_proba")
    for model, test in fits(pipe, blobs):
        np.testing.assert_array_equal(found[test], model.predict_proba(blobs.X[test]))


def test_curves(pipe, blobs):
    folds = list(fits(pipe, blobs))
    test_scores = [model.score(blobs.X[test], blobs.y[test]) for model, test in folds]
    sizes, _, found = learning_curve(
        pipe, blobs.X, blobs.y, cv=CV, train_sizes=[0.5, 1.0], error_score="raise"
    )
    assert sizes.tolist() == [50, 100]
    np.testing.assert_array_equal(found[1], test_scores)
    _, found = validation_curve(
        pipe, blobs.X, blobs.y, param_name=K, param_range=[2, 3], cv=CV, error_score="raise"
    )
    np.testing.assert_array_equal(found[0], test_scores)


def test_a_cache_spares_the_inference(pipe, blobs, assert_same, tmp_path, monkeypatch):
    inferred, fit = [], GradientGroupInferrer.fit

    def counted(self, X, y):
        inferred.append(len(X))
        return fit(self, X, y)

    monkeypatch.setattr(GradientGroupInferrer, "fit", counted)
    search = GridSearchCV(pipe, {STEP: [0.0, 0.1, 0.2]}, cv=2, error_score="raise")
    plain = clone(search).fit(blobs.X, blobs.y)
    assert inferred == 6 * [100] + [200]
    inferred.clear()
    search.set_params(estimator__memory=str(tmp_path)).fit(blobs.X, blobs.y)
    assert inferred == [100, 100, 200]
    assert_same(search, plain, blobs.X)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )


def test_threads_change_nothing(pipe, blobs):
    expected = cross_val_predict(pipe, blobs.X, blobs.y, cv=4, method="predict_proba")
    with joblib.parallel_config("threading", n_jobs=4):
        found = cross_val_predict(pipe, blobs.X, blobs.y, cv=4, method="predict_proba")
    np.testing.assert_array_equal(found, expected)


@pytest.mark.usefixtures("routing")
def test_process_workers_keep_the_groups(pipe, clf, blobs, assert_same):
    """One test, because starting the workers is what takes the time."""
    with joblib.parallel_config("loky", n_jobs=2, max_nbytes=1000):  # so small: memory-mapped
        search = GridSearchCV(pipe, {K: [2, 3]}, cv=2, error_score="raise").fit(blobs.X, blobs.y)
        piped = cross_validate(pipe, blobs.X, blobs.y, cv=CV, return_estimator=True)
        carried = cross_validate(
            clf, GroupedArray(blobs.X, blobs.groups), blobs.y, cv=CV, return_estimator=True
        )
        routed = cross_validate(
            clf, blobs.X, blobs.y, params={"groups": blobs.groups}, cv=GroupStratifiedKFold(2),
            scoring=worst_group_scorer, return_estimator=True,
        )  # fmt: skip
    alone = clone(pipe).set_params(**search.best_params_).fit(blobs.X, blobs.y)
    assert_same(search, alone, blobs.X, atol=1e-6)
    for fold, (model, _) in enumerate(fits(pipe, blobs)):
        assert_same(piped["estimator"][fold], model, blobs.X, atol=1e-6)
    for found in (carried, routed):
        assert [e.group_labels_.tolist() for e in found["estimator"]] == 2 * [[0, 1, 2, 3]]
    here = cross_validate(
        clf, GroupedArray(blobs.X, blobs.groups), blobs.y, cv=GroupStratifiedKFold(2),
        scoring=worst_group_scorer,
    )  # fmt: skip
    np.testing.assert_array_equal(routed["test_score"], here["test_score"])
