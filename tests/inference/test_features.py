"""What is clustered, and that it stays small and does not depend on how it is read."""

import pickle

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from torch import nn
from torch.utils.data import TensorDataset

from skgroup.inference import _features as file
from skgroup.inference._features import FeatureMap
from skgroup.inference._linear_reference import fit_linear
from skgroup.inference._reference import wrap_reference
from skgroup.modules import mlp

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3)) * [1.0, 10.0, 0.1] + [0.0, 5.0, -3.0]
Y = np.repeat([0, 1], 25)
NET = mlp(3, 2, (4,))


def wrapped(reference):
    return wrap_reference(reference, X, Y, np.array([0, 1]), names=None, seed=0, device="cpu")


def fitted(kind, reference=NET, X=X, standardize=False):
    return FeatureMap.fit(kind, wrapped(reference), X, standardize=standardize, seed=0)


def test_inputs_are_the_columns():
    np.testing.assert_array_equal(fitted("input")(X), X)
    features = fitted("input", standardize=True)
    expected = (X - X.mean(axis=0)) / X.std(axis=0)
    np.testing.assert_allclose(features(X), expected, atol=1e-12)
    np.testing.assert_allclose(features(X[:4]), expected[:4], atol=1e-12)  # as for the training


def test_penultimate_features_and_outputs_by_hand():
    hidden = NET.hidden_0(torch.tensor(X, dtype=torch.float32)).relu()
    with torch.no_grad():
        np.testing.assert_allclose(fitted("penultimate")(X), hidden, rtol=1e-5)
        np.testing.assert_allclose(fitted("output")(X), NET.head(hidden), rtol=1e-5, atol=1e-6)


def test_the_last_layer_of_the_linear_reference_receives_standardised_inputs():
    model = fit_linear(X, Y, standardize=True, weight_decay=0.01, device="cpu")
    features = FeatureMap.fit("penultimate", model, X, standardize=False, seed=0)
    np.testing.assert_allclose(features(X), (X - X.mean(axis=0)) / X.std(axis=0), atol=1e-5)


def test_outputs_of_a_classifier_are_its_probabilities():
    tree = DecisionTreeClassifier(max_depth=2).fit(X, Y)
    np.testing.assert_array_equal(fitted("output", tree)(X), tree.predict_proba(X))


def test_a_classifier_has_no_penultimate_features():
    with pytest.raises(ValueError, match="needs a network, but the reference is a LogisticReg"):
        fitted("penultimate", LogisticRegression())


def test_a_network_without_a_linear_head():
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    assert fitted("output", net)(X).shape == (50, 2)
    with pytest.raises(ValueError, match=r"no linear head.* for features choose features='output'"):
        fitted("penultimate", net)


@pytest.mark.parametrize("standardize", [False, True])
def test_inputs_of_all_kinds(standardize):
    expected = fitted("input", standardize=standardize)(X)
    for rows in (sparse.csr_matrix(X), torch.tensor(X), X.reshape(50, 3, 1)):
        features = fitted("input", X=rows, standardize=standardize)
        np.testing.assert_allclose(features(rows), expected, atol=1e-9)
        assert features(rows).dtype == np.float64


@pytest.mark.parametrize("rows", [{"x": X}, TensorDataset(torch.tensor(X))])
def test_named_inputs_are_no_matrix(rows):
    with pytest.raises(TypeError, match="features='input' needs an array, but X is a"):
        fitted("input", X=rows)


@pytest.mark.parametrize("kind", ["input", "penultimate"])
@pytest.mark.parametrize("of", [np.array, sparse.csr_matrix])
def test_large_features_are_projected(monkeypatch, kind, of):
    wide = RNG.normal(size=(60, 40))
    net, rows = mlp(40, 2, (40,)), of(wide)
    whole = FeatureMap.fit(kind, wrap_reference(
        net, rows, np.repeat([0, 1], 30), np.array([0, 1]), names=None, seed=0, device="cpu"
    ), rows, standardize=False, seed=0)  # fmt: skip
    exact = whole(rows)
    monkeypatch.setattr(file, "SKETCH_SIZE", 32)
    monkeypatch.setattr(file, "FEATURE_BYTES", 8 * 60 * 40 - 1)
    features = FeatureMap.fit(kind, whole.model, rows, standardize=False, seed=0)
    Z = features(rows)
    assert Z.shape == (60, 32)
    # The same matrix for all rows, however many come at once.
    projection = np.linalg.lstsq(exact[:50], Z[:50], rcond=None)[0]
    np.testing.assert_allclose(exact @ projection, Z, atol=1e-4)
    np.testing.assert_allclose(features(rows[50:]), Z[50:], rtol=1e-5, atol=1e-5)
    monkeypatch.setattr(file, "CHUNK_ROWS", 7)
    np.testing.assert_allclose(features(rows), Z, rtol=1e-5, atol=1e-5)
    again = pickle.loads(pickle.dumps(features))
    np.testing.assert_allclose(again(rows), Z, rtol=1e-5, atol=1e-5)
    monkeypatch.setattr(file, "FEATURE_BYTES", 8 * 60 * 40)  # small enough
    assert FeatureMap.fit(kind, whole.model, rows, standardize=False, seed=0).sketch is None
    monkeypatch.setattr(file, "FEATURE_BYTES", 1)
    monkeypatch.setattr(file, "SKETCH_SIZE", 40)  # nothing to be saved
    assert FeatureMap.fit(kind, whole.model, rows, standardize=False, seed=0).sketch is None


def test_nothing_of_the_caller_is_changed():
    before = X.copy()
    for kind in ("input", "penultimate", "output"):
        fitted(kind, standardize=True)(X)
    np.testing.assert_array_equal(X, before)
    assert NET.training
