"""Many steps, many groups, many classes, huge and tiny numbers: finite, and right."""

import os

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score
from torch import nn

import skgroup
from skgroup import ERMClassifier, GradientGroupInferrer, GroupDROClassifier
from skgroup.clustering import cluster_class
from skgroup.exceptions import UnusableSplitWarning
from skgroup.objectives import GroupDROLoss

# The long form of the tests is asked for by SKGROUP_SOAK=1.
STEPS = 1_000_000 if os.environ.get("SKGROUP_SOAK") else 20_000
QUICK = {"hidden_layer_sizes": (8,), "max_epochs": 2, "random_state": 0}
CLASSIFIERS = [name for name in skgroup.__all__ if name.endswith("Classifier")]
each_classifier = pytest.mark.parametrize("name", CLASSIFIERS)
# IRM of groups inside classes, DFR of groups with a row or two: they work, and say so.
told = pytest.mark.filterwarnings(
    "ignore:every group has rows of one class only", "ignore:groups without a row for the last"
)


def make(name, **changed):
    cls = getattr(skgroup, name)
    known = cls().get_params()
    return cls(**{key: value for key, value in (QUICK | changed).items() if key in known})


def accuracy(name, X, y, groups, **changed):
    model = make(name, **changed).fit(X, y, groups=groups)
    chances = model.predict_proba(X)
    assert np.isfinite(chances).all()
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-6)
    assert np.isfinite(model.history_["train_loss"]).all()
    return (model.predict(X) == y).mean()


def two_groups(step_size, losses):
    """The loss, and logits with these cross-entropies: group 0 has label 0 and group 1 label 1."""
    logits = torch.tensor([[-np.log(np.expm1(loss)), 0.0] for loss in losses])
    logits[1] = logits[1].flip(0)
    y = torch.tensor([0, 1])
    return GroupDROLoss(torch.tensor([3, 3]), step_size=step_size), (logits, y, y, y)


def test_weights_of_groups_after_many_steps():
    objective, batch = two_groups(1e-5, [0.5, 0.7])
    for _ in range(STEPS):
        objective(*batch)
    odds = float(objective.log_q[1] - objective.log_q[0])
    assert odds == pytest.approx(STEPS * 1e-5 * 0.2, rel=1e-6)  # single-precision losses
    assert float(objective.q.sum()) == pytest.approx(1, abs=1e-12)


def test_losses_of_ten_thousand_leave_the_weights_finite():
    objective = GroupDROLoss(torch.tensor([3, 3]), step_size=1.0)
    y = torch.tensor([0, 1])
    logits = torch.tensor([[0.0, 1e4], [0.0, 2e4]], requires_grad=True)
    loss = objective(logits, y, y, y)
    loss.backward()
    assert objective.log_q.tolist() == pytest.approx([0.0, -1e4])
    assert loss.item() == pytest.approx(1e4)
    assert logits.grad.tolist() == [[-1.0, 1.0], [0.0, 0.0]]
    for _ in range(1000):
        objective(logits.detach(), y, y, y)
    assert objective.q.tolist() == [1.0, 0.0]
    assert objective.log_q[1] == pytest.approx(-1001e4)


@told
@each_classifier
def test_a_thousand_groups(name):
    rng = np.random.default_rng(0)
    groups = rng.permutation(np.arange(3000) % 1000)
    y = groups % 2
    X = rng.normal(size=(3000, 3)) + 3 * y[:, None] * [1, 0, 0]
    found = accuracy(name, X, y, groups, max_epochs=4)
    # GERNE extrapolates from the groups' three rows each: the result is finite, and no more.
    assert found > 0.55 or name == "GERNEClassifier"


@told
@each_classifier
def test_two_hundred_classes(name):
    y, attribute = np.arange(1000) % 200, np.arange(1000) // 200 % 2
    X = 3.0 * (y[:, None] >> np.arange(8) & 1) + np.random.default_rng(0).normal(size=(1000, 8))
    model = make(name, validation_fraction=0.45).fit(X, y, groups=2 * y + attribute)
    chances = model.predict_proba(X)
    assert chances.shape == (1000, 200)
    assert np.isfinite(chances).all()


@told
@each_classifier
def test_columns_of_a_hundred_million_that_are_not_standardised(name):
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    X = 1e8 * (rng.normal(size=(400, 3)) + 3 * y[:, None])
    assert accuracy(name, X, y, 2 * y + (np.arange(400) % 8 == 0), standardize=False) > 0.5


@told
@each_classifier
def test_perfectly_separable_rows(name):
    y = np.arange(200) % 2
    X = np.c_[np.where(y, 1e3, -1e3), np.random.default_rng(0).normal(size=200)]
    settings = {"max_epochs": 30, "lr": 0.03, "early_stopping": False}
    assert accuracy(name, X, y, 2 * y + (np.arange(200) % 8 < 2), **settings) == 1


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm", "dbscan", "hdbscan"])
@pytest.mark.parametrize("scale", [1e-30, 1e-15, 1e15])
def test_clusters_of_tiny_and_huge_gradients(clusterer, scale):
    rng = np.random.default_rng(0)
    truth = np.arange(200) % 4 == 0
    Z = rng.normal(size=(200, 3)) + 20 * truth[:, None]
    settings = {"eps": 30.0 * scale**2, "random_state": 0}
    found = cluster_class(scale * Z, clusterer, k=2, min_samples=5, **settings).labels_
    assert adjusted_rand_score(truth, found) == 1


def test_a_network_that_is_always_right_leaves_nothing_to_split():
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    X = np.c_[np.where(y, 1.0, -1.0), rng.normal(size=80)].astype(np.float32)
    sure = nn.Linear(2, 2)
    with torch.no_grad():
        sure.weight.copy_(torch.tensor([[-1e4, 0.0], [1e4, 0.0]]))
        sure.bias.zero_()
    inferrer = GradientGroupInferrer(reference=sure, random_state=0)
    with pytest.warns(UnusableSplitWarning):
        groups = inferrer.fit(X, y).groups_
    np.testing.assert_array_equal(np.unique(groups, return_inverse=True)[1], y)


@pytest.mark.parametrize("cls", [ERMClassifier, GroupDROClassifier])
def test_single_and_double_precision_rows_give_one_model(cls):
    rng = np.random.default_rng(0)
    y = np.arange(300) % 2
    X = (rng.normal(size=(300, 4)) + y[:, None]).astype(np.float32)
    groups = 2 * y + (np.arange(300) % 5 == 0)
    one = make(cls.__name__, max_epochs=5).fit(X, y, groups=groups).predict_proba(X)
    other = make(cls.__name__, max_epochs=5).fit(X.astype(float), y, groups=groups).predict_proba(X)
    np.testing.assert_allclose(one, other, atol=1e-5)
