"""Which linear reference "auto" stands for."""

import numpy as np
import pytest

from skgroup import GradientGroupInferrer
from skgroup.datasets import make_group_blobs, make_shortcut_classification


def auto(**options):
    return GradientGroupInferrer(**{"noise_neighbors": None, "random_state": 0} | options)


def stands_for(inferrer, X, y):
    """Names of the references that would give the same model."""
    found = inferrer.reference_.predict_proba(X.astype(np.float32))
    same = []
    for name in ("linear", "ridge"):
        model = auto(k=2, reference=name, standardize=inferrer.standardize).fit(X, y).reference_
        if np.array_equal(model.predict_proba(X.astype(np.float32)), found):
            same.append(name)
    return same


@pytest.fixture(scope="module")
def halves():
    """Rows in which the shortcut halves each class."""
    X, y, _ = make_shortcut_classification(
        1000, core_strength=0.5, shortcut_strength=3.0, random_state=0
    )
    return X, y


@pytest.fixture(scope="module")
def many():
    """Three blobs, each with rows of both classes; one has more of class 0 than the others."""
    rng = np.random.default_rng(0)
    blob, y = np.tile([0, 1, 2], 120), np.repeat([0, 1], 180)
    X = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])[blob] + rng.normal(size=(360, 2))
    kept = rng.random(360) < np.where((blob == 0) == (y == 0), 1, 0.4)
    return X[kept], y[kept]


def numbers_of_clusters(inferrer):
    return {found["k"] for found in inferrer.settings_.values()}


def test_ridge_where_two_clusters_are_found(halves):
    X, y = halves
    inferrer = auto().fit(X, y)
    assert numbers_of_clusters(inferrer) == {2}
    assert stands_for(inferrer, X, y) == ["ridge"]
    np.testing.assert_array_equal(inferrer.groups_, auto(reference="ridge", k=2).fit(X, y).groups_)


@pytest.mark.parametrize("validation", [None, "assign", "joint"])
def test_linear_where_more_are_found(many, validation):
    X, y = many
    ridge = auto(reference="ridge").fit(X, y)
    assert numbers_of_clusters(ridge) == {3}
    if validation is None:
        inferrer = auto().fit(X, y)
    else:
        inferrer = auto(validation=validation).fit(X, y, X[::2], y[::2])
        np.testing.assert_array_equal(inferrer.groups_val_, inferrer.groups_[::2])
    assert stands_for(inferrer, X, y) == ["linear"]
    linear = auto(reference="linear").fit(X, y)
    assert numbers_of_clusters(inferrer) == numbers_of_clusters(linear)
    np.testing.assert_array_equal(inferrer.predict(X, y), inferrer.groups_)
    loss = -np.log(linear.reference_.predict_proba(X.astype(np.float32))[np.arange(len(y)), y])
    for group, mean in zip(
        *(inferrer.group_table_[c] for c in ("group", "mean_loss")), strict=True
    ):
        assert mean == pytest.approx(loss[inferrer.groups_ == group].mean(), rel=1e-4)


@pytest.mark.parametrize(
    ("options", "name"),
    [({"k": 3}, "ridge"), ({"reference": "ridge"}, "ridge"), ({"reference": "linear"}, "linear")],
)
def test_what_was_asked_for_stays(many, options, name):
    X, y = many
    assert stands_for(auto(**options).fit(X, y), X, y) == [name]


@pytest.mark.parametrize("clusterer", ["dbscan", "hdbscan"])
def test_linear_for_density_clusterers(clusterer):
    X, y, _ = make_group_blobs(20, variance=0.01, random_state=0)
    inferrer = auto(clusterer=clusterer, min_samples=6, eps=0.1).fit(X, y)
    assert stands_for(inferrer, X, y) == ["linear"]


def test_columns_as_they_are(halves):
    X, y = halves
    inferrer = auto(k=2, standardize=False).fit(X * np.arange(1, X.shape[1] + 1), y)
    assert stands_for(inferrer, X * np.arange(1, X.shape[1] + 1), y) == ["ridge"]
