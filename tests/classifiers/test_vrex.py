import numpy as np
import pytest

from skgroup import ERMClassifier, VRExClassifier
from skgroup.datasets import make_shortcut_classification
from skgroup.exceptions import MissingGroupsWarning
from skgroup.metrics import worst_group_accuracy

QUICK = {
    "hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32, "random_state": 0,
    "early_stopping": False,
}  # fmt: skip
FULL_BATCH = QUICK | {"batch_size": 10_000, "max_epochs": 30, "sampler": "uniform"}


def test_one_environment_is_erm(blobs, assert_same_model):
    ours = VRExClassifier(1e3, 0, **QUICK).fit(blobs.X, blobs.y, groups=np.zeros(120))
    erm = ERMClassifier(**QUICK).fit(blobs.X, blobs.y)
    assert_same_model(ours, erm, blobs.X, atol=1e-6)
    np.testing.assert_allclose(
        ours.history_["train_loss"], erm.history_["train_loss"], rtol=0, atol=1e-6
    )


def test_without_penalty_environments_weigh_the_same(blobs, assert_same_model):
    ours = VRExClassifier(penalty=0, standardize=False, **FULL_BATCH)
    ours.fit(blobs.X, blobs.y, groups=blobs.groups)
    settings = {name: value for name, value in FULL_BATCH.items() if name != "sampler"}
    erm = ERMClassifier(standardize=False, **settings)
    erm.fit(blobs.X, blobs.y, sample_weight=1 / np.bincount(blobs.groups)[blobs.groups])
    assert_same_model(ours, erm, blobs.X, atol=1e-5)


def test_the_penalty_makes_the_losses_equal(blobs):
    spread = [
        VRExClassifier(penalty, 0, **(FULL_BATCH | {"max_epochs": 200, "lr": 0.01}))
        .fit(blobs.X, blobs.y, groups=blobs.groups)
        .history_["group_loss"][-1]
        .std()
        for penalty in (0.0, 1.0, 100.0)
    ]
    assert spread[2] < 0.5 * spread[1] < 0.5 * spread[0]


def test_it_does_better_for_the_worst_group():
    data = {"core_strength": 2.0, "random_state": 0}
    X, y, groups = make_shortcut_classification(**data)
    X_test, y_test, test_groups = make_shortcut_classification(subset="test", **data)
    settings = {"hidden_layer_sizes": (), "lr": 0.03, "max_epochs": 20, "random_state": 0}
    erm = ERMClassifier(**settings).fit(X, y)
    vrex = VRExClassifier(**settings).fit(X, y, groups=groups)
    worst = [worst_group_accuracy(y_test, m.predict(X_test), test_groups) for m in (erm, vrex)]
    assert worst[1] > worst[0] + 0.1


def test_before_the_steps_are_done_the_penalty_is_one(blobs, assert_same_model):
    fit = {"groups": blobs.groups}
    weak = VRExClassifier(1.0, 0, **QUICK).fit(blobs.X, blobs.y, **fit)
    long = VRExClassifier(100.0, 12, **QUICK).fit(blobs.X, blobs.y, **fit)  # 3 epochs of 4 steps
    assert_same_model(weak, long, blobs.X)
    short = VRExClassifier(100.0, 11, **QUICK).fit(blobs.X, blobs.y, **fit)
    assert np.abs(weak.predict_proba(blobs.X) - short.predict_proba(blobs.X)).max() > 1e-5


def test_weights_inside_environments_are_repeated_rows(blobs):
    weight = np.random.default_rng(0).integers(1, 4, 120)
    rows = np.repeat(np.arange(120), weight)
    clf = VRExClassifier(5.0, 0, **FULL_BATCH)
    clf.fit(blobs.X, blobs.y, groups=blobs.groups, sample_weight=weight)
    weighted = clf.predict_proba(blobs.X)
    clf.fit(blobs.X[rows], blobs.y[rows], groups=blobs.groups[rows])
    np.testing.assert_allclose(weighted, clf.predict_proba(blobs.X), atol=1e-4)


def test_without_groups_it_takes_the_classes_and_says_so(blobs, assert_same_model):
    with pytest.warns(MissingGroupsWarning, match="VRExClassifier got no groups"):
        alone = VRExClassifier(**QUICK).fit(blobs.X, blobs.y)
    given = VRExClassifier(**QUICK).fit(blobs.X, blobs.y, groups=blobs.y)
    assert_same_model(alone, given, blobs.X)
