from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn
from torch.nn.functional import cross_entropy

from skgroup import ERMClassifier, LISAClassifier
from skgroup.datasets import make_shortcut_classification
from skgroup.exceptions import MissingGroupsWarning, UnusableGroupsWarning
from skgroup.metrics import worst_group_accuracy
from skgroup.objectives import MixedLoss
from skgroup.samplers import LISAPairs

QUICK = {
    "hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32, "random_state": 0,
    "early_stopping": False,
}  # fmt: skip


class Untouchable(Callback):
    def on_train_begin(self, net, **kwargs):
        pytest.fail("the training has begun")


@pytest.fixture
def attributes(blobs):
    return blobs.groups % 2


@pytest.fixture
def erm(blobs):
    return ERMClassifier(**QUICK).fit(blobs.X, blobs.y).predict_proba(blobs.X)


def test_without_groups_nothing_is_mixed(blobs, erm):
    with pytest.warns(MissingGroupsWarning, match="LISAClassifier got no groups") as caught:
        clf = LISAClassifier(**QUICK).fit(blobs.X, blobs.y)
    assert len(caught) == 1
    np.testing.assert_allclose(clf.predict_proba(blobs.X), erm, atol=1e-6)


def test_groups_without_pairs_are_reported(blobs, erm):
    text = "no two rows have the same class and different groups, or the same group and different"
    with pytest.warns(UnusableGroupsWarning, match=text) as caught:
        clf = LISAClassifier(**QUICK).fit(blobs.X, blobs.y, groups=blobs.y)
    assert caught[0].filename == __file__  # where the user called `fit`
    np.testing.assert_allclose(clf.predict_proba(blobs.X), erm, atol=1e-6)


def test_groups_inside_classes_have_pairs_of_one_class_only(blobs, attributes, assert_same_model):
    crossed = LISAClassifier(**QUICK).fit(blobs.X, blobs.y, groups=blobs.groups)
    same_class = LISAClassifier(p_same_class=1.0, **QUICK)
    same_class.fit(blobs.X, blobs.y, groups=attributes)
    ours, theirs = crossed.predict_proba(blobs.X), same_class.predict_proba(blobs.X)
    np.testing.assert_array_equal(ours, theirs)


def test_one_attribute_has_pairs_of_different_classes_only(blobs, assert_same_model):
    groups = np.zeros(120)
    one = LISAClassifier(p_same_class=1.0, **QUICK).fit(blobs.X, blobs.y, groups=groups)
    other = LISAClassifier(p_same_class=0.0, **QUICK).fit(blobs.X, blobs.y, groups=groups)
    assert_same_model(one, other, blobs.X)


@pytest.mark.parametrize("parameters", [{"p_same_class": 0.0}, {"alpha": 0.1}])
def test_the_parameters_matter(blobs, attributes, parameters):
    one = LISAClassifier(**QUICK).fit(blobs.X, blobs.y, groups=attributes)
    other = LISAClassifier(**QUICK, **parameters).fit(blobs.X, blobs.y, groups=attributes)
    assert np.abs(one.predict_proba(blobs.X) - other.predict_proba(blobs.X)).max() > 1e-4


def test_names_of_attributes_do_not_matter(blobs, attributes):
    first = LISAClassifier(**QUICK).fit(blobs.X, blobs.y, groups=attributes)
    renamed = LISAClassifier(**QUICK).fit(
        blobs.X, blobs.y, groups=np.array(["water", "land"])[attributes]
    )
    np.testing.assert_array_equal(first.predict_proba(blobs.X), renamed.predict_proba(blobs.X))


def test_mixing_within_classes_removes_the_shortcut():
    """Between groups of a class the shortcut varies and the class does not."""
    X, y, groups = make_shortcut_classification(400, n_features=3, random_state=0)
    settings = QUICK | {"max_epochs": 30, "hidden_layer_sizes": (), "lr": 0.01}
    erm = ERMClassifier(**settings).fit(X, y)
    lisa = LISAClassifier(p_same_class=1.0, **settings).fit(X, y, groups=groups)
    reliance = [
        abs(c.net_.module_.head.weight[1] - c.net_.module_.head.weight[0]) for c in (erm, lisa)
    ]
    core, shortcut = zip(*[(r[0].item(), r[1].item()) for r in reliance], strict=True)
    assert shortcut[1] / core[1] < 0.5 * shortcut[0] / core[0]
    worst = [worst_group_accuracy(y, c.predict(X), groups) for c in (erm, lisa)]
    assert worst[1] > worst[0] + 0.1


def test_the_history_is_that_of_the_rows_after_the_epoch(blobs, attributes):
    clf = LISAClassifier(**QUICK).fit(blobs.X, blobs.y, groups=attributes)
    right = clf.predict(blobs.X) == blobs.y
    expected = [right[attributes == a].mean() for a in (0, 1)]
    np.testing.assert_allclose(clf.history_["group_accuracy"][-1], expected)


def test_three_classes_and_outliers():
    X, y, groups = make_shortcut_classification(300, n_classes=3, random_state=0)
    attributes = np.where(np.arange(300) % 10 == 0, -1, groups % 3)
    clf = LISAClassifier(**QUICK).fit(X, y, groups=attributes)
    kept = attributes >= 0
    again = LISAClassifier(**QUICK).fit(X[kept], y[kept], groups=attributes[kept])
    np.testing.assert_array_equal(clf.predict_proba(X), again.predict_proba(X))
    assert clf.n_outliers_ == 30


def test_weights_act_like_repeated_rows():
    y, a = torch.tensor([0, 0, 1, 1, 1]), torch.tensor([0, 1, 0, 1, 1])
    weight = torch.tensor([1.0, 3.0, 2.0, 4.0, 1.0])
    logits, share = torch.randn(5, 5, 2), torch.tensor(0.3)
    sampler = LISAPairs(y, a, 5, seed=0, p_same_class=1.0, sample_weight=weight)
    objective, total = MixedLoss(weight), 0.0
    for _ in range(4000):
        index = sampler.epoch()
        mixed = SimpleNamespace(mixed=logits[tuple(index.chunk(2))], share=share)
        total += objective(mixed, y[index], a[index], index).item()
    # All pairs of repeated rows that are allowed, each anchor with its partners in equal shares.
    rows, expected = torch.arange(5).repeat_interleave(weight.long()), []
    for i in rows:
        partners = rows[(y[rows] == y[i]) & (a[rows] != a[i])]
        own, other = (
            cross_entropy(logits[i, partners], labels, reduction="none")
            for labels in (y[i].expand(len(partners)), y[partners])
        )
        expected.append((share * own + (1 - share) * other).mean())
    assert total / 4000 == pytest.approx(torch.stack(expected).mean().item(), rel=0.01)


def test_token_ids_are_refused_before_the_training():
    X, y = {"ids": torch.randint(5, (20, 3))}, np.tile([0, 1], 10)
    clf = LISAClassifier(module=Tokens(), callbacks=[Untouchable()])
    with pytest.raises(TypeError, match=r"'ids': torch.int64\}: pass floating-point inputs"):
        clf.fit(X, y, groups=np.arange(20) % 4 // 2)
    assert not hasattr(clf, "net_")


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.head = nn.Embedding(5, 4), nn.Linear(12, 2)

    def forward(self, ids):
        return self.head(self.embedding(ids).flatten(1))
