import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgroup import cross_groups
from skgroup.datasets import load_compas

ATTRIBUTES = [
    "African-American, Female",
    "African-American, Male",
    "Caucasian, Female",
    "Caucasian, Male",
    "Other, Female",
    "Other, Male",
]
SIZES = {
    "two_year_recid": [405, 1390, 368, 1120, 124, 556, 247, 1654, 199, 767, 52, 332],
    "is_recid": [387, 1273, 358, 1071, 120, 534, 265, 1771, 209, 816, 56, 354],
}
FEATURES = [
    "sex",
    "age",
    "race",
    "juv_fel_count",
    "juv_misd_count",
    "juv_other_count",
    "priors_count",
    "c_charge_degree",
]


@pytest.mark.parametrize(("label", "ones"), [("two_year_recid", 3251), ("is_recid", 3471)])
def test_labels_and_group_sizes_are_those_of_the_source(label, ones):
    compas = load_compas(label=label)
    assert compas.target.dtype == np.int64
    assert np.bincount(compas.target).tolist() == [7214 - ones, ones]
    assert compas.group_names.tolist() == [f"{a}, {t}" for t in (0, 1) for a in ATTRIBUTES]
    assert [np.count_nonzero(compas.groups == g) for g in compas.group_names] == SIZES[label]
    assert compas.attribute_names.tolist() == ATTRIBUTES


def test_220_rows_differ_between_the_labels_in_one_direction():
    two_years, ever = load_compas().target, load_compas(label="is_recid").target
    assert np.count_nonzero(two_years != ever) == 220
    assert (ever >= two_years).all()


def test_the_first_rows_are_the_first_of_the_file():
    compas = load_compas(as_frame=True)
    expected = [
        ["Male", 69, "Other", 0, 0, 0, 0, "F"],
        ["Male", 34, "African-American", 0, 0, 0, 0, "F"],
        ["Male", 24, "African-American", 0, 0, 1, 4, "F"],
        ["Male", 23, "African-American", 0, 1, 0, 1, "F"],
    ]
    assert compas.data.head(4).to_numpy().tolist() == expected
    assert compas.target.head(4).tolist() == [0, 1, 1, 0]


def test_totals_of_the_columns():
    compas = load_compas()
    totals = dict(zip(compas.feature_names, compas.data.sum(axis=0).tolist(), strict=True))
    assert totals == {
        "sex_Male": 5819,
        "age": 251177,
        "race_African-American": 3696,
        "race_Asian": 32,
        "race_Caucasian": 2454,
        "race_Hispanic": 637,
        "race_Native American": 18,
        "race_Other": 377,
        "juv_fel_count": 485,
        "juv_misd_count": 656,
        "juv_other_count": 789,
        "priors_count": 25050,
        "c_charge_degree_F": 4666,
    }
    assert (compas.data.shape, compas.data.dtype) == ((7214, 13), np.float64)
    indicator = [f.startswith(("sex_", "race_", "c_")) for f in compas.feature_names]
    assert np.isin(compas.data[:, indicator], [0, 1]).all()


@pytest.mark.parametrize("as_frame", [False, True])
def test_features_do_not_depend_on_the_label(as_frame):
    data = [load_compas(label=label, as_frame=as_frame).data for label in SIZES]
    np.testing.assert_array_equal(np.asarray(data[0]), np.asarray(data[1]))
    names = load_compas(as_frame=as_frame).feature_names
    assert not any("recid" in n or "score" in n or "days" in n for n in names)


def test_split_is_disjoint_complete_and_in_file_order():
    compas = load_compas()
    split = [compas.train, compas.validation, compas.test]
    assert [len(rows) for rows in split] == [4328, 1443, 1443]
    np.testing.assert_array_equal(np.concatenate(split), np.arange(7214))


def test_groups_are_class_times_attribute():
    compas = load_compas()
    ids = cross_groups(compas.target, compas.attribute)
    np.testing.assert_array_equal(compas.group_names[ids], compas.groups)
    assert set(ids) == set(range(12))


def test_frame_holds_the_same_values_as_the_array():
    compas, framed = load_compas(), load_compas(as_frame=True)
    coded = pd.get_dummies(framed.data, dtype=float).reindex(columns=compas.feature_names)
    np.testing.assert_array_equal(coded.to_numpy(), compas.data)
    for key in ("target", "groups", "attribute"):
        assert framed[key].tolist() == compas[key].tolist()
        assert framed[key].index.equals(framed.data.index)
    for key in ("train", "validation", "test", "group_names", "attribute_names", "target_names"):
        np.testing.assert_array_equal(framed[key], compas[key])


def test_frame_types():
    compas = load_compas(as_frame=True)
    assert compas.feature_names == compas.data.columns.tolist() == FEATURES
    kinds = compas.data.dtypes.astype(str).to_dict()
    categorical = {"sex", "race", "c_charge_degree"}
    assert kinds == {f: "category" if f in categorical else "int64" for f in FEATURES}
    assert (compas.target.name, compas.groups.name) == ("two_year_recid", "groups")
    assert compas.groups.cat.categories.tolist() == compas.group_names.tolist()
    expected = compas.data.assign(two_year_recid=compas.target)
    pd.testing.assert_frame_equal(compas.frame, expected)


@pytest.mark.parametrize("as_frame", [False, True])
def test_return_X_y(as_frame):
    compas = load_compas(label="is_recid", as_frame=as_frame)
    X, y = load_compas(label="is_recid", return_X_y=True, as_frame=as_frame)
    assert (type(X), type(y)) == (type(compas.data), type(compas.target))
    np.testing.assert_array_equal(np.asarray(X), np.asarray(compas.data))
    np.testing.assert_array_equal(np.asarray(y), np.asarray(compas.target))


def test_description_tells_origin_licence_and_defects():
    text = load_compas().DESCR
    for words in ("ProPublica", "MIT licence", "Shlomi Hod", "arXiv:1906.04711", "998 rows"):
        assert words in text
    for name in [*FEATURES, *SIZES]:
        assert name in text
    for size in SIZES["two_year_recid"] + SIZES["is_recid"]:
        assert f" {size:,}\n" in text or f" {size:,} " in text


def test_published_baseline_is_reproduced():
    # Plain logistic regression without race and sex: accuracy .689
    compas = load_compas(label="is_recid")
    kept = [i for i, f in enumerate(compas.feature_names) if not f.startswith(("sex", "race"))]
    X, y = compas.data[:, kept], compas.target
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(X[compas.train], y[compas.train])
    assert model.score(X[compas.test], y[compas.test]) == pytest.approx(0.689, abs=0.003)


def test_calls_do_not_share_memory():
    load_compas().data[:] = 0
    assert load_compas().data.any()


def test_arrays_need_no_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert load_compas().data.shape == (7214, 13)
    with pytest.raises(ImportError, match=r"as_frame=True\) needs pandas: install it .* or use"):
        load_compas(as_frame=True)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"label": "decile_score"}, "'label' .*'two_year_recid'.* Got 'decile_score'"),
        ({"as_frame": "auto"}, "'as_frame' .* Got 'auto'"),
        ({"return_X_y": None}, "'return_X_y' .* Got None"),
    ],
)
def test_errors(parameters, message):
    with pytest.raises(ValueError, match=message):
        load_compas(**parameters)
