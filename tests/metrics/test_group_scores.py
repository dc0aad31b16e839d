import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import accuracy_score, f1_score, log_loss, mean_absolute_error, roc_auc_score

from skgroup import _optional
from skgroup.exceptions import GroupsError
from skgroup.metrics import bootstrap_interval, group_scores, wilson_interval

Y_TRUE = np.array([0, 0, 1, 1, 0, 1, 1, 1, 1])
Y_PRED = np.array([0, 1, 1, 1, 0, 0, 0, 1, 1])
GROUPS = np.array([3, 3, 3, 3, 1, 1, 1, 1, -1])


def test_by_hand():
    scores = group_scores(Y_TRUE, Y_PRED, GROUPS)
    assert list(scores) == [
        "group", "size", "accuracy", "accuracy_low", "accuracy_high", "n_outliers"
    ]  # fmt: skip
    assert scores["group"].tolist() == [1, 3]
    assert scores["size"].tolist() == [4, 4]
    assert scores["n_outliers"] == 1
    assert scores["accuracy"].tolist() == [0.5, 0.75]
    low, high = wilson_interval([2, 3], 4)
    np.testing.assert_allclose(scores["accuracy_low"], low)
    np.testing.assert_allclose(scores["accuracy_high"], high)


def test_no_outliers_and_no_intervals():
    scores = group_scores(Y_TRUE, Y_PRED, np.abs(GROUPS), interval=None)
    assert list(scores) == ["group", "size", "accuracy", "n_outliers"]
    assert scores["size"].tolist() == [5, 4]
    assert scores["n_outliers"] == 0


def test_error_rate_mirrors_accuracy():
    scores = group_scores(Y_TRUE, Y_PRED, GROUPS, metrics={"a": "accuracy", "e": "error_rate"})
    np.testing.assert_allclose(scores["e"], 1 - scores["a"])
    np.testing.assert_allclose(scores["e_low"], 1 - scores["a_high"])
    np.testing.assert_allclose(scores["e_high"], 1 - scores["a_low"])


@pytest.mark.parametrize(
    ("metrics", "name"),
    [("f1", "f1"), (f1_score, "f1_score"), (partial(f1_score, pos_label=1), "score")],
)
def test_names_of_metrics(metrics, name):
    scores = group_scores(Y_TRUE, Y_PRED, GROUPS, metrics=metrics, n_resamples=5, random_state=0)
    assert scores[name] == pytest.approx([0.5, 0.8])  # f1 = 2 tp / (2 tp + fp + fn)
    assert (scores[f"{name}_low"] <= scores[f"{name}_high"]).all()


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "precision", "recall"])
def test_named_metrics_equal_a_loop_over_groups(name):
    from sklearn import metrics

    rng = np.random.default_rng(0)
    y_true, y_pred, groups = rng.integers(0, 2, (3, 200))
    scores = group_scores(y_true, y_pred, groups, metrics=name, interval=None)
    metric = getattr(metrics, f"{name}_score")
    expected = [metric(y_true[groups == g], y_pred[groups == g]) for g in (0, 1)]
    assert scores[name] == pytest.approx(expected)


def test_metrics_of_probabilities():
    probabilities = np.column_stack([1 - Y_PRED * 0.8 - 0.1, Y_PRED * 0.8 + 0.1])
    metric = partial(log_loss, labels=[0, 1])
    scores = group_scores(Y_TRUE, probabilities, GROUPS, metrics={"loss": metric}, interval=None)
    right, wrong = -np.log(0.9), -np.log(0.1)
    assert scores["loss"] == pytest.approx([(right + wrong) / 2, (3 * right + wrong) / 4])


def test_bootstrap_resamples_inside_the_group():
    # Rows of the other group are all right: resampling across groups would show.
    y_true, groups = np.ones(80, dtype=int), np.repeat([0, 1], 40)
    y_pred = np.where((groups == 1) | (np.arange(80) % 2 == 0), 1, 0)
    scores = group_scores(
        y_true, y_pred, groups, interval="bootstrap", n_resamples=100, random_state=0
    )
    assert scores["accuracy_high"][0] < 0.75
    assert scores["accuracy_low"][1] == scores["accuracy_high"][1] == 1
    first = bootstrap_interval(
        accuracy_score, y_true[:40], y_pred[:40], n_resamples=100, random_state=0
    )
    assert (scores["accuracy_low"][0], scores["accuracy_high"][0]) == first


