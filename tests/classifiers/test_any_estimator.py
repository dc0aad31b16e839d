"""scikit-learn classifiers in the place of the network."""

import pickle
from unittest import SkipTest

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from skgroup import (
    GroupDROClassifier,
    GroupedArray,
    JTTClassifier,
    LossReweightingClassifier,
    ResamplingClassifier,
    ReweightingClassifier,
)
from skgroup.classifiers._any_estimator import (
    check_classifier,
    check_input,
    fit_rows,
    fit_weighted,
    pick_rows,
    plain,
    refuse_network_parameters,
    resample,
)

METHODS = [ReweightingClassifier, ResamplingClassifier, JTTClassifier]


def method_on(cls, estimator):
    """A method that leaves most rows right: errors among few rows count twice, not 20-fold."""
    more = {"upweight": 2} if cls is JTTClassifier else {}
    return cls(estimator, random_state=0, **more)


@pytest.fixture(params=METHODS, ids=lambda cls: cls.__name__)
def Method(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["unrouted", "routed"])
def routing(request):
    with sklearn.config_context(enable_metadata_routing=request.param):
        yield request.param


@pytest.fixture
def table(blobs):
    """The blobs as a frame with missing values and two columns of text."""
    X = pd.DataFrame(blobs.X.astype(np.float64), columns=["x", "y"])
    X.loc[::9, "x"] = np.nan
    X["side"] = pd.Categorical(np.where(blobs.X[:, 0] > 0.5, "right", "left"))
    X["level"] = np.array(["low", "middle", "high"])[np.clip(blobs.X[:, 1] // 2, 0, 2).astype(int)]
    X["level"] = X["level"].astype("category")
    return X.set_axis([f"row {i}" for i in range(120)])


ON_ARRAYS = {
    "logistic regression": LogisticRegression(),
    "boosted trees": HistGradientBoostingClassifier(max_iter=3),
    "a pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
    "neighbours": KNeighborsClassifier(9),
    "a support vector machine": LinearSVC(),
    "a search": GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2),
    "a forest": RandomForestClassifier(5, max_depth=2),
}
ON_TABLES = {
    "boosted trees with categories": HistGradientBoostingClassifier(
        max_iter=3, categorical_features="from_dtype"
    ),
    "encoded text": make_pipeline(
        make_column_transformer((OneHotEncoder(), ["side", "level"]), ("passthrough", ["y"])),
        LogisticRegression(),
    ),
}
each_on_arrays = pytest.mark.parametrize("estimator", ON_ARRAYS.values(), ids=ON_ARRAYS)


def assert_same_predictions(one, other, X):
    if hasattr(one, "predict_proba"):
        np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


@each_on_arrays
@pytest.mark.usefixtures("routing")
def test_any_classifier_does(Method, estimator, blobs):
    """Groups given or carried, labels of any kind, weights, outliers, copies."""
    y, own = np.array(["no", "yes"])[blobs.y], np.random.default_rng(0).uniform(0.5, 2, 120)
    clf = method_on(Method, estimator)
    clf.fit(blobs.X, y, groups=blobs.groups, sample_weight=own)
    assert clf.classes_.tolist() == ["no", "yes"]
    assert clf.group_labels_.tolist() == [0, 1, 2, 3]
    assert (clf.n_features_in_, clf.history_, clf.early_stopping_) == (2, {}, False)
    assert clf.score(blobs.X, y) == (clf.predict(blobs.X) == y).mean() > 0.4
    assert hasattr(clf, "predict_proba") == hasattr(estimator, "predict_proba")
    assert not hasattr(clf, "net_")
    again = clone(clf).fit(GroupedArray(blobs.X, blobs.groups), y, sample_weight=own)
    assert_same_predictions(clf, again, blobs.X)
    assert_same_predictions(clf, pickle.loads(pickle.dumps(clf)), blobs.X)


@each_on_arrays
def test_outliers_and_rows_without_weight_are_left_out(Method, estimator, blobs):
    rows = np.arange(120)
    groups = np.where(rows % 5 == 0, -1, blobs.groups)
    own, kept = rows % 7 * 1.0, (rows % 5 > 0) & (rows % 7 > 0)
    poisoned = np.where(kept[:, None], blobs.X, np.float32(1e30))
    one = Method(estimator, random_state=0).fit(poisoned, blobs.y, groups=groups, sample_weight=own)
    other = Method(estimator, random_state=0).fit(
        blobs.X[kept], blobs.y[kept], groups=groups[kept], sample_weight=own[kept]
    )
    assert_same_predictions(one, other, blobs.X)
    assert one.n_outliers_ == 24


@pytest.mark.parametrize("estimator", ON_TABLES.values(), ids=ON_TABLES)
@pytest.mark.usefixtures("routing")
def test_tables_reach_the_estimator_as_they_are(Method, estimator, table, blobs):
    groups = pd.Series(blobs.groups, index=table.index)
    groups.iloc[::10] = -1
    y = pd.Series(np.array(["no", "yes"])[blobs.y], index=table.index)
    own = pd.Series(np.linspace(1, 2, 120), index=table.index)
    clf = method_on(Method, estimator).fit(table, y, groups=groups, sample_weight=own)
    assert clf.feature_names_in_.tolist() == ["x", "y", "side", "level"]
    assert clf.score(table, y) > 0.5
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(table[["y", "x", "side", "level"]])


class Recorder(KNeighborsClassifier):
    """Keeps the X that it is fitted on and asked about."""

    def fit(self, X, y):
        self.X_ = X
        return super().fit(np.zeros((len(y), 1)), y)

    def predict(self, X):
        self.asked_ = X
        return super().predict(np.zeros((len(X), 1)))


def test_nothing_is_copied_where_all_rows_are_used(table, blobs):
    clf = JTTClassifier(Recorder(), identifier=LogisticFrame(), upweight=1).fit(table, blobs.y)
    assert clf.estimator_.X_ is table
    clf.predict(table)
    assert clf.estimator_.asked_ is table


class LogisticFrame(LogisticRegression):
    """Looks at one column."""

    def fit(self, X, y):
        return super().fit(X[["y"]].to_numpy(), y)

    def predict(self, X):
        return super().predict(X[["y"]].to_numpy())


def test_texts_have_no_columns(Method):
    words, y = ["red sky", "blue sea", "red sea", "blue sky"] * 5, [0, 1, 0, 1] * 5
    groups = [0, 1, 1, 0] * 5
    estimator = make_pipeline(CountVectorizer(), LogisticRegression())
    clf = method_on(Method, estimator)
    if Method is JTTClassifier:
        clf.set_params(identifier=make_pipeline(CountVectorizer(vocabulary=["sky"]), estimator[-1]))
    clf.fit(words, y, groups=groups)
    assert clf.predict(["red", "blue"]).tolist() == [0, 1]
    assert not hasattr(clf, "n_features_in_")


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.coo_array, sparse.dok_array])
def test_sparse_matrices(Method, container, blobs):
    X = np.where(blobs.X > 1, blobs.X, 0)
    dense, thin = (
        Method(LogisticRegression(), random_state=0).fit(values, blobs.y, groups=blobs.groups)
        for values in (X, container(X))
    )
    np.testing.assert_allclose(thin.predict_proba(X), dense.predict_proba(X), atol=1e-3)


