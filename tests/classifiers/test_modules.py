"""The user's own network."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from skgroup.modules import mlp


@pytest.fixture
def fit(quick, blobs):
    def run(module, **parameters):
        return quick(module=module, **parameters).fit(blobs.X, blobs.y, groups=blobs.groups)

    return run


def state(module):
    return {name: values.clone() for name, values in module.state_dict().items()}


def normed():
    return nn.Sequential(nn.Linear(2, 6), nn.BatchNorm1d(6), nn.Dropout(0.2), nn.Linear(6, 2))


def test_an_instance_is_never_trained(fit, blobs):
    module = normed()
    before, modes = state(module), [part.training for part in module.modules()]
    clf = fit(module)
    clf.predict(blobs.X)
    assert clf.module is module
    assert clf.net_.module_ is not module
    assert all(torch.equal(values, before[name]) for name, values in state(module).items())
    assert [part.training for part in module.modules()] == modes
    assert not torch.equal(clf.net_.module_[0].weight, module[0].weight)


def test_every_fit_starts_from_the_instance(fit, blobs, assert_same_model):
    module = normed()
    first, second = fit(module), fit(module)
    assert_same_model(first, second, blobs.X)
    again = clone(first).fit(blobs.X, blobs.y, groups=blobs.groups)
    assert_same_model(first, again, blobs.X)
    assert_same_model(first, pickle.loads(pickle.dumps(first)), blobs.X)


def test_weights_of_the_instance_are_the_start(fit, blobs):
    module = mlp(2, 2)
    with torch.no_grad():
        expected = torch.softmax(module(torch.from_numpy(blobs.X)).double(), dim=1).numpy()
    clf = fit(module, lr=1e-12)
    if hasattr(clf, "coef_"):
        pytest.skip("its last layer is fitted anew; tests/classifiers/test_dfr.py sees the rest")
    np.testing.assert_allclose(clf.predict_proba(blobs.X), expected, atol=1e-6)


def test_a_callable_gets_features_and_classes(fit, blobs, assert_same_model):
    given = []

    def build(n_features, n_classes):
        given.append((n_features, n_classes))
        return mlp(n_features, n_classes, [8])

    clf = fit(build)
    assert set(given) == {(2, 2)}  # once for each network that is trained
    # The default network is seeded alike, so that it is the same but for the standardisation.
    bare = fit(None, standardize=False, hidden_layer_sizes=(8,))
    assert_same_model(clf, bare, blobs.X)


def test_only_the_default_network_is_standardised(fit):
    default, own = fit(None).net_.module_, fit(mlp).net_.module_
    names = [name for name, _ in default.named_children()]
    assert names == ["standardize", "hidden_0", "relu_0", "head"]
    assert [name for name, _ in own.named_children()] == ["head"]


def test_noise_is_repeatable_and_the_global_generator_stays(fit, blobs, assert_same_model):
    before = torch.get_rng_state()
    first = fit(lambda d, k: normed())
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    assert_same_model(first, fit(lambda d, k: normed()), blobs.X)


def test_predictions_are_without_noise(fit, blobs):
    clf = fit(normed())
    clf.net_.module_.train()  # as a user may have left it
    first = clf.predict_proba(blobs.X)
    np.testing.assert_array_equal(first, clf.predict_proba(blobs.X))
    np.testing.assert_allclose(first[:7], clf.predict_proba(blobs.X[:7]), atol=1e-6)


def test_frozen_layers_stay(fit):
    module = mlp(2, 2, [4])
    module.hidden_0.requires_grad_(False)
    before = copy.deepcopy(module)
    trained = fit(module).net_.module_
    assert torch.equal(trained.hidden_0.weight, before.hidden_0.weight)
    assert not torch.equal(trained.head.weight, before.head.weight)


def test_work_in_place_does_not_reach_the_caller(fit, blobs):
    before = blobs.X.copy()
    clf = fit(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(2, 2)))
    clf.predict(blobs.X)
    np.testing.assert_array_equal(blobs.X, before)
