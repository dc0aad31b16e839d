"""Optuna's studies: trials that report their worst group after each epoch, and are pruned."""

import pytest
from skorch.callbacks import Callback

from skgroup import GroupDROClassifier
from skgroup.datasets import make_shortcut_classification

optuna = pytest.importorskip("optuna")

X, Y, GROUPS = make_shortcut_classification(400, n_features=3, random_state=0)
TIMID = 1e-5  # a learning rate that learns nothing in a few epochs


class ReportWorstGroup(Callback):
    """Tell a trial how the worst group of the held-out rows does, and end the fit if it asks."""

    def __init__(self, trial):
        self.trial = trial

    def on_epoch_end(self, net, **kwargs):
        row = net.history[-1]
        self.trial.report(row["valid_score"], step=row["epoch"])
        if self.trial.should_prune():
            raise optuna.TrialPruned


def fitted(trial, lr):
    clf = GroupDROClassifier(
        hidden_layer_sizes=(8,), lr=lr, max_epochs=4, early_stopping=True, random_state=0,
        callbacks=[ReportWorstGroup(trial)],
    )  # fmt: skip
    return clf.fit(X, Y, groups=GROUPS)


@pytest.fixture
def study():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.GridSampler({"lr": [0.03, 0.01, TIMID]}, seed=0),
        pruner=optuna.pruners.ThresholdPruner(lower=0.05, n_warmup_steps=2),
    )
    optuna.logging.set_verbosity(before)


def test_trials_without_hope_are_pruned(study):
    histories = {}

    def worst_group_of(trial):
        lr = trial.suggest_float("lr", TIMID, 0.1)
        clf = fitted(trial, lr)
        histories[lr] = clf.history_["valid_score"].tolist()
        return max(histories[lr])

    study.optimize(worst_group_of, n_trials=3)
    states = {trial.params["lr"]: trial.state.name for trial in study.trials}
    assert states == {0.03: "COMPLETE", 0.01: "COMPLETE", TIMID: "PRUNED"}
    for trial in study.trials:
        if trial.state.name == "COMPLETE":
            reported = list(trial.intermediate_values.values())
            assert reported == pytest.approx(histories[trial.params["lr"]])
        else:
            assert len(trial.intermediate_values) < 4
    assert study.best_value == max(map(max, histories.values()))


def test_a_pruned_fit_leaves_no_half_fitted_classifier():
    study = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(lower=2.0))
    trial = study.ask()
    clf = GroupDROClassifier(
        hidden_layer_sizes=(8,), max_epochs=4, early_stopping=True, random_state=0,
        callbacks=[ReportWorstGroup(trial)],
    )  # fmt: skip
    with pytest.raises(optuna.TrialPruned):
        clf.fit(X, Y, groups=GROUPS)
    assert not hasattr(clf, "net_")
