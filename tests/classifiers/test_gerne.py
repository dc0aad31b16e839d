import math
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from skgroup import ERMClassifier, GERNEClassifier, GroupedArray
from skgroup._data import as_rows
from skgroup.classifiers import _base
from skgroup.classifiers._gerne import least_confident
from skgroup.classifiers._task import Seeds
from skgroup.exceptions import MissingGroupsWarning, SettingsWarning
from skgroup.metrics import worst_group_accuracy
from skgroup.modules import mlp
from skgroup.objectives import ExtrapolationLoss, MeanLoss
from skgroup.samplers import BalancedSampler, ExtrapolationPairSampler
from skgroup.training import TrainingData, train

QUICK = {
    "hidden_layer_sizes": (8,), "max_epochs": 3, "group_batch_size": 8, "batch_size": 32,
    "random_state": 0, "early_stopping": False,
}  # fmt: skip


@pytest.fixture
def fit(blobs):
    def run(*, X=blobs.X, y=blobs.y, groups=blobs.groups, given=None, **settings):
        return GERNEClassifier(**(QUICK | settings)).fit(X, y, groups=groups, **(given or {}))

    return run


@pytest.fixture
def unknown(fit):
    def run(**settings):
        return fit(**({"attributes": "unknown", "minority_share": 0.2, "groups": None} | settings))

    return run


class Replay:
    """Plays back rows that another sampler drew."""

    def __init__(self, epochs, n_steps):
        self.epochs = iter(epochs)
        self.lengths = [len(epochs[0]) // n_steps] * n_steps

    def epoch(self):
        return next(self.epochs)


def trained(objective, sampler, blobs, optimizer="sgd"):
    """Weights after three epochs in double precision."""
    torch.manual_seed(0)
    codes = torch.from_numpy(blobs.y)
    rows = as_rows(torch.from_numpy(blobs.X).double(), dtype=torch.float64)
    net = train(
        mlp(2, 2, (8,)).double(), objective, TrainingData(rows, codes, codes, 2),
        sampler=sampler, n_classes=2, lr=0.1, weight_decay=0.01, max_epochs=3, optimizer=optimizer,
    )  # fmt: skip
    return torch.cat([weights.detach().flatten() for weights in net.module_.parameters()])


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(("c", "beta", "half"), [(1.0, 0.0, 1), (0.5, -1.0, 0)])
def test_at_the_ends_it_is_resampling(blobs, c, beta, half, optimizer):
    """By groups with c=1 and beta=0, by classes with beta=-1, on the same draws."""
    y, attribute = torch.from_numpy(blobs.y), torch.from_numpy(blobs.groups)
    settings = {"c": c, "group_batch_size": 10}
    other = ExtrapolationPairSampler(y, attribute, **settings)
    n_steps = other.n_steps
    drawn = [other.epoch().view(n_steps, 2, -1)[:, half] for _ in range(3)]
    balanced = attribute if half else y
    for rows in torch.cat(drawn):
        assert len(set(balanced[rows].bincount().tolist())) == 1
    ours = trained(
        ExtrapolationLoss(beta),
        ExtrapolationPairSampler(y, attribute, **settings),
        blobs,
        optimizer,
    )
    theirs = trained(
        MeanLoss(), Replay([rows.flatten() for rows in drawn], n_steps), blobs, optimizer
    )
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


def test_equal_weights_by_default(fit, blobs):
    for c in (0.25, 0.5, 1.0):
        clf = fit(c=c, counts="multinomial")
        assert clf.beta_ == 1 / c - 1
        np.testing.assert_allclose(clf.batch_shares_["extrapolated"], 0.5)
        shares = fit(c=c, beta=-1).batch_shares_
        np.testing.assert_array_equal(shares["extrapolated"], shares["biased"])


class Recording(torch.optim.SGD):
    """Keeps the gradients that each step saw."""

    def __init__(self, parameters, log):
        super().__init__(parameters, lr=0.1)
        self.log = log

    def step(self, closure=None):
        self.log.append([p.grad.clone() for p in self.param_groups[0]["params"]])
        return super().step(closure)


def test_one_step_a_pair_on_the_combined_gradient(fit, blobs):
    log, net = [], nn.Linear(2, 2)
    clf = fit(
        module=net, optimizer=lambda parameters: Recording(parameters, log), beta=1.3, c=0.5,
        standardize=False,
    )  # fmt: skip
    seed = Seeds.draw(np.random.RandomState(0)).sampler
    sampler = ExtrapolationPairSampler(
        torch.from_numpy(blobs.y), torch.from_numpy(blobs.groups), group_batch_size=8, seed=seed
    )
    assert len(log) == 3 * math.ceil(120 / (2 * 2 * 8)) == 3 * sampler.n_steps
    X, y = torch.from_numpy(blobs.X).double(), torch.from_numpy(blobs.y)
    model = nn.Linear(2, 2).double()
    model.load_state_dict(net.state_dict())
    steps = torch.cat([sampler.epoch().view(sampler.n_steps, 2, -1) for _ in range(3)])
    for (biased, less_biased), seen in zip(steps, log, strict=True):
        gradients = [
            torch.autograd.grad(cross_entropy(model(X[rows]), y[rows]), model.parameters())
            for rows in (biased, less_biased)
        ]
        expected = [2.3 * lb - 1.3 * b for b, lb in zip(*gradients, strict=True)]
        for ours, theirs in zip(seen, expected, strict=True):
            torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=1e-5)
        with torch.no_grad():
            for weights, step in zip(model.parameters(), expected, strict=True):
                weights -= 0.1 * step
    torch.testing.assert_close(clf.net_.module_.weight.double(), model.weight, rtol=0, atol=1e-5)


