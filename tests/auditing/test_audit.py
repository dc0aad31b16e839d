import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from joblib import parallel_config
from scipy import sparse
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted

import skgroup
from skgroup import GradientGroupInferrer, GroupDROClassifier
from skgroup.datasets import make_shortcut_classification
from skgroup.metrics import group_scores, within_class_ari

QUICK = {"alternatives": [], "n_refits": 0, "random_state": 0}


class Never(LogisticRegression):
    """A classifier that must not be fitted."""

    def fit(self, X, y):
        raise AssertionError("work was done before the checks")


def mixed(frame, y):
    """The planted frame with a text column that says the shortcut, and a missing number."""
    X = frame.drop(columns="shortcut")
    X["place"] = np.where(frame["shortcut"] > 0, "water", "land")
    X.loc[5, "a"] = np.nan
    return X, y


def assert_names_the_weak_groups(report, name):
    own = report.verdicts[0]
    weak = [g for g in own.groups if g.score.value < 0.65]
    assert len(weak) == 2
    for group in weak:
        (told,) = [d for d in report.descriptions if d.group == group.group]
        assert told.features[0].name.startswith(name)
        assert told.rules[0].conditions[0].name.startswith(name)
        assert told.rules[0].precision > 0.9


def test_a_planted_weak_group_is_found_and_named(planted, inferred):
    _, y, groups = planted
    assert within_class_ari(groups, inferred.groups, y) > 0.85
    assert_names_the_weak_groups(inferred, "shortcut")
    assert inferred.verdicts[0].worst.score.value + 0.3 < inferred.verdicts[1].worst.score.value
    assert "shortcut" in str(inferred)


def test_inferred_groups_are_not_where_this_sample_went_wrong():
    # Labels that nothing predicts: the model is wrong about half of the rows, and of any group
    # that was not picked by its errors.
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3000, 4)), rng.integers(2, size=3000)
    report = skgroup.audit(RandomForestClassifier(30, random_state=0), X, y, **QUICK)
    own = report.verdicts[0]
    for label in (0, 1):
        scores = [
            g.score for g in own.groups
            if report.titles[g.group].endswith(f"(class {label})")
        ]  # fmt: skip
        lowest, highest = min(s.high for s in scores), max(s.low for s in scores)
        assert lowest >= highest - 0.05


def test_known_groups_are_used_as_they_are(planted, given):
    groups = planted[2]
    assert given.group_labels == ["field", "land", "sea", "water"]
    names = np.array(["land", "water", "field", "sea"])[groups]
    np.testing.assert_array_equal(np.array(given.group_labels)[given.groups], names)
    assert given.stability is None
    assert not given.inferred


def test_a_fitted_model_is_judged_as_it_is_on_all_rows_when_nothing_is_learnt(planted):
    X, y, groups = planted
    model = LogisticRegression().fit(X[:200], y[:200])
    report = skgroup.audit(model, X[200:], y[200:], groups[200:], **QUICK)
    assert report.is_fitted
    np.testing.assert_array_equal(report.rows, np.arange(1000))
    np.testing.assert_array_equal(report.predictions["LogisticRegression"], model.predict(X[200:]))


def test_the_model_the_data_and_the_global_state_are_left_alone(planted):
    X, y, _ = planted
    model, copy, labels = LogisticRegression(), X.copy(), y.copy()
    state = np.random.get_state()[1].tolist()
    skgroup.audit(model, X, y, alternatives=["reweighting"], n_refits=1, n_null=0, random_state=0)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        check_is_fitted(model)
    assert model.random_state is None
    pd.testing.assert_frame_equal(X, copy)
    np.testing.assert_array_equal(y, labels)
    assert np.random.get_state()[1].tolist() == state


def test_the_same_seed_gives_the_same_report_with_any_number_of_jobs(planted):
    X, y, _ = planted
    options = {"alternatives": ["resampling"], "n_refits": 2, "n_null": 0, "random_state": 7}
    pages = set()
    for n_jobs in (None, None, 2):
        with parallel_config(backend="threading"):
            model = RandomForestClassifier(10)
            pages.add(skgroup.audit(model, X[:400], y[:400], n_jobs=n_jobs, **options).to_html())
    assert len(pages) == 1


def test_another_seed_holds_out_other_rows(planted):
    X, y, _ = planted
    one, other = (
        skgroup.audit(LogisticRegression(), X, y, **QUICK | {"random_state": seed}).rows
        for seed in (0, 1)
    )
    assert one.tolist() != other.tolist()


def test_a_pipeline_gets_the_frame_as_it_is(planted):
    X, y = mixed(*planted[:2])
    X = X.drop(columns="a")
    columns = make_column_transformer(
        (OneHotEncoder(), make_column_selector(dtype_exclude=np.number)),
        (StandardScaler(), make_column_selector(dtype_include=np.number)),
    )
    report = skgroup.audit(make_pipeline(columns, LogisticRegression()), X, y, **QUICK)
    assert report.model_name == "LogisticRegression"
    assert_names_the_weak_groups(report, "place_")


