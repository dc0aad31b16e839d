import numpy as np
import pytest
import torch
from torch import nn

from skgroup import ERMClassifier, LfFClassifier
from skgroup.classifiers._task import Seeds
from skgroup.modules import Twin, build_module, mlp
from skgroup.objectives import LfFLoss

QUICK = {
    "hidden_layer_sizes": (8,), "max_epochs": 4, "batch_size": 32, "random_state": 0,
    "early_stopping": False,
}  # fmt: skip


def all_rows_count(self, hardness, y):
    return torch.ones(len(y))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_with_weights_of_one_it_is_erm(blobs, monkeypatch, optimizer, weighted):
    monkeypatch.setattr(LfFLoss, "_compare", all_rows_count)
    weight = np.linspace(0.5, 2, 120) if weighted else None
    settings = QUICK | {"optimizer": optimizer, "lr": 0.02}
    ours = LfFClassifier(**settings).fit(blobs.X, blobs.y, sample_weight=weight)
    erm = ERMClassifier(**settings).fit(blobs.X, blobs.y, sample_weight=weight)
    np.testing.assert_allclose(ours.predict_proba(blobs.X), erm.predict_proba(blobs.X), atol=1e-6)
    for name, values in erm.history_.items():
        np.testing.assert_allclose(ours.history_[name], values, rtol=0, atol=1e-6)


def test_networks_of_equal_losses_give_half_the_loss_of_erm(blobs):
    """With q = 0 both networks of an instance stay equal, and every row counts half."""
    settings = QUICK | {"module": mlp(2, 2), "optimizer": "sgd", "weight_decay": 0.0}
    erm = ERMClassifier(**settings, lr=0.01).fit(blobs.X, blobs.y)
    clf = LfFClassifier(q=0, ema=None, **settings, lr=0.01)
    one_step = QUICK | {"max_epochs": 1, "batch_size": 500}
    clf.set_params(**one_step, lr=0.02).fit(blobs.X, blobs.y)
    erm.set_params(**one_step, lr=0.01).fit(blobs.X, blobs.y)
    np.testing.assert_allclose(clf.predict_proba(blobs.X), erm.predict_proba(blobs.X), atol=1e-6)


def test_the_two_networks_start_differently(blobs):
    given = []

    class Recorded(LfFClassifier):
        def _train(self, *args, module=None, **options):
            given.append(module)
            return super()._train(*args, module=module, **options)

    Recorded(**QUICK, lr=1e-12).fit(blobs.X, blobs.y)
    (twin,) = given
    assert isinstance(twin, Twin)
    seeds = Seeds.draw(np.random.RandomState(0))
    for net, seed in ((twin.main, seeds.module), (twin.other, seeds.other_module)):
        alone = build_module(None, 2, 2, hidden_layer_sizes=(8,), seed=seed)
        torch.testing.assert_close(net.head.weight, alone.head.weight, rtol=0, atol=1e-7)


def test_only_the_main_network_is_kept(blobs):
    clf = LfFClassifier(**QUICK).fit(blobs.X, blobs.y)
    assert type(clf.net_.module_) is nn.Sequential
    names = [name for name, _ in clf.net_.module_.named_children()]
    assert names == ["standardize", "hidden_0", "relu_0", "head"]


def test_groups_do_not_enter_the_training(blobs):
    with_groups = LfFClassifier(**QUICK).fit(blobs.X, blobs.y, groups=blobs.groups)
    names = np.array(["d", "c", "b", "a"])[blobs.groups]
    for other in (None, names):
        clf = LfFClassifier(**QUICK).fit(blobs.X, blobs.y, groups=other)
        np.testing.assert_array_equal(
            clf.predict_proba(blobs.X), with_groups.predict_proba(blobs.X)
        )


def test_groups_select_the_epoch(blobs):
    settings = QUICK | {"early_stopping": True, "max_epochs": 8, "lr": 0.03}
    clf = LfFClassifier(**settings).fit(blobs.X, blobs.y, groups=blobs.groups)
    worst = np.nanmin(clf.history_["valid_group_accuracy"], axis=1)
    np.testing.assert_allclose(clf.history_["valid_score"], worst)


def test_integer_weights_are_repeated_rows(blobs):
    weight = np.random.default_rng(0).integers(1, 4, 120)
    rows = np.repeat(np.arange(120), weight)
    settings = QUICK | {"batch_size": 10_000, "max_epochs": 20, "lr": 0.02}
    weighted = LfFClassifier(**settings).fit(blobs.X, blobs.y, sample_weight=weight)
    repeated = LfFClassifier(**settings).fit(blobs.X[rows], blobs.y[rows])
    np.testing.assert_allclose(
        weighted.predict_proba(blobs.X), repeated.predict_proba(blobs.X), atol=1e-4
    )


def test_rows_that_the_shortcut_gets_wrong_count_more():
    """A column that agrees with 90 % of the labels, and a weaker one that always does."""
    rng = np.random.default_rng(0)
    y = np.arange(600) % 2
    agrees = rng.random(600) < 0.9
    shortcut = 5.0 * np.where(agrees, 2 * y - 1, 1 - 2 * y)
    X = np.column_stack([shortcut, (2 * y - 1) + rng.normal(size=600)]).astype(np.float32)
    settings = QUICK | {"batch_size": 64, "max_epochs": 20, "lr": 0.02}
    erm = ERMClassifier(**settings).fit(X, y)
    clf = LfFClassifier(**settings).fit(X, y)
    conflict = [np.mean(model.predict(X[~agrees]) == y[~agrees]) for model in (erm, clf)]
    assert conflict[1] > conflict[0] + 0.2