def test_attributes_and_groups_inside_classes_are_the_same(fit, blobs, assert_same_model):
    attribute = blobs.groups % 2
    by_group, by_attribute = fit(), fit(groups=np.array(["sea", "land"])[attribute])
    assert_same_model_but_history(by_group, by_attribute, blobs.X)
    assert by_attribute.batch_shares_["class"].tolist() == [0, 0, 1, 1]
    assert by_attribute.batch_shares_["group"].tolist() == ["land", "sea", "land", "sea"]
    assert by_group.batch_shares_["group"].tolist() == [0, 1, 2, 3]
    crossed = fit(groups=[blobs.y, attribute])
    assert_same_model_but_history(by_group, crossed, blobs.X)
    assert crossed.batch_shares_["group"].tolist() == [(0, 0), (0, 1), (1, 0), (1, 1)]


def assert_same_model_but_history(one, other, X):
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    np.testing.assert_array_equal(one.history_["train_loss"], other.history_["train_loss"])


def test_shares_that_batches_realise(fit):
    shares = fit(c=0.5, beta=1.0, group_batch_size=32).batch_shares_
    np.testing.assert_allclose(shares["share"], [0.8, 0.2, 0.2, 0.8])
    # Of 64 rows 51.2 and 12.8, then 41.6 and 22.4.
    np.testing.assert_allclose(shares["biased"] * 64, [51, 13, 13, 51])
    np.testing.assert_allclose(shares["less_biased"] * 64, [42, 22, 22, 42])
    np.testing.assert_allclose(shares["extrapolated"] * 64, [33, 31, 31, 33])
    expected = fit(c=0.5, beta=0.6, counts="multinomial").batch_shares_
    np.testing.assert_allclose(expected["biased"], [0.8, 0.2, 0.2, 0.8])
    np.testing.assert_allclose(expected["less_biased"], [0.65, 0.35, 0.35, 0.65])
    np.testing.assert_allclose(expected["extrapolated"], [0.56, 0.44, 0.44, 0.56])


def test_the_history_is_that_of_the_rows_drawn(fit):
    clf = fit(group_batch_size=20)
    drawn = clf.batch_shares_["biased"] + clf.batch_shares_["less_biased"]
    for average, per_group in (("train_loss", "group_loss"), ("train_accuracy", "group_accuracy")):
        expected = clf.history_[per_group] @ drawn / 4
        np.testing.assert_allclose(clf.history_[average], expected, rtol=1e-6)


