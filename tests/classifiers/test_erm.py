import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from skgroup import ERMClassifier
from skgroup._data import as_rows
from skgroup.classifiers._task import Seeds
from skgroup.modules import build_module
from skgroup.objectives import MeanLoss
from skgroup.samplers import UniformSampler
from skgroup.training import TrainingData, train

QUICK = {"hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32, "random_state": 0}
# Many small steps on all rows at once: the optimum, if it is finite.
CONVERGED = {
    "hidden_layer_sizes": (), "optimizer": "sgd", "lr": 0.3, "max_epochs": 400,
    "batch_size": 10_000, "weight_decay": 0.0, "random_state": 0,
}  # fmt: skip


def test_a_linear_network_converges_to_logistic_regression(blobs):
    ours = ERMClassifier(**CONVERGED).fit(blobs.X, blobs.y)
    theirs = LogisticRegression(C=1e10, tol=1e-8).fit(blobs.X, blobs.y)
    proba, expected = ours.predict_proba(blobs.X), theirs.predict_proba(blobs.X)
    np.testing.assert_allclose(proba, expected, atol=1e-3)
    assert ours.history_["train_loss"][-1] == pytest.approx(
        -np.log(expected[np.arange(120), blobs.y]).mean(), abs=1e-5
    )


def test_weighted_rows_converge_to_weighted_logistic_regression(blobs):
    weight = np.where(blobs.groups % 3 == 0, 1.0, 4.0)
    ours = ERMClassifier(**CONVERGED).fit(blobs.X, blobs.y, sample_weight=weight)
    theirs = LogisticRegression(C=1e10, tol=1e-8).fit(blobs.X, blobs.y, sample_weight=weight)
    np.testing.assert_allclose(
        ours.predict_proba(blobs.X), theirs.predict_proba(blobs.X), atol=1e-3
    )


def test_the_parts_are_put_together_as_documented(blobs):
    clf = ERMClassifier(**QUICK, lr=0.02).fit(blobs.X, blobs.y, groups=blobs.groups)
    seeds = Seeds.draw(np.random.RandomState(0))
    X = blobs.X.astype(np.float64)
    module = build_module(
        None, 2, 2, hidden_layer_sizes=(8,), standardize=(X.mean(axis=0), X.std(axis=0)),
        seed=seeds.module,
    )  # fmt: skip
    y, groups = torch.from_numpy(blobs.y), torch.from_numpy(blobs.groups)
    net = train(
        module, MeanLoss(), TrainingData(as_rows(blobs.X), y, groups, 4), n_classes=2,
        sampler=UniformSampler(120, 32, seeds.sampler), lr=0.02, weight_decay=1e-4, max_epochs=3,
    )  # fmt: skip
    for name, values in clf.history_.items():
        np.testing.assert_allclose(values, net.history[:, name], atol=1e-6)


def test_groups_do_not_enter_the_training(blobs, assert_same_model):
    plain = ERMClassifier(**QUICK).fit(blobs.X, blobs.y)
    grouped = ERMClassifier(**QUICK).fit(blobs.X, blobs.y, groups=blobs.groups)
    assert_same_model(plain, grouped, blobs.X, atol=1e-12)
    assert plain.history_["group_accuracy"].shape == (3, 2)  # the classes
    assert grouped.history_["group_accuracy"].shape == (3, 4)
    assert grouped.group_labels_.tolist() == [0, 1, 2, 3]


def test_without_groups_there_is_no_warning_and_no_early_stopping(blobs):
    clf = ERMClassifier(**QUICK).fit(blobs.X, blobs.y)  # warnings are errors
    assert clf.early_stopping_ is False
    assert (clf.n_groups_, clf.n_outliers_, clf.group_labels_.tolist()) == (2, 0, [0, 1])


def test_weights_are_repeated_rows(blobs):
    weight = np.random.default_rng(0).integers(0, 4, 120)
    full_batch = QUICK | {"batch_size": 10_000, "max_epochs": 30}
    weighted = ERMClassifier(**full_batch).fit(blobs.X, blobs.y, sample_weight=weight)
    rows = np.repeat(np.arange(120), weight)
    repeated = ERMClassifier(**full_batch).fit(blobs.X[rows], blobs.y[rows])
    np.testing.assert_allclose(
        weighted.predict_proba(blobs.X), repeated.predict_proba(blobs.X), atol=1e-5
    )


def test_only_ratios_of_weights_matter(blobs, assert_same_model):
    weight = np.random.default_rng(0).uniform(0.5, 2, 120)
    one = ERMClassifier(**QUICK).fit(blobs.X, blobs.y, sample_weight=weight)
    other = ERMClassifier(**QUICK).fit(blobs.X, blobs.y, sample_weight=1024 * weight)
    assert_same_model(one, other, blobs.X, atol=1e-6)


def test_equal_weights_are_no_weights(blobs, assert_same_model):
    one = ERMClassifier(**QUICK).fit(blobs.X, blobs.y)
    other = ERMClassifier(**QUICK).fit(blobs.X, blobs.y, sample_weight=np.full(120, 0.3))
    assert_same_model(one, other, blobs.X, atol=1e-6)


def test_weight_decay_pulls_the_weights_together(blobs):
    def norm(weight_decay):
        clf = ERMClassifier(**QUICK, weight_decay=weight_decay, optimizer="sgd", lr=0.1)
        head = clf.fit(blobs.X, blobs.y).net_.module_.head
        return head.weight.norm().item()

    assert norm(1.0) < 0.5 * norm(0.0)
