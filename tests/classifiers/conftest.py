import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from skgroup import classifiers
from skgroup.datasets import make_group_blobs

EVERY = [getattr(classifiers, name) for name in classifiers.__all__]


# Of methods that say so when the rows, the same for all in these tests, do not suit them.
UNSUITABLE = ["no row is discarded", "every group has rows of one class only"]


@pytest.fixture(autouse=True)
def unsuitable_rows():
    """Let methods warn of small batches, and of groups inside classes."""
    with warnings.catch_warnings():
        for text in UNSUITABLE:
            warnings.filterwarnings("ignore", text)
        yield


@pytest.fixture(params=EVERY, ids=lambda cls: cls.__name__)
def Classifier(request):
    """Every public classifier in turn."""
    return request.param


@pytest.fixture
def quick(Classifier):
    """Build the classifier in turn so that it trains in milliseconds."""

    def build(**parameters):
        small = {"hidden_layer_sizes": (8,), "max_epochs": 3, "batch_size": 32, "random_state": 0}
        return Classifier(**(small | {"early_stopping": False} | parameters))

    return build


@pytest.fixture
def blobs():
    """120 rows in four groups of 48, 12, 12 and 48."""
    X, y, groups = make_group_blobs(12, random_state=0)
    return SimpleNamespace(X=X.astype(np.float32), y=y, groups=groups)


@pytest.fixture
def assert_same_model():
    """Assert that two fitted classifiers are equal, to the last bit or up to `atol`."""

    def check(one, other, X, atol=0.0):
        ours, theirs = one.predict_proba(X), other.predict_proba(X)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol)
        assert one.history_.keys() == other.history_.keys()
        if not atol:
            for name, values in one.history_.items():
                np.testing.assert_array_equal(values, other.history_[name])

    return check