def test_minorities_gain_with_beta(blobs):
    settings = QUICK | {"hidden_layer_sizes": (32,), "max_epochs": 40, "lr": 0.01,
                        "weight_decay": 0.03, "group_batch_size": 16}  # fmt: skip
    minority = np.isin(blobs.groups, [1, 2])
    accuracy = []
    for beta in (-1.0, "auto", 1.6):
        clf = GERNEClassifier(beta=beta, **settings).fit(blobs.X, blobs.y, groups=blobs.groups)
        accuracy.append((clf.predict(blobs.X) == blobs.y)[minority].mean())
    assert accuracy[0] + 0.1 < accuracy[1] < accuracy[2] + 0.01


@pytest.mark.parametrize("attributes", ["known", "unknown"])
def test_it_does_better_for_the_worst_group(blobs, attributes):
    settings = QUICK | {"hidden_layer_sizes": (32,), "max_epochs": 40, "lr": 0.01}
    erm_settings = {k: v for k, v in settings.items() if k != "group_batch_size"}
    erm = ERMClassifier(**erm_settings, weight_decay=0.03).fit(blobs.X, blobs.y)
    ours = GERNEClassifier(
        **settings, weight_decay=0.03, attributes=attributes, minority_share=0.2
    ).fit(blobs.X, blobs.y, groups=blobs.groups if attributes == "known" else None)
    worst = [
        worst_group_accuracy(blobs.y, clf.predict(blobs.X), blobs.groups) for clf in (erm, ours)
    ]
    assert worst[1] > worst[0] + 0.1


def test_without_groups_it_takes_the_classes_and_says_so(fit, blobs, assert_same_model):
    with pytest.warns(MissingGroupsWarning, match="GERNEClassifier got no groups") as caught:
        alone = fit(groups=None)
    assert len(caught) == 1
    assert_same_model(alone, fit(groups=blobs.y), blobs.X)
    assert alone.beta_bounds_ == (-math.inf, math.inf)
    np.testing.assert_array_equal(alone.batch_shares_["extrapolated"], [1, 1])


def test_bounds_and_errors(fit, blobs):
    clf = fit(beta=1.6)
    low, high = clf.beta_bounds_
    assert high == pytest.approx(0.8 / (0.5 * 0.3) - 1)
    assert low == pytest.approx(-0.2 / (0.5 * 0.3) - 1)
    fit(beta=high)
    text = r"beta=4.34 is above the bound 4.333 for c=0.5 .* Lower beta, or set allow_beyond_bound"
    with pytest.raises(ValueError, match=text):
        fit(beta=4.34)
    assert fit(beta=4.34, allow_beyond_bound=True).beta_ == 4.34
    carried = GroupedArray(blobs.X, blobs.groups)
    with pytest.warns(SettingsWarning, match="beta=4.34 is above the bound 4.333") as caught:
        clf = GERNEClassifier(beta=4.34, **QUICK).fit(carried, blobs.y)
    assert caught[0].filename == __file__  # where the user called `fit`
    assert clf.batch_shares_["extrapolated"].min() < 0
    fit(X=carried, groups=None, beta=4.34, allow_beyond_bound=True)


def test_bad_beta_fails_before_training(fit):
    def build(*sizes):
        raise AssertionError("a network was built")

    with pytest.raises(ValueError, match="above the bound"):
        fit(beta=9.0, module=build)


def test_pseudo_attributes_may_go_beyond_the_bound(unknown):
    with pytest.warns(SettingsWarning, match="beta=5 is above the bound"):
        unknown(beta=5)
    assert unknown(beta=5, allow_beyond_bound=True).beta_ == 5


