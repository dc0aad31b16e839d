"""Networks that the user compiled; without a compiler at work, which a machine may not have."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skgroup import ERMClassifier, GradientGroupInferrer, ULEClassifier
from skgroup.modules import mlp


def compiled(module):
    return torch.compile(module, backend="eager")


@pytest.fixture
def network():
    """A network, and a compiled copy with weights of its own."""
    torch.manual_seed(0)
    module = mlp(2, 2, [6])
    return module, compiled(copy.deepcopy(module))


@pytest.fixture(autouse=True)
def fresh_compiler():
    """Every classifier compiles the same layers anew, more often than torch takes for sane."""
    torch.compiler.reset()


def test_every_classifier_trains_it_as_the_plain_one(quick, blobs, network, assert_same_model):
    plain, other = (
        quick(module=module).fit(blobs.X, blobs.y, groups=blobs.groups) for module in network
    )
    assert_same_model(plain, other, blobs.X, atol=1e-6)


def test_a_callable_may_compile(blobs, assert_same_model):
    plain, other = (
        ERMClassifier(module=build, max_epochs=2, random_state=0).fit(blobs.X, blobs.y)
        for build in (mlp, lambda d, k: compiled(mlp(d, k)))
    )
    assert_same_model(plain, other, blobs.X, atol=1e-6)


def test_a_clone_and_a_copy_are_compiled_too(blobs, network, assert_same_model):
    clf = ERMClassifier(module=network[1], max_epochs=2, random_state=0).fit(blobs.X, blobs.y)
    again, copied = clone(clf).fit(blobs.X, blobs.y), pickle.loads(pickle.dumps(clf))
    for other in (again, copied):
        assert isinstance(other.net_.module_, torch._dynamo.OptimizedModule)
        assert_same_model(clf, other, blobs.X)


def test_shared_layers_with_two_heads(blobs, network):
    # This form watches the last layer, which a compiled network does not show.
    options = {"form": "feature", "max_epochs": 2, "random_state": 0}
    plain, other = (
        ULEClassifier(module=module, **options).fit(blobs.X, blobs.y).predict_proba(blobs.X)
        for module in network
    )
    np.testing.assert_allclose(plain, other, rtol=0, atol=1e-6)


def test_an_inferrer_reads_its_gradients(blobs, network):
    plain, other = (
        GradientGroupInferrer(2, module=module, epochs=2, random_state=0).fit(blobs.X, blobs.y)
        for module in network
    )
    np.testing.assert_allclose(
        plain.embed(blobs.X, blobs.y), other.embed(blobs.X, blobs.y), rtol=0, atol=1e-5
    )
