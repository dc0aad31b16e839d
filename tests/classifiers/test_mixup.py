from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn
from torch.nn.functional import cross_entropy

from skgroup import ERMClassifier, MixupClassifier
from skgroup.objectives import MixedLoss
from skgroup.samplers import MixupPairs

QUICK = {"hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32, "random_state": 0}


class Untouchable(Callback):
    def on_train_begin(self, net, **kwargs):
        pytest.fail("the training has begun")


@pytest.mark.parametrize("batch_size", [32, 17, 1000])
def test_without_mixing_it_is_erm(blobs, batch_size):
    """The rows of a batch are all its anchors or all its partners, which are the same rows."""
    settings = QUICK | {"batch_size": batch_size, "max_epochs": 6}
    ours = MixupClassifier(alpha=1e-9, **settings).fit(blobs.X, blobs.y)
    erm = ERMClassifier(**settings).fit(blobs.X, blobs.y)
    np.testing.assert_allclose(ours.predict_proba(blobs.X), erm.predict_proba(blobs.X), atol=1e-6)


def test_between_two_rows_it_learns_the_line():
    """Half way between a row of class 0 and one of class 1 the odds are even, and so on."""
    X, y = np.array([[-1.0], [1.0]]), np.array([0, 1])
    clf = MixupClassifier(
        alpha=1.0, module=small, lr=0.03, max_epochs=800, weight_decay=0.0, random_state=0
    ).fit(X, y)
    grid = np.linspace(-0.8, 0.8, 9)
    np.testing.assert_allclose(clf.predict_proba(grid[:, None])[:, 1], (1 + grid) / 2, atol=0.08)


def small(n_features, n_classes):
    return nn.Sequential(nn.Linear(n_features, 16), nn.Tanh(), nn.Linear(16, n_classes))


def test_groups_do_not_enter_the_training(blobs):
    plain = MixupClassifier(**QUICK, early_stopping=False).fit(blobs.X, blobs.y)
    grouped = MixupClassifier(**QUICK, early_stopping=False).fit(
        blobs.X, blobs.y, groups=blobs.groups
    )
    np.testing.assert_array_equal(plain.predict_proba(blobs.X), grouped.predict_proba(blobs.X))
    assert grouped.history_["group_loss"].shape == (3, 4)
    assert plain.history_["group_loss"].shape == (3, 2)


def test_the_history_is_that_of_the_rows_after_the_epoch(blobs):
    clf = MixupClassifier(**QUICK).fit(blobs.X, blobs.y)
    proba = clf.predict_proba(blobs.X)
    losses = -np.log(proba[np.arange(120), blobs.y])
    assert clf.history_["train_loss"][-1] == pytest.approx(losses.mean(), rel=1e-5)
    assert clf.history_["train_accuracy"][-1] == clf.score(blobs.X, blobs.y)


def test_alpha_and_seed_decide_the_shares(blobs):
    def proba(**settings):
        return MixupClassifier(**(QUICK | settings)).fit(blobs.X, blobs.y).predict_proba(blobs.X)

    first, before = proba(), torch.get_rng_state()
    np.testing.assert_array_equal(proba(), first)
    assert torch.equal(torch.get_rng_state(), before)
    assert np.abs(proba(alpha=2.0) - first).max() > 1e-4


def test_batch_normalisation_sees_no_single_row(blobs):
    def normed(n_features, n_classes):
        return nn.Sequential(nn.BatchNorm1d(n_features), nn.Linear(n_features, n_classes))

    clf = MixupClassifier(module=normed, max_epochs=1, batch_size=17, random_state=0)
    assert 120 % 17 == 1
    assert clf.fit(blobs.X, blobs.y).history_["train_loss"].shape == (1,)


def test_weights_act_like_repeated_rows():
    y, weight = torch.tensor([0, 1, 1]), torch.tensor([1.0, 3.0, 2.0])
    logits, share = torch.randn(3, 3, 2), torch.tensor(0.3)
    sampler, objective, total = MixupPairs(3, 3, 0, weight), MixedLoss(weight), 0.0
    for _ in range(4000):
        index = sampler.epoch()
        mixed = SimpleNamespace(mixed=logits[tuple(index.chunk(2))], share=share)
        total += objective(mixed, y[index], y[index], index).item()
    rows = torch.arange(3).repeat_interleave(weight.long())
    first, second = torch.cartesian_prod(rows, rows).T
    own, other = (cross_entropy(logits[first, second], y[part]) for part in (first, second))
    assert total / 4000 == pytest.approx((share * own + (1 - share) * other).item(), rel=0.01)


def test_token_ids_are_refused_before_the_training():
    X, y = torch.randint(5, (20, 3)), np.tile([0, 1], 10)
    module = nn.Sequential(nn.Embedding(5, 4), nn.Flatten(), nn.Linear(12, 2))
    clf = MixupClassifier(module=module, callbacks=[Untouchable()])
    with pytest.raises(TypeError, match=r"integers .token ids, say.*pass floating-point inputs"):
        clf.fit(X, y)
    assert not hasattr(clf, "net_")