def test_boosted_trees_read_missing_values_and_categories(planted):
    X, y = mixed(*planted[:2])
    X["place"] = X["place"].astype("category")
    model = HistGradientBoostingClassifier(
        max_depth=2, categorical_features="from_dtype", random_state=0
    )
    report = skgroup.audit(model, X, y, **QUICK | {"alternatives": ["reweighting", "erm"]})
    assert list(report.predictions) == [
        "HistGradientBoostingClassifier", "HistGradientBoostingClassifier, reweighted", "ERM",
    ]  # fmt: skip
    assert_names_the_weak_groups(report, "place_")


def test_polars_arrays_and_sparse_matrices_give_the_same_scores(planted):
    X, y, _ = planted
    values = X.to_numpy()
    tables = [X, pl.DataFrame(values, schema=list(X.columns)), values, sparse.csr_array(values)]
    options = QUICK | {"alternatives": ["reweighting"]}
    found = [skgroup.audit(LogisticRegression(), table, y, **options) for table in tables]
    for report in found[1:]:
        pd.testing.assert_frame_equal(report.to_frame(), found[0].to_frame(), rtol=1e-6)


def test_of_a_model_without_probabilities_the_errors_are_enough(planted):
    X, y, _ = planted
    report = skgroup.audit(LinearSVC(random_state=0), X, y, **QUICK)
    assert_names_the_weak_groups(report, "shortcut")


def test_classifiers_of_ours_with_three_classes_and_their_own_groups():
    X, y, groups = make_shortcut_classification(
        600, n_classes=3, n_features=4, agreement=0.8, random_state=0
    )
    model = GroupDROClassifier(max_epochs=3)
    report = skgroup.audit(model, X, y, groups, **QUICK)
    assert [v.name for v in report.verdicts] == ["GroupDROClassifier"]
    assert len(report.verdicts[0].groups) == 9
    assert not any(f.kind == "trained without groups" for f in report.findings)
    assert skgroup.audit(model, X, y, **QUICK).inferred


def test_another_inferrer(planted):
    X, y, _ = planted
    inferrer = GradientGroupInferrer(k=2, random_state=0)
    report = skgroup.audit(LogisticRegression(), X, y, inferrer=inferrer, **QUICK)
    assert_names_the_weak_groups(report, "shortcut")


def test_other_metrics(planted):
    X, y, groups = planted
    y = (y == "yes").astype(int)
    # Groups of both classes, where the metric is defined.
    groups = groups % 2
    for metric, name in (("f1", "f1"), (balanced_accuracy_score, "balanced_accuracy_score")):
        report = skgroup.audit(
            LogisticRegression(), X, y, groups, metric=metric, n_resamples=20, **QUICK
        )
        frame = report.to_frame()
        own = group_scores(
            y[report.rows], report.predictions["LogisticRegression"], groups[report.rows],
            metrics={name: metric}, interval=None,
        )  # fmt: skip
        assert frame[name].tolist() == own[name].tolist()
        assert (frame[f"{name}_low"] <= frame[name]).all()


def test_rows_of_no_group_count_for_the_average_only(planted):
    X, y, groups = planted
    known = np.where(np.arange(len(y)) % 10 == 0, -1, groups)
    report = skgroup.audit(LogisticRegression(), X, y, known, **QUICK)
    assert report.n_outliers == int((known[report.rows] < 0).sum()) > 0
    assert sum(g.size for g in report.verdicts[0].groups) == len(report.rows) - report.n_outliers
    right = report.predictions["LogisticRegression"] == y[report.rows]
    assert report.verdicts[0].average.value == right.mean()


def test_metadata_routing_changes_nothing(planted):
    X, y, groups = planted
    options = QUICK | {"alternatives": ["reweighting"]}
    plain = skgroup.audit(LogisticRegression(), X, y, groups, **options)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = skgroup.audit(LogisticRegression(), X, y, groups, **options)
    assert routed.to_html() == plain.to_html()


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"alternatives": ["erm", "best"]}, ValueError, "'best', but the names known"),
        ({"test_size": 1.0}, ValueError, "test_size"),
        ({"metric": "roc_auc"}, ValueError, "metric"),
        ({"metric": "f1"}, ValueError, "pos_label"),
        ({"n_null": 5}, ValueError, "n_null"),
        ({"confidence": 95}, ValueError, "confidence"),
        ({"inferrer": GradientGroupInferrer}, TypeError, "the class GradientGroupInferrer"),
        ({"inferrer": LogisticRegression()}, TypeError, "a group inferrer, got Logistic"),
        ({"model": LinearRegression()}, TypeError, "scikit-learn classifier"),
        ({"groups": [1, 2]}, ValueError, "groups has 2 entries"),
    ],
    ids=lambda value: "" if isinstance(value, (str, type)) else next(iter(value)),
)
def test_bad_options_are_an_error_before_any_work(planted, options, error, match):
    X, y, _ = planted
    with pytest.raises(error, match=match):
        skgroup.audit(**{"model": Never(), "X": X, "y": y} | options)


def test_progress_is_shown_when_asked_for(planted, capsys):
    X, y, groups = planted
    skgroup.audit(LogisticRegression(), X, y, groups, **QUICK)
    assert capsys.readouterr() == ("", "")
    skgroup.audit(LogisticRegression(), X, y, groups, verbose=1, **QUICK)
    assert "tests groups: 100%" in capsys.readouterr().err
