"""Settings and data that the tests of inferrers share."""

import numpy as np
import pytest

from skgroup import GradientGroupInferrer
from skgroup.datasets import make_group_blobs


@pytest.fixture(scope="session")
def blobs():
    """X, y and the true groups of 200 rows in four separated groups: 80, 20, 20 and 80 rows."""
    X, y, groups = make_group_blobs(20, variance=0.01, random_state=0)
    for array in (X, y, groups):
        array.setflags(write=False)
    return X, y, groups


@pytest.fixture
def make():
    """The inferrer with settings of its own, so that defaults may change."""

    def make_one(**options):
        settings = {
            "k": 2, "clusterer": "kmeans", "scope": "class", "epochs": 1, "source": "head",
            "reference": "auto" if "module" in options else "linear", "scale": "rms",
            "combine": "concat", "pca": 10, "min_cluster_share": 0.01, "small_clusters": "outlier",
            "noise_neighbors": None, "standardize": True, "weight_decay": 0.0, "random_state": 0,
        }  # fmt: skip
        return GradientGroupInferrer(**settings | options)

    return make_one


def draw_classes(n_classes=2, n_rows=150, seed=0):
    """Overlapping classes, and columns of different means and deviations."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 3))
    y = (X @ rng.normal(size=(3, n_classes)) + rng.gumbel(size=(n_rows, n_classes))).argmax(axis=1)
    return X * [1.0, 10.0, 0.1] + [0.0, 5.0, -3.0], y


@pytest.fixture
def draw():
    """A function that draws X and the class codes of a few rows."""
    return draw_classes


def draw_rows_of_blobs(sizes=((60, 20), (20, 60)), spread=1.0, seed=0):
    """Blobs 12 apart on the first axis, as many a class as it has sizes; classes on the second."""
    rng = np.random.default_rng(seed)
    blob = [np.repeat(np.arange(len(own)), own) for own in sizes]
    y = np.repeat(np.arange(len(sizes)), [len(own) for own in blob])
    X = np.column_stack([12.0 * np.concatenate(blob), 6.0 * y, 0.0 * y])
    return X + rng.normal(scale=spread, size=X.shape), y, np.concatenate(blob) + 100 * y


@pytest.fixture(scope="session")
def draw_blobs():
    """A function that draws X, the class codes and the true groups of separated blobs."""
    return draw_rows_of_blobs


@pytest.fixture(scope="session")
def four():
    """X, y and the groups of 160 rows in two blobs a class."""
    X, y, groups = draw_rows_of_blobs()
    for array in (X, y, groups):
        array.setflags(write=False)
    return X, y, groups
