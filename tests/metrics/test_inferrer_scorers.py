import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skgroup.exceptions import GroupsError
from skgroup.metrics import silhouette_scorer, worst_pseudo_group_scorer


class FirstColumn(ClassifierMixin, BaseEstimator):
    """Predicts ``X[:, 0] >= threshold``, so that every score is known."""

    def __init__(self, threshold=0.5):
        self.threshold = threshold

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return (np.asarray(X)[:, 0] >= self.threshold).astype(int)


class FakeInferrer(TransformerMixin, BaseEstimator):
    """Groups rows by the sign of the second column; a zero is an outlier."""

    def __init__(self, value=0.25):
        self.value = value

    def fit(self, X, y, sample_weight=None):
        self.groups_ = self.predict(X, y)
        return self

    def transform(self, X):
        return np.asarray(X)

    def embed(self, X, y):
        return np.asarray(X)[:, 1:]

    def predict(self, X, y=None):
        signs = np.sign(np.asarray(X)[:, 1]).astype(int)
        return np.where(signs == 0, -1, 2 * np.asarray(y) + (signs > 0))

    def score(self, X, y=None):
        return self.value * np.abs(np.asarray(X)[:, 1]).max()


# Predictions of FirstColumn() are 0 1 1 1 0 1 0 1: rows 4 and 6 are wrong.
X = np.array([[0.0, -1], [1, 1], [1, 1], [1, 1], [0, 1], [1, 1], [0, 0], [1, 0]])
Y = np.array([0, 1, 1, 1, 1, 1, 1, 1])
X8, Y8 = np.tile(X, (4, 1)), np.tile(Y, 4)


def _double(X):
    return 2 * np.asarray(X)


def _undouble(X):
    return np.asarray(X) / 2


DOUBLE, UNDOUBLE = FunctionTransformer(_double), FunctionTransformer(_undouble)


@pytest.mark.parametrize(
    ("pipe", "score"),
    [
        (FakeInferrer(), 0.25),
        (make_pipeline(FakeInferrer(), FirstColumn()), 0.25),
        (make_pipeline(DOUBLE, FakeInferrer()), 0.5),
        (make_pipeline(DOUBLE, DOUBLE, FakeInferrer(), FirstColumn()), 1.0),
        (make_pipeline(DOUBLE, make_pipeline(DOUBLE, FakeInferrer()), FirstColumn()), 1.0),
        (make_pipeline(make_pipeline(FakeInferrer(9.0), FakeInferrer()), FirstColumn()), 0.25),
        (Pipeline([("off", "passthrough"), ("i", FakeInferrer()), ("c", FirstColumn())]), 0.25),
    ],
    ids=["bare", "first", "last", "third", "nested", "two", "passthrough"],
)
def test_silhouette_finds_the_last_inferrer_and_its_input(pipe, score):
    assert silhouette_scorer(pipe.fit(X, Y), X, Y) == score


def test_worst_pseudo_group_by_hand():
    pipe = make_pipeline(DOUBLE, FakeInferrer(), UNDOUBLE, FirstColumn()).fit(X, Y)
    # Groups of the inferrer: row 0 alone, rows 1 to 5 with one error; rows 6, 7 are outliers.
    assert worst_pseudo_group_scorer(pipe, X, Y) == pytest.approx(4 / 5)


def test_inferrer_scorers_in_a_grid_search():
    pipe = make_pipeline(FakeInferrer(), FirstColumn())
    grid = {"fakeinferrer__value": [0.1, 0.3], "firstcolumn__threshold": [2.0, 0.5]}
    scoring = {"silhouette": silhouette_scorer, "worst": worst_pseudo_group_scorer}
    search = GridSearchCV(pipe, grid, scoring=scoring, refit="worst", cv=2, error_score="raise")
    search.fit(X8, Y8)
    assert search.best_params_["firstcolumn__threshold"] == 0.5
    assert search.best_score_ == pytest.approx(4 / 5)
    expected = [v for v in (0.1, 0.3) for _ in range(2)]
    np.testing.assert_allclose(search.cv_results_["mean_test_silhouette"], expected)
    nested = GridSearchCV(pipe, grid, scoring=worst_pseudo_group_scorer, cv=2)
    scores = cross_val_score(nested, X8, Y8, scoring=worst_pseudo_group_scorer, cv=2)
    np.testing.assert_allclose(scores, 4 / 5)