def test_sample_weight_reaches_the_metric_and_turns_wilson_off():
    weight = np.array([1, 3, 1, 1, 1, 1, 1, 5, 9])
    scores = group_scores(
        Y_TRUE, Y_PRED, GROUPS, sample_weight=weight, n_resamples=50, random_state=0
    )
    assert scores["accuracy"] == pytest.approx([6 / 8, 3 / 6])
    seeded = np.random.RandomState(0)
    expected = [
        bootstrap_interval(
            accuracy_score,
            Y_TRUE[rows],
            Y_PRED[rows],
            sample_weight=weight[rows],
            n_resamples=50,
            random_state=seeded,
        )
        for rows in ([4, 5, 6, 7], [0, 1, 2, 3])
    ]
    assert list(zip(scores["accuracy_low"], scores["accuracy_high"], strict=True)) == expected


def test_frame_holds_the_same_as_the_dict():
    settings = dict(metrics={"acc": "accuracy", "f1": "f1"}, n_resamples=10, random_state=0)
    scores = group_scores(Y_TRUE, Y_PRED, GROUPS, **settings)
    frame = group_scores(Y_TRUE, Y_PRED, GROUPS, as_frame=True, **settings)
    assert frame.attrs["n_outliers"] == scores.pop("n_outliers") == 1
    pd.testing.assert_frame_equal(frame, pd.DataFrame(scores))


def test_crossed_groups_in_a_frame():
    groups = {"y": Y_TRUE[:4], "a": ["u", "v", "u", "u"]}
    frame = group_scores(Y_TRUE[:4], Y_PRED[:4], pd.DataFrame(groups), as_frame=True)
    assert frame["group"].tolist() == [(0, "u"), (0, "v"), (1, "u")]
    assert frame["accuracy"].tolist() == [1, 0, 1]


def test_undefined_scores_are_nan_with_the_metric_s_own_warning():
    with pytest.warns(UndefinedMetricWarning, match="ROC AUC"):
        scores = group_scores(
            [0, 1, 1, 1], [0.1, 0.9, 0.2, 0.3], [0, 0, 1, 1], metrics=roc_auc_score, n_resamples=5
        )
    assert scores["roc_auc_score"][0] == 1
    assert np.isnan([scores[f"roc_auc_score{end}"][1] for end in ("", "_low", "_high")]).all()


def test_seeded_and_global_state_untouched():
    before = pickle.dumps(np.random.get_state())
    first, again, other = (
        group_scores(Y_TRUE, Y_PRED, GROUPS, metrics="f1", n_resamples=9, random_state=seed)
        for seed in (0, 0, 1)
    )
    group_scores(Y_TRUE, Y_PRED, GROUPS)  # Wilson draws nothing, even without a seed
    assert pickle.dumps(np.random.get_state()) == before
    np.testing.assert_array_equal(first["f1_low"], again["f1_low"])
    assert (first["f1_low"] != other["f1_low"]).any() or (
        first["f1_high"] != other["f1_high"]
    ).any()


@pytest.mark.parametrize(
    ("kwargs", "text"),
    [
        ({"metrics": "accuracy_score"}, "'metrics' parameter of group_scores.*'accuracy'"),
        ({"metrics": {"a": "nonsense"}}, r"metrics\['a'\] must be a callable or one of .*'f1'"),
        ({"metrics": {"a": ["f1"]}}, r"metrics\['a'\] must be a callable .* got \['f1'\]"),
        ({"metrics": {"size": "f1"}}, "metrics has the key 'size'.* rename it"),
        (
            {"metrics": "f1", "interval": "wilson"},
            "not defined for the metric 'f1', only for unweighted accuracies and error rates: use "
            r"interval='auto' or 'bootstrap'\.$",
        ),
        ({"metrics": {"group": "f1"}}, "metrics has the key 'group', which group_scores needs"),
        ({"metrics": {"n_outliers": "f1"}}, "metrics has the key 'n_outliers'"),
        ({"sample_weight": np.ones(9), "interval": "wilson"}, "not defined with sample_weight"),
        ({"interval": "normal"}, "'interval' parameter of group_scores"),
        ({"sample_weight": [1, 2]}, "inconsistent numbers of samples"),
        ({"n_resamples": 0}, "'n_resamples' parameter"),
    ],
)
def test_errors(kwargs, text):
    with pytest.raises(ValueError, match=text):
        group_scores(Y_TRUE, Y_PRED, GROUPS, **kwargs)