def test_unknown_attributes_train_on_the_least_confident_rows(unknown, fit, blobs):
    clf = unknown()
    assert clf.pseudo_attribute_.shape == (120,)
    assert np.bincount(clf.pseudo_attribute_[blobs.y == 0]).tolist() == [0, 12, 48]
    assert np.bincount(clf.pseudo_attribute_[blobs.y == 1]).tolist() == [0, 12, 48]
    assert clf.batch_shares_["group"].tolist() == [1, 2, 1, 2]
    np.testing.assert_allclose(clf.batch_shares_["share"], [0.2, 0.8, 0.2, 0.8])
    same = fit(groups=clf.pseudo_attribute_)
    assert_same_model_but_history(clf, same, blobs.X)
    assert not hasattr(same, "pseudo_attribute_")


def test_fitting_again_forgets_the_pseudo_attribute(unknown, blobs):
    clf = unknown()
    clf.set_params(attributes="known").fit(blobs.X, blobs.y, groups=blobs.groups)
    assert not hasattr(clf, "pseudo_attribute_")


def test_unknown_attributes_need_no_groups_and_do_not_train_on_them(unknown, blobs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        alone = unknown()
    grouped = unknown(groups=blobs.groups)
    np.testing.assert_array_equal(grouped.predict_proba(blobs.X), alone.predict_proba(blobs.X))
    assert grouped.history_["group_accuracy"].shape == (3, 4)


def test_rows_that_were_not_trained_on_have_no_pseudo_attribute(unknown, blobs):
    groups = np.where(np.arange(120) % 6 == 0, -1, blobs.groups)
    clf = unknown(groups=groups, early_stopping=True, validation_fraction=0.25)
    left_out = clf.pseudo_attribute_ == -1
    assert left_out[groups == -1].all()
    assert left_out.sum() == clf.n_outliers_ + 25  # a quarter of 40, 10, 10 and 40
    assert set(clf.pseudo_attribute_[~left_out]) == {1, 2}


def test_the_biased_network(unknown, blobs, monkeypatch):
    calls = []

    def spy(module, objective, data, **settings):
        calls.append((module, objective, data, settings))
        return train(module, objective, data, **settings)

    monkeypatch.setattr(_base, "train", spy)
    unknown(
        groups=blobs.groups, early_stopping=True, lr=0.02, weight_decay=0.003, optimizer="adamw",
        scoring="worst_group",
    )  # fmt: skip
    (first, loss, _, biased), (second, extrapolation, _, main) = calls
    assert first is not second
    assert (biased["stage"], "stage" in main) == ("biased", False)
    assert (type(loss), type(extrapolation)) == (MeanLoss, ExtrapolationLoss)
    assert biased["lr"] == pytest.approx(0.002)
    assert biased["weight_decay"] == pytest.approx(0.006)
    assert (main["lr"], main["weight_decay"]) == (0.02, 0.003)
    assert type(biased["sampler"]) is BalancedSampler
    assert biased["sampler"].lengths[0] == 32
    assert biased["sampler"].n_groups == 2  # the classes
    assert biased["validation"].scoring == "group_balanced"
    held_out = biased["validation"].data
    assert held_out.n_groups == 2
    assert torch.equal(held_out.groups, held_out.y)
    assert torch.equal(held_out.y, main["validation"].data.y)  # the same rows as the main network
    assert main["validation"].scoring == "worst_group"
    assert main["validation"].data.n_groups == 4


def logits_of(probability, y):
    """Logits of two classes with the given probability of the own one."""
    p = torch.tensor(probability, dtype=torch.float64)
    own = torch.nn.functional.one_hot(y, 2)
    return torch.where(own == 1, p[:, None], 1 - p[:, None]).log()


def test_the_least_confident_rows_of_each_class():
    y = torch.tensor([0, 0, 0, 0, 0, 1, 1, 1, 1])
    logits = logits_of([0.9, 0.2, 0.8, 0.1, 0.7, 0.99, 0.98, 0.97, 0.96], y)
    chosen = [torch.nonzero(least_confident(logits, y, t)).flatten().tolist()
              for t in (0.01, 0.4, 0.6, 0.99)]  # fmt: skip
    assert chosen == [[3, 8], [1, 3, 8], [1, 3, 4, 7, 8], [1, 2, 3, 4, 6, 7, 8]]
    assert least_confident(logits * 5, y, 0.4).equal(least_confident(logits, y, 0.4))


def test_ties_go_to_the_first_and_parts_are_never_empty():
    y = torch.tensor([1, 0, 1, 1, 2, 1])
    chosen = least_confident(torch.zeros(6, 3), y, 0.5)
    assert chosen.tolist() == [True, False, True, False, False, False]
    # 29 % of 100 rows are 29, though .29 * 100 is a little less.
    hundred = torch.zeros(100, dtype=torch.int64)
    assert least_confident(torch.zeros(100, 2), hundred, 0.29).sum() == 29
    assert least_confident(torch.zeros(100, 2), hundred, 0.299).sum() == 29


def test_a_class_of_one_row_is_one_group(blobs):
    X, y = blobs.X[:31], np.r_[np.zeros(30, int), 1]
    clf = GERNEClassifier(attributes="unknown", **QUICK).fit(X, y)
    assert clf.pseudo_attribute_.tolist().count(1) == 1
    assert clf.batch_shares_["class"].tolist() == [0, 0, 1]
    assert clf.batch_shares_["less_biased"][2] == 1


def normed():
    return nn.Sequential(nn.Linear(2, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 2))


@pytest.mark.parametrize("freeze", [True, False])
def test_batch_norm(fit, freeze):
    clf = fit(module=normed(), freeze_batch_norm=freeze)
    assert type(clf.net_.module_) is nn.Sequential
    norm = clf.net_.module_[1]
    assert torch.equal(norm.running_mean, torch.zeros(6)) == freeze
    assert not torch.equal(norm.weight, torch.ones(6))


def test_weights_count_inside_groups_and_in_their_shares(fit, blobs):
    weight = np.random.default_rng(0).integers(1, 4, 120)
    weighted = fit(given={"sample_weight": weight})
    rows = np.repeat(np.arange(120), weight)
    repeated = fit(X=blobs.X[rows], y=blobs.y[rows], groups=blobs.groups[rows])
    for name, values in repeated.batch_shares_.items():
        np.testing.assert_allclose(weighted.batch_shares_[name], values, rtol=1e-6)
    np.testing.assert_allclose(weighted.beta_bounds_, repeated.beta_bounds_, rtol=1e-5)


def test_a_weighted_batch_is_right_on_average(blobs):
    """The mean loss over the rows of a group, weighted, is that of repeated rows."""
    calls = []

    class Spy(GERNEClassifier):
        def _train(self, task, objective, sampler, **options):
            calls.append((task, objective, sampler))
            return super()._train(task, objective, sampler, **options)

    weight = np.random.default_rng(0).integers(1, 4, 120)
    Spy(**QUICK).fit(blobs.X, blobs.y, groups=blobs.groups, sample_weight=weight)
    _, objective, sampler = calls[0]
    losses = torch.rand(120, generator=torch.Generator().manual_seed(0)).numpy()
    cell, in_batch = sampler.shares.cell, objective.sample_weight.numpy()
    for i in range(4):
        rows = cell == i
        drawn_evenly = (in_batch * losses)[rows].mean()
        assert drawn_evenly == pytest.approx(np.average(losses[rows], weights=weight[rows]))


def test_equal_weights_change_nothing(fit, unknown, blobs, assert_same_model):
    for run in (fit, unknown):
        weighted = run(given={"sample_weight": np.full(120, 4.0)})
        assert_same_model(weighted, run(), blobs.X, atol=1e-5)


@pytest.mark.parametrize("settings", [{"counts": "multinomial"}, {"overlap": 0.5}, {"c": 1.0}])
def test_ways_of_drawing(fit, blobs, settings):
    clf, plain = fit(**settings), fit()
    assert np.abs(clf.predict_proba(blobs.X) - plain.predict_proba(blobs.X)).max() > 1e-4
    assert clf.score(blobs.X, blobs.y) > 0.5