def test_weights_of_the_fit_do_not_disturb_the_scorer():
    search = GridSearchCV(FakeInferrer(), {"value": [0.1, 0.3]}, scoring=silhouette_scorer, cv=2)
    with warnings.catch_warnings():
        # From 1.8 on scikit-learn says that the scorer has no use for them.
        warnings.filterwarnings("ignore", "The scoring .*does not support sample_weight")
        search.fit(X8, Y8, sample_weight=np.ones(len(Y8)))
    assert search.best_params_ == {"value": 0.3}


def test_inferrer_scorers_ignore_routed_groups():
    pipe = make_pipeline(FakeInferrer(), FirstColumn())
    with sklearn.config_context(enable_metadata_routing=True):
        result = cross_validate(
            pipe,
            X8,
            Y8,
            cv=GroupKFold(2),
            params={"groups": np.repeat([0, 1], 16)},
            scoring={"s": silhouette_scorer, "w": worst_pseudo_group_scorer},
            error_score="raise",
        )
    np.testing.assert_allclose(result["test_w"], 4 / 5)
    np.testing.assert_allclose(result["test_s"], 0.25)


@pytest.mark.parametrize("scorer", [silhouette_scorer, worst_pseudo_group_scorer], ids=repr)
@pytest.mark.parametrize(
    "estimator",
    [DummyClassifier(), make_pipeline(StandardScaler(), DummyClassifier())],
    ids=["classifier", "pipeline"],
)
def test_no_inferrer(scorer, estimator):
    with pytest.raises(GroupsError) as caught:
        scorer(estimator.fit(X, Y), X, Y)
    assert str(caught.value) == (
        f"{scorer!r} needs a fitted group inferrer, but {type(estimator).__name__} neither is one "
        "nor is a pipeline with one among its steps: put an inferrer before the classifier, or "
        "score by known groups with `worst_group_scorer`."
    )


@pytest.mark.parametrize(
    "estimator", [FakeInferrer(), make_pipeline(DOUBLE, FakeInferrer())], ids=["bare", "pipeline"]
)
def test_worst_pseudo_group_needs_a_classifier(estimator):
    with pytest.raises(GroupsError) as caught:
        worst_pseudo_group_scorer(estimator.fit(X, Y), X, Y)
    assert str(caught.value) == (
        "worst_pseudo_group_scorer got a FakeInferrer as the last step, whose predictions are "
        "groups and no classes: put a classifier behind it, or judge the inferrer itself with "
        "`silhouette_scorer`."
    )


def test_worst_pseudo_group_looks_into_searches():
    search = GridSearchCV(FakeInferrer(), {"value": [0.5]}, cv=2).fit(X8, Y8)
    with pytest.raises(GroupsError, match="got a FakeInferrer as the last step"):
        worst_pseudo_group_scorer(search, X8, Y8)


def test_names():
    assert repr(silhouette_scorer) == "silhouette_scorer"
    assert repr(worst_pseudo_group_scorer) == "worst_pseudo_group_scorer"


def test_silhouette_knows_the_classes():
    class Counting(FakeInferrer):
        def score(self, X, y=None):
            return len(X) + np.sum(y)

    assert silhouette_scorer(Counting().fit(X, Y), X, Y) == 15


@pytest.mark.parametrize("scorer", [silhouette_scorer, worst_pseudo_group_scorer], ids=repr)
def test_pickle_and_clone(scorer):
    pipe = make_pipeline(FakeInferrer(), FirstColumn()).fit(X, Y)
    for copy in (pickle.loads(pickle.dumps(scorer)), clone(scorer, safe=False)):
        assert copy(pipe, X, Y) == scorer(pipe, X, Y)
        assert repr(copy) == repr(scorer)
        assert copy.__doc__ == scorer.__doc__


def test_other_pandas_index_raises():
    with pytest.raises(GroupsError, match="y and X have different pandas indexes"):
        silhouette_scorer(
            FakeInferrer().fit(X, Y), pd.DataFrame(X), pd.Series(Y, index=range(1, 9))
        )
