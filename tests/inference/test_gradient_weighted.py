"""Gradients whose entries count by the weights that they belong to."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from skgroup.inference import _gradient as gradient_file
from skgroup.inference._reference import ClassifierReference
from skgroup.modules import mlp

WEIGHT = np.array([[0.25, -4.0], [1.0, 0.0]])
BIAS = np.array([0.5, -1.0])


def linear(bias=True):
    module = nn.Linear(2, 2, bias=bias)
    with torch.no_grad():
        module.weight.copy_(torch.tensor(WEIGHT))
        if bias:
            module.bias.copy_(torch.tensor(BIAS))
    return module


def by_hand(X, y, bias):
    """Residual times input times root of the weight, as long as the residual."""
    logits = X @ WEIGHT.T + (BIAS if bias else 0)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    residual = p - np.eye(2)[y]
    x1, x2, zero = X[:, 0], X[:, 1], np.zeros(len(X))
    columns = []
    for d, (root1, root2) in zip(residual.T, [(0.5, 2.0), (1.0, 0.0)], strict=True):
        columns += [d * root1 * x1, d * root2 * x2] + [zero] * bias
    g = np.column_stack(columns)
    g *= (np.linalg.norm(residual, axis=1) / np.linalg.norm(g, axis=1))[:, None]
    for c in (0, 1):  # each class by its root mean square
        g[y == c] /= np.sqrt((g[y == c] ** 2).sum(axis=1).mean())
    return g


@pytest.mark.parametrize("bias", [True, False])
def test_by_hand(make, bias):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), rng.integers(2, size=60)
    inferrer = make(reference=linear(bias), scale="weighted", pca=None).fit(X, y)
    np.testing.assert_allclose(inferrer.embed(X, y), by_hand(X, y, bias), atol=1e-5)
    assert (inferrer.predict(X, y) == inferrer.groups_).all()


def test_equal_weights_leave_directions_without_the_intercept(make, blobs):
    X, y, _ = blobs
    module = nn.Linear(2, 2, bias=False)
    nn.init.constant_(module.weight, -3.0)
    module.weight.data[1] = 3.0
    weighted, residual = (
        make(reference=module, scale=scale, pca=None).fit(X, y)
        for scale in ("weighted", "residual")
    )
    np.testing.assert_allclose(weighted.embed(X, y), residual.embed(X, y), atol=1e-5)


@pytest.mark.parametrize("reference", ["linear", "ridge"])
def test_inputs_that_are_not_used_do_not_count(make, blobs, reference):
    X, y, _ = blobs
    even = np.empty((200, 1))  # tells nothing of the class
    for c in (0, 1):
        even[y == c, 0] = np.resize([-30.0, 30.0], 100)
    X, share = np.hstack([X, even]), {}
    for scale in ("weighted", "residual"):
        inferrer = make(reference=reference, scale=scale, pca=None, weight_decay=None).fit(X, y)
        Z = inferrer.embed(X, y)
        share[scale] = (Z[:, [2, 6]] ** 2).sum() / (Z**2).sum()
    if reference == "ridge":  # leaves the column out by itself
        assert share == {"weighted": 0, "residual": 0}
    else:
        assert share["weighted"] < share["residual"] / 2


def test_each_epoch_has_weights_of_its_own(make, blobs):
    X, y, _ = blobs
    options = {"module": mlp, "scale": "weighted", "pca": None}
    both = make(**options, epochs=2).fit(X, y).embed(X, y)
    first, second = (
        make(**options, epochs=epochs, combine="last").fit(X, y).embed(X, y) for epochs in (1, 2)
    )
    np.testing.assert_array_equal(both, np.hstack([first, second]))
    assert abs(first - second).max() > 1e-6


def test_gradients_stay_whole(make, blobs, monkeypatch):
    # A projection would mix entries before they are weighted.
    X, y, _ = blobs
    options = {"reference": "linear", "scale": "weighted", "pca": None}
    expected = make(**options).fit(X, y).embed(X, y)
    monkeypatch.setattr(gradient_file, "REPRESENTED_BYTES", 1)
    monkeypatch.setattr(gradient_file, "SKETCH_SIZE", 2)
    np.testing.assert_array_equal(make(**options).fit(X, y).embed(X, y), expected)
    assert make(**options | {"scale": "residual"}).fit(X, y).embed(X, y).shape == (200, 2)


def no_partition(*_):
    raise AssertionError("clustering began")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"module": mlp, "source": "all"}, "scale='weighted' needs source='head', got 'all'"),
        ({"reference": LogisticRegression()}, "reference is a LogisticRegression: use scale="),
    ],
)
def test_what_has_no_weights_is_seen_before_the_clustering(
    make, blobs, options, message, monkeypatch
):
    monkeypatch.setattr(gradient_file.GradientGroupInferrer, "_partition", no_partition)
    with pytest.raises(ValueError, match=message):
        make(**options, scale="weighted").fit(*blobs[:2])


def test_a_classifier_says_so_itself(draw):
    X, y = draw()
    reference = ClassifierReference(LogisticRegression().fit(X, y), (X.mean(0), X.std(0)))
    with pytest.raises(ValueError, match="looks at the weights of a network"):
        reference.root_weights(X, "head")
