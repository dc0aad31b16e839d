"""The line that everything is about, small enough to be fitted hundreds of times."""

from types import SimpleNamespace

import numpy as np
import pytest
import sklearn
from sklearn.pipeline import make_pipeline

from skgroup import GradientGroupInferrer, GroupDROClassifier
from skgroup.datasets import make_group_blobs


@pytest.fixture(scope="session")
def blobs():
    """200 rows in four separated groups of 80, 20, 20 and 80 rows, two in each class."""
    X, y, groups = make_group_blobs(20, variance=0.01, random_state=0)
    for array in (X, y, groups):
        array.setflags(write=False)
    return SimpleNamespace(X=X, y=y, groups=groups)


@pytest.fixture
def clf():
    return GroupDROClassifier(hidden_layer_sizes=(8,), lr=0.03, max_epochs=10, random_state=0)


@pytest.fixture
def inferrer():
    return GradientGroupInferrer(k=2, random_state=0)


@pytest.fixture
def pipe(inferrer, clf):
    return make_pipeline(inferrer, clf)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.fixture
def assert_same():
    """Assert that fitted models give equal probabilities, to the last bit or up to `atol`."""

    def check(one, other, X, atol=0.0):
        ours, theirs = one.predict_proba(X), other.predict_proba(X)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol)

    return check