def test_searches_over_parameters_of_the_estimator(Method, blobs, routing):
    search = GridSearchCV(Method(LogisticRegression(), random_state=0), {"estimator__C": [1e-4, 1]})
    if routing:
        search.fit(blobs.X, blobs.y, groups=blobs.groups)
    else:
        search.fit(GroupedArray(blobs.X, blobs.groups), blobs.y)
    best = search.best_estimator_
    chosen = search.best_params_["estimator__C"]
    assert chosen == best.estimator_.C
    assert best.group_labels_.tolist() == [0, 1, 2, 3]
    found = cross_validate(
        make_pipeline(StandardScaler(), Method(LogisticRegression(), random_state=0)),
        blobs.X, blobs.y, cv=2, return_estimator=True,
        params={"groups" if routing else f"{Method.__name__.lower()}__groups": blobs.groups},
    )  # fmt: skip
    assert [model[-1].n_groups_ for model in found["estimator"]] == [4, 4]


def test_the_seed_of_the_method_is_that_of_the_estimator(Method, blobs):
    def proba(seed, **own):
        forest = RandomForestClassifier(5, max_depth=1, **own)
        clf = Method(forest, random_state=seed)
        return clf.fit(blobs.X, blobs.y, groups=blobs.groups).predict_proba(blobs.X)

    before = np.random.get_state()
    np.testing.assert_array_equal(proba(0), proba(0))
    assert np.abs(proba(0) - proba(1)).max() > 0.01
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])
    np.random.seed(0)
    first, second = proba(None), proba(None)
    np.testing.assert_array_equal(first, proba(0))
    assert np.abs(first - second).max() > 0.01


