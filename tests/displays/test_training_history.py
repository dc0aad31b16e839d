import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgroup import ERMClassifier, GroupDROClassifier, ReweightingClassifier
from skgroup.datasets import make_shortcut_classification
from skgroup.displays import TrainingHistoryDisplay

X, Y, GROUPS = make_shortcut_classification(400, agreement=0.8, random_state=0)
NAMES = np.array(["land bird on land", "land bird on water", "w on land", "w on water"])
SETTINGS = {"hidden_layer_sizes": (4,), "max_epochs": 6, "random_state": 0}
CLF = GroupDROClassifier(early_stopping=True, patience=3, **SETTINGS)
CLF.fit(X, Y, groups=NAMES[GROUPS])


def test_curves_are_the_history():
    display = TrainingHistoryDisplay.from_estimator(CLF)
    names = ["group_loss", "group_accuracy", "valid_group_accuracy", "group_weights"]
    assert list(display.lines_) == names
    for name, lines in display.lines_.items():
        drawn = np.array([line.get_ydata() for line in lines]).T
        np.testing.assert_array_equal(drawn, CLF.history_[name])
        np.testing.assert_array_equal(lines[0].get_xdata(), np.arange(len(drawn)) + 1)
    averages = {"group_loss": "train_loss", "group_accuracy": "train_accuracy",
                "valid_group_accuracy": "valid_accuracy"}  # fmt: skip
    assert display.average_lines_.keys() == averages.keys()
    for name, average in averages.items():
        drawn = display.average_lines_[name].get_ydata()
        np.testing.assert_array_equal(drawn, CLF.history_[average])
    texts = {t.get_text().strip() for t in display.axes_[0].texts}
    assert texts == {
        "land bird on land",
        "land bird on water",
        "w on land",
        "w on water",
        "average",
    }


def test_the_epoch_that_was_kept_is_marked():
    display = TrainingHistoryDisplay.from_estimator(CLF)
    scores = CLF.history_["valid_score"]
    assert scores[display.best_epoch_ - 1] == scores.max()
    marks = [line.get_xdata() for line in display.axes_[0].lines]
    assert [display.best_epoch_] * 2 in [list(mark) for mark in marks]
    assert f"grey: {display.best_epoch_}, the one kept" in display.axes_[0].get_xlabel()
    # The weights are those of that epoch: its accuracies come again.
    again = GroupDROClassifier(
        early_stopping=True, patience=3, **SETTINGS | {"max_epochs": display.best_epoch_}
    ).fit(X, Y, groups=NAMES[GROUPS])
    np.testing.assert_array_equal(again.predict_proba(X), CLF.predict_proba(X))


def test_without_validation_nothing_is_marked():
    model = make_pipeline(StandardScaler(), ERMClassifier(**SETTINGS)).fit(X, Y)
    display = TrainingHistoryDisplay.from_estimator(model)
    assert list(display.lines_) == ["group_loss", "group_accuracy"]
    assert display.best_epoch_ is None
    assert display.axes_[0].get_xlabel() == "epoch"


def test_panels_can_be_chosen():
    _, ax = plt.subplots()
    display = TrainingHistoryDisplay.from_estimator(CLF, panels=["group_weights"], ax=ax)
    assert display.axes_.tolist() == [ax]
    assert display.ax_ is ax
    with pytest.raises(ValueError, match="panels must be some of"):
        display.plot(panels=["valid_loss"])
    with pytest.raises(ValueError, match="panels must be some of"):
        display.plot(panels=[])


def test_groups_that_only_validation_data_have_are_new():
    history = {"group_loss": np.ones((2, 2)), "valid_group_accuracy": np.ones((2, 3))}
    display = TrainingHistoryDisplay.from_history(history, ["a", "b"])
    assert display.names == ["a", "b", "new 1"]
    assert len(display.lines_["group_loss"]) == 2
    assert len(display.lines_["valid_group_accuracy"]) == 3
    assert TrainingHistoryDisplay.from_history(history).names == ["0", "1", "2"]


@pytest.mark.parametrize(("n_epochs", "n_groups"), [(1, 1), (1, 4), (3, 30), (200, 2)])
def test_one_epoch_and_many_groups_are_drawn(n_epochs, n_groups):
    history = {"group_loss": np.random.default_rng(0).random((n_epochs, n_groups))}
    display = TrainingHistoryDisplay.from_history(history)
    display.figure_.canvas.draw()
    ticks = display.ax_.get_xticks()
    assert np.all((ticks >= 1) & (ticks <= n_epochs) & (ticks == ticks.round()))
    assert len(display.lines_["group_loss"]) == n_groups


def test_what_has_no_history_is_refused():
    with pytest.raises(TypeError, match="LogisticRegression keeps no history_"):
        TrainingHistoryDisplay.from_estimator(LogisticRegression().fit(X, Y))
    with pytest.raises(NotFittedError):
        TrainingHistoryDisplay.from_estimator(GroupDROClassifier())
    trees = ReweightingClassifier(LogisticRegression()).fit(X, Y, groups=GROUPS)
    with pytest.raises(ValueError, match=r"history has no epoch of .* \(it has: None\)"):
        TrainingHistoryDisplay.from_estimator(trees)
    with pytest.raises(ValueError, match=r"it has: \['train_loss'\]"):
        TrainingHistoryDisplay.from_history({"train_loss": [1.0]})
    with pytest.raises(ValueError, match=r"different lengths: \[1, 2\]"):
        TrainingHistoryDisplay.from_history({"group_loss": [[1.0]], "train_loss": [1.0, 2.0]})