def test_group_errors():
    with pytest.raises(GroupsError, match="outliers"):
        group_scores([0, 1], [0, 1], [-1, -1])
    with pytest.raises(GroupsError, match="different pandas indexes"):
        group_scores(pd.Series([0, 1]), [0, 1], pd.Series([0, 1], index=[1, 0]))


ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from("abc"), st.integers(1, 3)),
    min_size=1, max_size=25,
)  # fmt: skip
EVERY = {"accuracy": "accuracy", "error_rate": "error_rate", "mae": mean_absolute_error}


@settings(max_examples=settings().max_examples // 2)
@given(ROWS, st.randoms(use_true_random=False), st.permutations("abc"))
def test_order_of_rows_and_names_of_groups(rows, random, names):
    y_true, y_pred, groups, _ = map(list, zip(*rows, strict=True))
    found = group_scores(y_true, y_pred, groups, metrics=EVERY, interval=None)
    wilson = group_scores(y_true, y_pred, groups)
    rename = dict(zip("abc", names, strict=True))
    random.shuffle(rows)
    y_true, y_pred, groups, _ = zip(*rows, strict=True)
    new = [rename[name] for name in groups]
    again = group_scores(y_true, y_pred, new, metrics=EVERY, interval=None)
    places = [again["group"].tolist().index(rename[name]) for name in found["group"].tolist()]
    for key in ("size", *EVERY):
        np.testing.assert_allclose(again[key][places], found[key], rtol=1e-12)
    limits = group_scores(y_true, y_pred, new)
    for key in ("accuracy_low", "accuracy_high"):
        np.testing.assert_array_equal(limits[key][places], wilson[key])


@settings(max_examples=settings().max_examples // 2)
@given(ROWS)
def test_integer_weights_are_repetition(rows):
    y_true, y_pred, groups, weight = map(np.array, zip(*rows, strict=True))
    weighted = group_scores(
        y_true, y_pred, groups, metrics=EVERY, sample_weight=weight, interval=None
    )
    often = np.repeat(np.arange(len(rows)), weight)
    repeated = group_scores(
        y_true[often], y_pred[often], groups[often], metrics=EVERY, interval=None
    )
    for key in EVERY:
        np.testing.assert_allclose(weighted[key], repeated[key], rtol=1e-12)


def test_every_group_s_interval_holds_its_own_accuracy_as_often_as_stated():
    rng = np.random.default_rng(0)
    accuracies, sizes = np.array([0.6, 0.75, 0.85]), np.array([150, 60, 40])
    groups, y_true = np.repeat([0, 1, 2], sizes), np.ones(sizes.sum(), dtype=int)
    covered = np.zeros(3)
    for _ in range(400):
        y_pred = (rng.random(len(y_true)) < accuracies[groups]).astype(int)
        scores = group_scores(y_true, y_pred, groups, confidence=0.9)
        covered += (scores["accuracy_low"] <= accuracies) & (accuracies <= scores["accuracy_high"])
    error = np.sqrt(0.9 * 0.1 / 400)
    # Numbers of rows are whole, and so coverage is only about the level: here at most 2 % off.
    assert np.abs(covered / 400 - 0.9).max() < 0.02 + 3 * error


def test_without_pandas_the_extra_is_named(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(_optional, "import_module", missing)
    with pytest.raises(ImportError) as caught:
        group_scores(Y_TRUE, Y_PRED, GROUPS, as_frame=True)
    assert str(caught.value) == (
        "group_scores(as_frame=True) needs pandas, which is not installed: run "
        "`pip install 'skgroup[dataframe]'`."
    )
