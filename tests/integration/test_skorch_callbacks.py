"""Callbacks of the user, from the parameter of a classifier to the end of a search."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    Freezer,
    GradientNormClipping,
    LRScheduler,
    TrainEndCheckpoint,
)

from skgroup import DFRClassifier, ERMClassifier, GroupDROClassifier, GroupedArray, JTTClassifier
from skgroup.metrics import worst_group_scorer

SMALL = {"hidden_layer_sizes": (8,), "lr": 0.03, "max_epochs": 4, "random_state": 0}


class WorstGroupLog(Callback):
    """Keep the accuracy of the worst training group of every epoch: a callback in five lines."""

    def on_train_begin(self, net, **kwargs):
        self.worst_ = []

    def on_epoch_end(self, net, **kwargs):
        self.worst_.append(min(net.history[-1]["group_accuracy"]))


def test_a_callback_sees_the_groups(blobs):
    log = WorstGroupLog()
    clf = GroupDROClassifier(**SMALL, callbacks=[log]).fit(blobs.X, blobs.y, blobs.groups)
    assert log.worst_ == clf.history_["group_accuracy"].min(axis=1).tolist()


def test_a_second_fit_starts_anew(blobs):
    log = WorstGroupLog()
    clf = GroupDROClassifier(**SMALL, callbacks=[log])
    clf.fit(blobs.X, blobs.y, blobs.groups).fit(blobs.X, blobs.y, blobs.groups)
    assert len(log.worst_) == 4


def test_two_trainings_call_it_twice(blobs):
    class Count(Callback):
        def initialize(self):
            self.begun_ = getattr(self, "begun_", 0)
            return self

        def on_train_begin(self, net, **kwargs):
            self.begun_ += 1

    count = Count()
    JTTClassifier(**SMALL, upweight=2, callbacks=[count]).fit(blobs.X, blobs.y)
    assert count.begun_ == 2


def test_clones_and_searches_have_their_own(blobs):
    log = WorstGroupLog()
    clf = GroupDROClassifier(**SMALL, callbacks=[("log", log), EpochTimer()])
    assert clone(clf).callbacks[0][1] is not log
    search = GridSearchCV(clf, {"lr": [0.01, 0.03]}, cv=2, scoring=worst_group_scorer)
    search.fit(GroupedArray(blobs.X, blobs.groups), blobs.y)
    best = search.best_estimator_
    assert not hasattr(log, "worst_")
    assert best.callbacks[0][1].worst_ == best.history_["group_accuracy"].min(axis=1).tolist()
    assert (np.array(best.net_.history[:, "dur"]) > 0).all()


def test_callbacks_are_pickled(blobs, assert_same):
    clf = GroupDROClassifier(**SMALL, callbacks=[WorstGroupLog()])
    clf.fit(blobs.X, blobs.y, blobs.groups)
    again = pickle.loads(pickle.dumps(clf))
    assert_same(clf, again, blobs.X)
    assert again.callbacks[0].worst_ == clf.callbacks[0].worst_


def test_stopping_by_a_callback(blobs):
    # No loss falls by 100 %, so that all epochs but the first are misses.
    stop = EarlyStopping("train_loss", patience=2, threshold=1.0, sink=lambda text: None)
    clf = GroupDROClassifier(**SMALL | {"max_epochs": 9}, callbacks=[stop])
    assert len(clf.fit(blobs.X, blobs.y, blobs.groups).history_["train_loss"]) == 3


def test_a_schedule_and_clipped_gradients(blobs):
    callbacks = [LRScheduler("StepLR", step_size=1, gamma=0.5), GradientNormClipping(1e-12)]
    clf = ERMClassifier(
        **SMALL | {"optimizer": "sgd"}, weight_decay=0.0, callbacks=callbacks
    ).fit(blobs.X, blobs.y)  # fmt: skip
    assert clf.net_.history[:, "event_lr"] == pytest.approx([0.03, 0.015, 0.0075, 0.00375])
    loss = clf.history_["train_loss"]
    np.testing.assert_allclose(loss, loss[0], rtol=1e-5)  # steps of no length


def test_frozen_layers(blobs):
    clf = ERMClassifier(**SMALL, callbacks=[Freezer("hidden_0*")]).fit(blobs.X, blobs.y)
    start = ERMClassifier(**SMALL | {"lr": 1e-12}, weight_decay=0.0).fit(blobs.X, blobs.y)
    ours, initial = clf.net_.module_.hidden_0, start.net_.module_.hidden_0
    torch.testing.assert_close(ours.weight, initial.weight, rtol=0, atol=1e-6)
    assert not torch.allclose(clf.net_.module_.head.weight, start.net_.module_.head.weight)


def test_a_score_of_one_s_own(blobs):
    """Of the outputs before each step, like the training record."""
    balanced = EpochScoring("balanced_accuracy", on_train=True, lower_is_better=False)
    clf = ERMClassifier(**SMALL, callbacks=[balanced]).fit(blobs.X, blobs.y, groups=blobs.y)
    of_classes = clf.history_["group_accuracy"].mean(axis=1)
    assert clf.net_.history[:, "balanced_accuracy"] == pytest.approx(of_classes)


def test_weights_at_the_end(blobs, tmp_path):
    keep = TrainEndCheckpoint(dirname=str(tmp_path), f_optimizer=None, f_criterion=None)
    clf = ERMClassifier(**SMALL, callbacks=[keep]).fit(blobs.X, blobs.y)
    saved = torch.load(tmp_path / "train_end_params.pt", weights_only=True)
    assert torch.equal(saved["head.weight"], clf.net_.module_.head.weight)


def test_the_last_layer_is_made_after_the_training(blobs):
    log = WorstGroupLog()
    DFRClassifier(**SMALL, callbacks=[log]).fit(blobs.X, blobs.y, blobs.groups)
    assert len(log.worst_) == 4


@pytest.mark.parametrize("wrong", [3, "EpochTimer"])
def test_what_is_no_callback_is_told(blobs, wrong):
    with pytest.raises(TypeError, match="must hold skorch callbacks"):
        GroupDROClassifier(**SMALL, callbacks=[wrong]).fit(blobs.X, blobs.y, blobs.groups)
