"""pandas and polars in, names of columns and groups out."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skgroup import (
    GradientGroupInferrer,
    GroupDROClassifier,
    ReweightingClassifier,
    cross_groups,
)
from skgroup.datasets import make_shortcut_classification
from skgroup.inspection import describe_groups, stability
from skgroup.metrics import group_scores, within_class_ari, worst_group_accuracy

X, Y, GROUPS = make_shortcut_classification(400, agreement=0.9, n_features=3, random_state=0)
NAMES = ["core", "background", "noise"]
PLACES = np.array(["land", "water"])[GROUPS % 2]
CLF = GroupDROClassifier(hidden_layer_sizes=(8,), lr=0.03, max_epochs=5, random_state=0)
INFERRER = GradientGroupInferrer(k=2, random_state=0)


class Pandas:
    table = staticmethod(lambda values: pd.DataFrame(values, columns=NAMES))
    column = staticmethod(pd.Series)
    category = staticmethod(lambda values: pd.Series(values).astype("category"))


class Polars:
    table = staticmethod(lambda values: pl.DataFrame(values, schema=NAMES))
    column = staticmethod(pl.Series)
    category = staticmethod(lambda values: pl.Series(values).cast(pl.Categorical))


frames = pytest.mark.parametrize("lib", [Pandas, Polars], ids=["pandas", "polars"])


@frames
@pytest.mark.parametrize("kind", ["column", "category"])
def test_groups_with_names(lib, kind):
    groups = getattr(lib, kind)(PLACES)
    expected = clone(CLF).fit(X, Y, groups=PLACES)
    found = clone(CLF).fit(lib.table(X), lib.column(Y), groups=groups)
    np.testing.assert_array_equal(found.predict_proba(lib.table(X)), expected.predict_proba(X))
    assert found.group_labels_.tolist() == ["land", "water"]
    assert found.feature_names_in_.tolist() == NAMES


@frames
def test_a_missing_group_is_an_outlier(lib):
    some = [None, *PLACES[1:].tolist()]
    assert clone(CLF).fit(lib.table(X), Y, groups=lib.column(some)).n_outliers_ == 1


@frames
def test_validation_rows(lib):
    rows, y, groups = lib.table(X), lib.column(Y), lib.column(PLACES)
    fitted = clone(CLF).fit(rows, y, groups, X_val=rows, y_val=y, groups_val=groups)
    plain = clone(CLF).fit(X, Y, PLACES, X_val=X, y_val=Y, groups_val=PLACES)
    np.testing.assert_array_equal(fitted.history_["valid_score"], plain.history_["valid_score"])
    inferred = clone(INFERRER).fit(rows, y, rows, y)
    np.testing.assert_array_equal(inferred.groups_val_, inferred.groups_)


@frames
def test_reports(lib):
    rows, y, places = lib.table(X), lib.column(Y), lib.column(PLACES)
    inferrer, plain = clone(INFERRER).fit(rows, y), clone(INFERRER).fit(X, Y)
    np.testing.assert_array_equal(inferrer.groups_, plain.groups_)
    found = describe_groups(inferrer, rows, y, max_features=1, random_state=0)
    named = describe_groups(plain, X, Y, NAMES, max_features=1, random_state=0)
    assert str(found) == str(named)
    assert "background > " in str(found)
    known = describe_groups(inferrer, rows, y, groups=places, random_state=0)
    assert [record["group"] for record in known.records] == ["land", "water", "land", "water"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they say of few rows is not the matter here
        options = {"n_resamples": 2, "n_seeds": 1, "n_null": 0, "random_state": 0}
        assert str(stability(inferrer, rows, y, **options)) == str(
            stability(plain, X, Y, **options)
        )


@frames
def test_metrics(lib):
    y, places = lib.column(Y), lib.column(PLACES)
    predicted = clone(CLF).fit(X, Y, GROUPS).predict(X)
    by_place = [(predicted == Y)[place == PLACES].mean() for place in ("land", "water")]
    assert worst_group_accuracy(y, lib.column(predicted), places) == min(by_place)
    table = group_scores(y, predicted, places)
    assert table["group"].tolist() == ["land", "water"]
    assert table["accuracy"].tolist() == by_place
    groups, names = cross_groups(y, places, return_names=True)
    assert names.tolist() == ["0, land", "0, water", "1, land", "1, water"]
    assert within_class_ari(groups, lib.column(groups), y) == 1.0


@frames
def test_rows_are_split_together(lib):
    parts = train_test_split(lib.table(X), lib.column(Y), lib.column(PLACES), random_state=0)
    fitted = clone(CLF).fit(parts[0], parts[2], groups=parts[4])
    train, _ = train_test_split(np.arange(400), random_state=0)
    plain = clone(CLF).fit(X[train], Y[train], groups=PLACES[train])
    found = fitted.predict_proba(lib.table(X))
    np.testing.assert_array_equal(found, plain.predict_proba(X))


@frames
def test_columns_in_another_order_are_told(lib):
    fitted = clone(CLF).fit(lib.table(X), Y, groups=PLACES)
    with pytest.raises(ValueError, match="in the same order as they were in fit"):
        fitted.predict(lib.table(X)[NAMES[::-1]])


def mixed_table(category):
    """The shortcut, which is the second column, as text or as a category."""
    side = pd.Series(np.where(X[:, 1] > 0, "grass", "sand"))
    side = side.astype("category") if category else side
    return pd.DataFrame({"core": X[:, 0], "background": side, "noise": X[:, 2]})


@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
@pytest.mark.parametrize("category", [False, True])
def test_names_survive_encoded_columns(category, output):
    """The names of `set_output` reach the inferrer, and the descriptions."""
    table = mixed_table(category)
    encode = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include=float)),
        (OneHotEncoder(sparse_output=False), ["background"]),
        verbose_feature_names_out=False,
    ).set_output(transform=output)
    line = make_pipeline(encode, clone(INFERRER), clone(CLF)).fit(table, Y)
    assert line[-1].n_groups_ == 4
    encoded = line[0].transform(table)
    names = line[0].get_feature_names_out()
    if output != "default":
        assert line[1].feature_names_in_.tolist() == names.tolist()
    assert names.tolist() == ["core", "noise", "background_grass", "background_sand"]
    found = describe_groups(line[1], encoded, Y, names, max_features=1, random_state=0)
    assert "background_" in str(found)


def test_categories_go_straight_to_trees():
    table = mixed_table(category=True)
    trees = HistGradientBoostingClassifier(
        categorical_features="from_dtype", max_iter=5, random_state=0
    )
    robust = ReweightingClassifier(trees).fit(table, pd.Series(Y), groups=pd.Series(PLACES))
    share = pd.Series(PLACES).map(pd.Series(PLACES).value_counts())
    by_hand = clone(trees).fit(table, Y, sample_weight=1 / share * 200)
    agree = robust.predict(table) == by_hand.predict(table)
    assert agree.mean() > 0.97  # the same but for the rounding of weights
