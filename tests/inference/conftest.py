"""Settings and data that the tests of inferrers share."""

from functools import partial

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
    return partial(
        GradientGroupInferrer, k=2, clusterer="kmeans", scope="class", reference="auto", epochs=1,
        source="head", scale="rms", combine="concat", pca=10, min_cluster_share=0.01,
        small_clusters="outlier", standardize=True, weight_decay=0.0, random_state=0,
    )  # fmt: skip