def test_the_estimator_and_the_arrays_stay_as_they_are(Method, blobs):
    estimator, own = LogisticRegression(), np.linspace(1, 2, 120)
    given = [blobs.X, blobs.y, blobs.groups, own]
    before = [values.copy() for values in given]
    Method(estimator).fit(blobs.X, blobs.y, groups=blobs.groups, sample_weight=own)
    assert not hasattr(estimator, "coef_")
    for values, old in zip(given, before, strict=True):
        np.testing.assert_array_equal(values, old)
        assert values.flags.writeable


@pytest.mark.parametrize(
    ("error", "text", "parameters"),
    [
        (TypeError, r"must be a scikit-learn classifier, got LinearRegression: pass an instance",
         {"estimator": LinearRegression()}),
        (TypeError, r"got the class LogisticRegression: pass an instance such as Log",
         {"estimator": LogisticRegression}),
        (ValueError, r"hidden_layer_sizes, lr would be ignored: with estimator= no network",
         {"lr": 0.1, "hidden_layer_sizes": np.array([3, 4])}),
        (ValueError, "early_stopping would be ignored", {"early_stopping": True}),
        (ValueError, "module would be ignored", {"module": lambda d, k: None}),
    ],
)  # fmt: skip
def test_what_would_be_ignored_is_an_error(Method, blobs, error, text, parameters):
    clf = Method(**({"estimator": LogisticRegression()} | parameters))
    with pytest.raises(error, match=text):
        clf.fit(blobs.X, blobs.y, groups=blobs.groups)
    with pytest.raises(NotFittedError):
        clf.predict(blobs.X)


def test_parameters_that_equal_the_defaults_are_fine(Method, blobs):
    clf = Method(LogisticRegression(), lr=np.float64(1e-3), hidden_layer_sizes=(100, 100))
    clone(clf).fit(blobs.X, blobs.y, groups=blobs.groups)


def test_parameters_of_the_method_that_only_a_network_can_follow(blobs):
    clf = JTTClassifier(LogisticRegression(), identification_epochs=2)
    with pytest.raises(ValueError, match="identification_epochs would be ignored"):
        refuse_network_parameters(clf, ("identification_epochs",))
    refuse_network_parameters(clf)
    with pytest.raises(ValueError, match="identification_epochs would be ignored"):
        clf.fit(blobs.X, blobs.y)


@pytest.mark.parametrize("name", ["X_val", "y_val", "groups_val"])
def test_there_is_no_epoch_to_select(Method, blobs, name):
    clf = Method(LogisticRegression())
    with pytest.raises(ValueError, match="X_val, y_val and groups_val select the epoch of a netw"):
        clf.fit(blobs.X, blobs.y, groups=blobs.groups, **{name: blobs.X})


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"y": None}, "requires y to be passed, but the target y is None"),
        ({"y": [0.0, np.nan] * 60}, "Input y contains NaN"),
        ({"y": np.array(["a", np.nan] * 60, dtype=object)}, "Input contains NaN"),
        ({"y": np.zeros(120)}, "y has one class only"),
        ({"X": np.ones((0, 2)), "y": [], "groups": None}, "X has 0 samples: there is nothing"),
        ({"y": [0, 1] * 59}, "X has 120 samples, but y has 118: give one label per sample"),
        ({"sample_weight": np.full(120, -1.0)}, "Negative values in data"),
        ({"groups": [0] * 119}, "groups has 119 entries"),
    ],
)
def test_bad_input(Method, blobs, change, text):
    data = {"X": blobs.X, "y": blobs.y, "groups": blobs.groups} | change
    clf = Method(LogisticRegression())
    with pytest.raises(ValueError, match=text):
        clf.fit(data.pop("X"), data.pop("y"), **data)
    assert not hasattr(clf, "estimator_")


