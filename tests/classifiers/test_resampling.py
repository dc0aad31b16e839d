import numpy as np
import pytest
import torch
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from skorch.callbacks import Callback
from torch import nn
from torch.nn.functional import cross_entropy

from skgroup import ERMClassifier, GroupDROClassifier, ResamplingClassifier
from skgroup.exceptions import MissingGroupsWarning
from skgroup.objectives import MeanLoss
from skgroup.objectives._group_dro import group_means
from skgroup.objectives._group_weights import weights_within_groups
from skgroup.samplers import BalancedSampler

QUICK = {
    "hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32, "random_state": 0,
    "early_stopping": False, "weight_decay": 1e-4,  # as in ERM
}  # fmt: skip


class Seen(Callback):
    """Counts how often each row is met, by the number in a column that weighs nothing."""

    def __init__(self, n_rows=120):
        self.counts = np.zeros(n_rows, dtype=int)

    def on_batch_end(self, net, batch, training, **kwargs):
        np.add.at(self.counts, batch[0][:, -1].numpy().round().astype(int), 1)


class AllButTheLast(nn.Module):
    def __init__(self, n_features, n_classes):
        super().__init__()
        self.head = nn.Linear(n_features - 1, n_classes)

    def forward(self, x):
        return self.head(x[:, :-1])


def rows_seen(blobs, y=None, groups=None, **parameters):
    seen = Seen()
    clf = ResamplingClassifier(**(QUICK | parameters), callbacks=[seen], module=AllButTheLast)
    X = np.column_stack([blobs.X, np.arange(120)])
    clf.fit(X, blobs.y if y is None else y, groups=groups)
    return seen.counts


def test_balanced_batches_are_those_of_group_dro_without_steps(blobs):
    ours = ResamplingClassifier(**QUICK).fit(blobs.X, blobs.y, groups=blobs.groups)
    erm = ERMClassifier(**QUICK)
    erm._fit = lambda task: erm._train(task, MeanLoss(), task.sampler("group_balanced", 32))
    erm.fit(blobs.X, blobs.y, groups=blobs.groups)
    np.testing.assert_array_equal(ours.predict_proba(blobs.X), erm.predict_proba(blobs.X))
    # Batches of 32 have eight rows of each group, so that their mean is the mean over groups.
    dro = GroupDROClassifier(step_size=0, **QUICK).fit(blobs.X, blobs.y, groups=blobs.groups)
    np.testing.assert_allclose(ours.predict_proba(blobs.X), dro.predict_proba(blobs.X), atol=1e-5)


def test_one_group_is_erm(blobs, assert_same_model):
    erm = ERMClassifier(**QUICK).fit(blobs.X, blobs.y, groups=np.zeros(120))
    for strategy in ("balanced", "subsample"):
        ours = ResamplingClassifier(strategy=strategy, **QUICK)
        assert_same_model(ours.fit(blobs.X, blobs.y, groups=np.zeros(120)), erm, blobs.X)


def test_balanced_rows_come_equally_often_by_group(blobs):
    counts = rows_seen(blobs, groups=blobs.groups)
    assert np.bincount(blobs.groups, weights=counts).tolist() == [90] * 4  # of 3 epochs of 120
    assert all(np.ptp(counts[blobs.groups == g]) <= 1 for g in range(4))


def test_subsampled_rows_are_the_same_in_each_epoch(blobs):
    counts = rows_seen(blobs, groups=blobs.groups, strategy="subsample")
    assert set(counts) == {0, 3}
    assert np.bincount(blobs.groups[counts > 0]).tolist() == [12] * 4
    others = rows_seen(blobs, groups=blobs.groups, strategy="subsample", random_state=1)
    assert (others != counts).any()


@pytest.mark.parametrize("strategy", ["balanced", "subsample"])
def test_classes_need_no_groups(blobs, strategy):
    y = np.repeat([0, 1], [90, 30])
    parameters = {"strategy": strategy, "by": "class"}
    counts = rows_seen(blobs, y, **parameters)  # warnings are errors
    assert np.ptp(np.bincount(y, weights=counts)) == 0
    np.testing.assert_array_equal(counts, rows_seen(blobs, y, blobs.groups, **parameters))
    with pytest.warns(MissingGroupsWarning, match="ResamplingClassifier got no groups"):
        np.testing.assert_array_equal(counts, rows_seen(blobs, y, strategy=strategy))


def test_a_group_that_is_not_kept_has_no_history(blobs):
    groups = np.where(np.arange(120) == 0, 9, blobs.y)
    y = np.repeat([0, 1], [118, 2])
    clf = ResamplingClassifier(strategy="subsample", by="class", **QUICK)
    losses = clf.fit(blobs.X, y, groups=groups).history_["group_loss"]
    assert np.isnan(losses).tolist() == [[False, False, True]] * 3


