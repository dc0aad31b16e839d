"""Groups that the tests of descriptions and of stability share."""

from types import SimpleNamespace

import pytest

from skgroup import GradientGroupInferrer
from skgroup.datasets import make_group_blobs, make_shortcut_classification


@pytest.fixture(scope="session")
def shortcut():
    """500 rows in which column x1 misleads one row in ten, and an inferrer fitted on them."""
    X, y, groups = make_shortcut_classification(500, agreement=0.9, n_features=5, random_state=0)
    return _fitted(X, y, groups)


@pytest.fixture(scope="session")
def blobs():
    """200 rows in four separated groups of 80, 20, 20 and 80 rows, two in each class."""
    return _fitted(*make_group_blobs(20, variance=0.01, random_state=0))


def _fitted(X, y, groups):
    for array in (X, y, groups):
        array.setflags(write=False)
    inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
    return SimpleNamespace(X=X, y=y, groups=groups, inferrer=inferrer)