def test_no_probabilities_are_said_so(Method, blobs):
    clf = Method(LinearSVC(), random_state=0)
    assert not hasattr(clf, "predict_proba")
    assert hasattr(Method(), "predict_proba")
    assert hasattr(Method(LogisticRegression()), "predict_proba")


def test_only_these_methods_take_one(blobs):
    clf = GroupDROClassifier()
    clf.estimator = LogisticRegression()
    with pytest.raises(AttributeError, match="GroupDROClassifier has no parameter estimator"):
        clf._fit_estimator(None, None, 0)


def test_check_classifier():
    check_classifier("identifier", make_pipeline(LinearSVC()))
    with pytest.raises(TypeError, match=r"^identifier must be .*, got int: pass"):
        check_classifier("identifier", 3)


def test_check_input_leaves_X_alone(table):
    clf = ReweightingClassifier(LogisticRegression())
    X, codes, classes = check_input(clf, table, pd.Series(["b", "a"] * 60))
    assert X is table
    assert codes.tolist() == [1, 0] * 60
    assert classes.tolist() == ["a", "b"]
    assert clf.n_features_in_ == 4


def test_plain_drops_groups_and_copies_nothing(blobs):
    assert plain(blobs.X) is blobs.X
    bare = plain(GroupedArray(blobs.X, blobs.groups))
    assert type(bare) is np.ndarray
    assert np.shares_memory(bare, blobs.X)


def test_pick_rows(table):
    assert pick_rows(table, np.arange(120)) is table
    assert pick_rows(table, np.arange(119)).equals(table.iloc[:-1])
    backwards = np.arange(120)[::-1]
    assert pick_rows(table, backwards).equals(table.iloc[::-1])
    assert pick_rows(["a", "b", "c"], np.array([2, 0, 0])) == ["c", "a", "a"]
    thin = pick_rows(sparse.coo_array(np.eye(3)), np.array([2, 2]))
    assert thin.toarray().tolist() == [[0, 0, 1], [0, 0, 1]]


def test_fit_rows_repeats_rows(blobs):
    rows = np.array([3, 3, 0, 5, 7, 7])
    model = fit_rows(KNeighborsClassifier(1), blobs.X, blobs.y, rows, 0)
    np.testing.assert_array_equal(model._fit_X, blobs.X[rows])
    np.testing.assert_array_equal(model._y, blobs.y[rows])


WEIGHTED = {
    "by itself": LogisticRegression(),
    "at the end of a pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
    "deeper": make_pipeline("passthrough", make_pipeline(StandardScaler(), LogisticRegression())),
    "in a search": GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2),
    "a search in a pipeline": make_pipeline(GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2)),
}


@pytest.mark.parametrize("estimator", WEIGHTED.values(), ids=WEIGHTED)
@pytest.mark.usefixtures("routing")
def test_weights_reach_the_last_step(estimator, blobs):
    weight, rows = np.where(blobs.y == 1, 1.0, 5.0), np.arange(120)
    model = fit_weighted(estimator, blobs.X, blobs.y, rows, weight, 0)
    scaled = isinstance(estimator, type(make_pipeline("passthrough"))) and "standard" in str(
        estimator.get_params()
    )
    X = StandardScaler().fit_transform(blobs.X) if scaled else blobs.X
    expected = LogisticRegression().fit(X, blobs.y, sample_weight=weight)
    np.testing.assert_allclose(model.predict_proba(blobs.X), expected.predict_proba(X), atol=1e-6)
    unweighted = fit_weighted(estimator, blobs.X, blobs.y, rows, None, 0)
    plainly = LogisticRegression().fit(X, blobs.y)
    np.testing.assert_allclose(
        unweighted.predict_proba(blobs.X), plainly.predict_proba(X), atol=1e-6
    )