def test_names_of_groups_do_not_matter(blobs):
    names = np.array([2, 0, 3, 1])
    for strategy in ("balanced", "subsample"):
        one, other = (rows_seen(blobs, None, g, strategy=strategy)
                      for g in (blobs.groups, names[blobs.groups]))  # fmt: skip
        np.testing.assert_array_equal(one, other)


def test_weights_count_inside_their_group_like_repeated_rows():
    """Over the whole of each queue, the mean gradient is that of the weighted group means."""
    groups, y = torch.tensor([0, 1, 0, 0, 1, 0]), torch.tensor([0, 1, 1, 0, 1, 0])
    logits = torch.randn(6, 2, dtype=torch.float64, requires_grad=True)
    weight = torch.tensor([1.0, 3.0, 2.0, 1.0, 1.0, 2.0], dtype=torch.float64)
    losses = cross_entropy(logits, y, reduction="none")
    expected = group_means(losses, groups, 2, weight)[0].mean()
    copies = torch.arange(6).repeat_interleave(weight.long())
    repeated = group_means(losses[copies], groups[copies], 2)[0].mean()
    objective = MeanLoss(weights_within_groups(weight, groups))
    sampler = BalancedSampler(groups, 6, seed=0)
    epochs = [sampler.epoch() for _ in range(4)]  # three passes over one group, six of the other
    ours = torch.stack([objective(logits[i], y[i], groups[i], i) for i in epochs]).mean()
    gradients = [
        torch.autograd.grad(loss, logits, retain_graph=True)[0]
        for loss in (ours, expected, repeated)
    ]
    torch.testing.assert_close(gradients[0], gradients[1], rtol=0, atol=1e-10)
    torch.testing.assert_close(gradients[0], gradients[2], rtol=0, atol=1e-10)


@pytest.mark.parametrize("strategy", ["balanced", "subsample"])
def test_equal_weights_in_a_group_are_no_weights(blobs, assert_same_model, strategy):
    weight = np.array([1.0, 5.0, 0.1, 7.0])[blobs.groups]
    plain, weighted = (
        ResamplingClassifier(strategy=strategy, standardize=False, **QUICK).fit(
            blobs.X, blobs.y, groups=blobs.groups, sample_weight=w
        )
        for w in (None, weight)
    )
    assert_same_model(plain, weighted, blobs.X, atol=1e-5)


class Keeper(DummyClassifier):
    """Remembers what it is fitted on."""

    def fit(self, X, y, sample_weight=None):
        self.X_, self.y_, self.weight_ = X, y, sample_weight
        return super().fit(X, y)


@pytest.mark.parametrize(("strategy", "each"), [("balanced", 30), ("subsample", 12)])
def test_an_estimator_gets_equal_groups(blobs, strategy, each):
    X = np.column_stack([blobs.X, blobs.groups, np.arange(120)])
    weight = 1.0 + np.arange(120) % 3
    clf = ResamplingClassifier(Keeper(), strategy=strategy, random_state=0)
    given = clf.fit(X, blobs.y, groups=blobs.groups, sample_weight=weight).estimator_
    assert np.bincount(given.X_[:, 2].astype(int)).tolist() == [each] * 4
    rows = given.X_[:, 3].astype(int)
    np.testing.assert_array_equal(given.y_, blobs.y[rows])
    for g in range(4):  # each group has the same total, and inside it the ratios stay
        inside = blobs.groups[rows] == g
        ratio = given.weight_[inside] / weight[rows[inside]]
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)
        assert given.weight_[inside].sum() == pytest.approx(each)
    counts = np.bincount(rows, minlength=120)
    if strategy == "balanced":
        assert set(counts[np.isin(blobs.groups, [1, 2])]) == {2, 3}  # 30 of 12: whole copies
        assert set(counts[np.isin(blobs.groups, [0, 3])]) == {0, 1}
    else:
        assert counts.max() == 1


def test_equal_groups_leave_the_rows_to_the_estimator_as_they_are(blobs):
    X = blobs.X
    for strategy in ("balanced", "subsample"):
        clf = ResamplingClassifier(Keeper(), strategy=strategy)
        assert clf.fit(X, blobs.y, groups=np.arange(120) % 4).estimator_.X_ is X


def test_an_estimator_without_weights(blobs):
    clf = ResamplingClassifier(KNeighborsClassifier(1), by="class", random_state=0)
    weight = np.where(np.arange(120) % 2, 1.0, 1e-9)
    clf.fit(blobs.X, blobs.y, sample_weight=weight)
    fitted = {tuple(row) for row in clf.estimator_._fit_X.tolist()}
    light = {tuple(row) for row in blobs.X[::2].tolist()}
    assert not fitted & light  # rows of next to no weight are not drawn


def test_the_seed_decides_what_an_estimator_gets(blobs):
    def coefficients(seed):
        clf = ResamplingClassifier(LogisticRegression(), random_state=seed)
        return clf.fit(blobs.X, blobs.y, groups=blobs.groups).estimator_.coef_

    np.testing.assert_array_equal(coefficients(0), coefficients(0))
    assert np.abs(coefficients(0) - coefficients(1)).max() > 1e-3
