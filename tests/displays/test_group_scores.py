import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from skgroup import GroupedArray
from skgroup.displays import GroupScoresDisplay
from skgroup.exceptions import GroupsError
from skgroup.metrics import group_scores, worst_group_accuracy

RNG = np.random.default_rng(0)
GROUPS = RNG.integers(-1, 4, size=200)
Y = RNG.integers(2, size=200)
PREDICTED = {
    "ERM": np.where(RNG.random(200) < 0.9, Y, 1 - Y),
    "robust": np.where(RNG.random(200) < 0.7, Y, 1 - Y),
}


def widths(display, name):
    return [bar.get_width() for bar in display.bars_[name]]


@pytest.mark.parametrize("metric", ["accuracy", "error_rate", "f1"])
def test_bars_intervals_and_lines_are_those_of_the_metrics(metric):
    settings = {"n_resamples": 20, "random_state": 0}
    display = GroupScoresDisplay.from_predictions(Y, PREDICTED, GROUPS, metric=metric, **settings)
    grouped = GROUPS >= 0
    for name, predicted in PREDICTED.items():
        expected = group_scores(Y, predicted, GROUPS, metrics=metric, **settings)
        assert widths(display, name) == expected[metric].tolist()
        ends = np.array(display.errorbars_[name].lines[2][0].get_segments())[:, :, 0].T
        np.testing.assert_allclose(ends, [expected[f"{metric}_{end}"] for end in ("low", "high")])
        whole = group_scores(
            Y[grouped], predicted[grouped], np.zeros(grouped.sum()), metrics=metric
        )
        assert display.average_lines_[name].get_xdata()[0] == whole[metric][0]
        worst = max(expected[metric]) if metric == "error_rate" else min(expected[metric])
        assert display.worst_lines_[name].get_xdata()[0] == worst
    assert display.groups_.tolist() == [0, 1, 2, 3]


def test_the_worst_line_is_the_worst_group_accuracy():
    display = GroupScoresDisplay.from_predictions(Y, PREDICTED["ERM"], GROUPS)
    worst = worst_group_accuracy(Y, PREDICTED["ERM"], GROUPS)
    assert display.worst_lines_["model"].get_xdata()[0] == worst
    assert [bool(b.get_hatch()) for b in display.bars_["model"]].index(True) == np.argmin(
        widths(display, "model")
    )


def test_groups_can_be_sorted_by_label_score_and_size():
    y, groups = np.zeros(9, dtype=int), list("aaabbbbcc")
    predicted = [0, 0, 0, 0, 0, 0, 1, 0, 1]  # 1, .75, .5
    orders = {"label": "abc", "score": "cba", "size": "cab"}
    for sort_by, order in orders.items():
        display = GroupScoresDisplay.from_predictions(y, predicted, groups, sort_by=sort_by)
        assert display.groups_.tolist() == list(order)
        by_label = dict(zip("abc", [1.0, 0.75, 0.5], strict=True))
        assert widths(display, "model") == [by_label[g] for g in order]


def test_an_undefined_score_is_left_open_and_is_not_the_worst():
    scores = {"m": {"group": np.array(["a", "b"]), "size": np.array([3, 4]),
                    "auc": np.array([np.nan, 0.7])}}  # fmt: skip
    display = GroupScoresDisplay(scores, "auc", {"m": 0.7}).plot(sort_by="score")
    assert display.groups_.tolist() == ["b", "a"]
    assert display.worst_lines_["m"].get_xdata()[0] == 0.7
    assert display.errorbars_ == {}
    assert display.ax_.get_xlabel() == "auc"


def test_models_predict_and_groups_may_travel_with_x():
    X = RNG.normal(size=(200, 3)) + Y[:, None]
    model = LogisticRegression().fit(X, Y)
    given = GroupScoresDisplay.from_estimator(model, X, Y, GROUPS)
    carried = GroupScoresDisplay.from_estimator(model, GroupedArray(X, GROUPS), Y)
    expected = group_scores(Y, model.predict(X), GROUPS)["accuracy"].tolist()
    name = "LogisticRegression"
    assert widths(given, name) == widths(carried, name) == expected
    ranked = GroupScoresDisplay.from_estimator(
        {"a": model, "b": model}, X, Y, GROUPS, metric="roc_auc", interval=None,
        response_method="predict_proba",
    )  # fmt: skip
    rows = GROUPS == 0
    auc = roc_auc_score(Y[rows], model.predict_proba(X)[rows, 1])
    assert widths(ranked, "b")[0] == auc
    with pytest.raises(GroupsError, match="groups was not given and X carries none"):
        GroupScoresDisplay.from_estimator(model, X, Y)


def test_names_of_pandas_and_sizes_are_on_the_axis():
    groups = pd.Series(["young", "old"] * 100, name="age")
    display = GroupScoresDisplay.from_predictions(Y, PREDICTED["ERM"], groups, confidence=0.9)
    assert display.ax_.get_ylabel() == "age"
    assert display.ax_.get_xlabel() == "accuracy with 90 % intervals"
    labels = [t.get_text() for t in display.ax_.get_yticklabels()]
    assert labels == ["old (n = 100)", "young (n = 100)"]
    crossed = pd.DataFrame({"age": groups, "sex": ["f", "f", "m", "m"] * 50})
    display = GroupScoresDisplay.from_predictions(Y, PREDICTED["ERM"], crossed)
    assert display.ax_.get_ylabel() == "age, sex"
    assert display.ax_.get_yticklabels()[0].get_text() == "old, f (n = 50)"


@pytest.mark.parametrize("n_groups", [1, 30])
def test_one_group_and_thirty_are_drawn(n_groups):
    groups = np.arange(200) % n_groups
    display = GroupScoresDisplay.from_predictions(Y, PREDICTED, groups)
    display.figure_.canvas.draw()
    assert len(display.bars_["ERM"]) == n_groups
    assert len(display.ax_.get_yticklabels()) == n_groups


def test_given_axes_are_drawn_on_and_nothing_global_changes():
    figure, ax = plt.subplots()
    settings, current = dict(mpl.rcParams), plt.gcf()
    other = plt.figure()
    display = GroupScoresDisplay.from_predictions(Y, PREDICTED, GROUPS, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is current is figure
    assert plt.gcf() is other
    assert dict(mpl.rcParams) == settings
    assert display.plot().ax_ is not ax


def test_bars_take_further_style():
    display = GroupScoresDisplay.from_predictions(Y, Y, GROUPS, bar_kw={"alpha": 0.5})
    assert display.bars_["model"][0].get_alpha() == 0.5


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"y_true": [], "y_pred": [], "groups": []}, GroupsError, "y_true is empty"),
        ({"y_pred": {}}, ValueError, "y_pred is an empty mapping"),
        ({"groups": np.full(200, -1)}, GroupsError, "outliers"),
        ({"groups": [1, 2]}, GroupsError, "groups has 2 entries"),
        ({"metric": "nonsense"}, ValueError, "metrics"),
        ({"metric": 3}, TypeError, "metric"),
        ({"sort_by": "size of the group"}, ValueError, "sort_by"),
        ({"ax": 3}, TypeError, "ax must be matplotlib axes, got int"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(change, error, text):
    arguments = {"y_true": Y, "y_pred": PREDICTED, "groups": GROUPS} | change
    with pytest.raises(error, match=text):
        GroupScoresDisplay.from_predictions(**arguments)