def test_without_weights_rows_are_drawn(blobs):
    weight = np.where(blobs.groups == 1, 3.0, 1.0)
    rows = np.flatnonzero(blobs.groups != 3)
    model = fit_weighted(KNeighborsClassifier(1), blobs.X, blobs.y, rows, weight[rows], 0)
    expected = rows[resample(blobs.y[rows], weight[rows], 0)]
    np.testing.assert_array_equal(model._fit_X, blobs.X[expected])


def test_systematic_draws_are_as_even_as_they_can_be():
    rng = np.random.default_rng(0)
    for seed in range(50):
        y, weight = rng.integers(4, size=60), rng.exponential(size=60)
        drawn = resample(y, weight, seed)
        expected = 60 * weight / weight.sum()
        counts = np.bincount(drawn, minlength=60)
        assert (np.abs(counts - expected) < 1).all()
        by_class = np.bincount(y, weights=counts) - np.bincount(y, weights=expected)
        assert (np.abs(by_class) < 1 + 1e-9).all()
        assert len(drawn) == 60
        assert (np.diff(drawn) >= 0).all()


def test_equal_weights_draw_every_row_once():
    y = np.random.default_rng(0).integers(3, size=50)
    for seed in range(20):
        assert resample(y, np.full(50, 0.3), seed).tolist() == list(range(50))


def test_rows_are_drawn_in_proportion_on_average():
    y, weight = np.array([0, 1, 0, 1]), np.array([0.1, 0.9, 1.4, 1.6])
    counts = sum(np.bincount(resample(y, weight, seed), minlength=4) for seed in range(2000))
    np.testing.assert_allclose(counts / 2000, weight, atol=0.05)


def test_a_class_of_next_to_no_weight_is_known_all_the_same():
    y = np.array(["b", "a", "b", "a", "b", "b"])
    weight = np.array([1.0, 1e-9, 1.0, 2e-9, 1.0, 1.0])
    for seed in range(20):
        drawn = resample(y, weight, seed)
        assert drawn.tolist().count(3) == 1  # the heavier of its two rows
        assert 1 not in drawn
        assert len(drawn) == 7
    model = fit_weighted(KNeighborsClassifier(1), np.eye(6), y, np.arange(6), weight, 0)
    assert model.classes_.tolist() == ["a", "b"]


CHECKED = [LogisticRegression(), HistGradientBoostingClassifier(max_iter=10)]
EQUIVALENCE = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)
TREES = "leaves need 20 rows, however much these weigh, so that repeated rows give more splits"
DRAWN = "rows are drawn at random, so that repeated rows are other rows than weighted ones"


def reasons(clf):
    # With so few rows, trees split only where rows are repeated.
    on_trees = isinstance(clf.estimator, HistGradientBoostingClassifier)
    if isinstance(clf, JTTClassifier) and on_trees:
        return {EQUIVALENCE[0]: TREES}
    if isinstance(clf, ResamplingClassifier) and not on_trees:
        return dict.fromkeys(EQUIVALENCE, DRAWN)
    return {}


@pytest.mark.filterwarnings("ignore::skgroup.exceptions.MissingGroupsWarning")
@pytest.mark.filterwarnings("ignore::skgroup.exceptions.UnusableSplitWarning")
@parametrize_with_checks(
    [cls(e) for cls in [*METHODS, LossReweightingClassifier] for e in CHECKED],
    expected_failed_checks=reasons,
)
def test_scikit_learn_s_checks(estimator, check):
    try:
        check(estimator)
    except SkipTest:
        assert check.func.__name__ == "check_array_api_input", "what is skipped is not checked"
        raise
