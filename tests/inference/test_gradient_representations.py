"""From the gradients of a layer or an epoch to what is clustered."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score

from skgroup.exceptions import SettingsWarning
from skgroup.inference import _gradient as gradient_file
from skgroup.metrics import group_agreement
from skgroup.modules import mlp


def within_class_ari(truth, groups, y):
    return group_agreement(truth, groups, y)["within_class_ari"]


@pytest.mark.parametrize(
    ("options", "scale", "pca"),
    [
        ({"clusterer": "kmeans"}, "residual", 10),
        ({"clusterer": "gmm"}, "residual", 10),
        ({"clusterer": "kmeans", "reference": LogisticRegression()}, "residual", 10),
        ({"clusterer": "kmeans", "module": mlp}, "rms", 10),
        ({"clusterer": "hdbscan"}, "centred_unit", None),
        ({"clusterer": "hdbscan", "module": mlp}, "centred_unit", None),
    ],
)
def test_automatic_scale_and_reduction(make, options, scale, pca):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 12)), np.repeat([0, 1], 30)
    by_name = make(**options, scale=scale, pca=pca, min_samples=2).fit(X, y)
    found = make(**options, scale="auto", pca="auto", min_samples=2).fit(X, y)
    np.testing.assert_array_equal(found.embed(X, y), by_name.embed(X, y))
    assert (found.groups_ == by_name.groups_).all()


@pytest.mark.parametrize("source", ["head", "all"])
def test_residual_scale_keeps_directions_and_sets_lengths(make, blobs, source):
    X, y, _ = blobs
    inferrer = make(module=mlp, source=source, pca=None, epochs=2)
    Z = clone(inferrer).set_params(scale="residual").fit(X, y).embed(X, y)
    directions = clone(inferrer).set_params(scale="unit").fit(X, y).embed(X, y)
    for epochs, columns in ((1, slice(0, 6)), (2, slice(6, 12))):
        lengths = np.linalg.norm(Z[:, columns], axis=1)
        np.testing.assert_allclose(
            Z[:, columns] / lengths[:, None], directions[:, columns], atol=1e-5
        )
        net = clone(inferrer).set_params(epochs=epochs).fit(X, y).reference_
        residual = 1 - net.predict_proba(X.astype(np.float32))[np.arange(200), y]
        for c in (0, 1):  # each epoch and class is divided by its root mean square
            own = residual[y == c]
            np.testing.assert_allclose(lengths[y == c], own / np.sqrt((own**2).mean()), rtol=1e-4)


@pytest.mark.parametrize("epochs", [0.1, 1])
def test_one_snapshot_makes_all_combinations_equal(make, blobs, epochs):
    X, y, _ = blobs
    found = {
        tuple(make(module=mlp, epochs=epochs, combine=c).fit_predict(X, y))
        for c in ("concat", "mean", "first", "last")
    }
    assert len(found) == 1


@pytest.mark.parametrize(("epochs", "n_columns"), [(0.1, 6), (1, 6), (2.5, 18)])
def test_epochs_are_put_side_by_side(make, blobs, epochs, n_columns):
    X, y, _ = blobs
    inferrer = make(module=mlp, epochs=epochs, pca=None).fit(X, y)
    assert inferrer.embed(X, y).shape == (200, n_columns)


@pytest.mark.parametrize("pca", [6, 1 - 1e-9])
def test_keeping_all_dimensions_changes_nothing(make, blobs, pca):
    X, y, truth = blobs
    groups = make(pca=pca).fit_predict(X, y)
    assert adjusted_rand_score(groups, make(pca=None).fit_predict(X, y)) == 1
    assert within_class_ari(truth, groups, y) == 1


def test_activation_gradients_of_two_classes_lie_on_a_line(make, blobs):
    X, y, _ = blobs
    inferrer = make(source="activation", pca=None)
    with pytest.warns(SettingsWarning, match="source='activation' all lie on one line") as caught:
        inferrer.fit(X, y)
    assert caught[0].filename == __file__
    Z = inferrer.embed(X, y)
    assert np.linalg.matrix_rank(Z, tol=1e-5) == 1
    # The groups of a class are its small and its large losses.
    p = inferrer.reference_.predict_proba(X.astype(np.float32))[np.arange(200), y]
    for c in (0, 1):
        first, second = (p[inferrer.groups_ == g] for g in (2 * c, 2 * c + 1))
        assert max(first.min(), second.min()) > min(first.max(), second.max())


def test_activation_gradients_of_three_classes_lie_in_a_plane(make):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 5)), np.repeat([0, 1, 2], 30)
    Z = make(source="activation", pca=None, scale="none").fit(X, y).embed(X, y)
    assert Z.shape == (90, 5)
    assert np.linalg.matrix_rank(Z, tol=1e-5) == 2


def test_sources(make, blobs):
    X, y, _ = blobs
    head, everything, layer = (
        make(source=source, pca=None).fit(X, y) for source in ("head", "all", "layer:head")
    )
    # The same numbers in another order
    for other in (everything, layer):
        found, expected = np.sort(other.embed(X, y)), np.sort(head.embed(X, y))
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert adjusted_rand_score(other.groups_, head.groups_) == 1


@pytest.mark.parametrize("source", ["layer:body", "top"])
def test_unknown_sources_name_the_layers(make, blobs, source):
    X, y, _ = blobs
    with pytest.raises(ValueError, match=rf"with parameters|one of \['head'\]; got '{source}'"):
        make(source=source).fit(X, y)


@pytest.mark.parametrize("reference", ["linear", LogisticRegression(C=10)])
def test_large_gradients_are_sketched(make, blobs, monkeypatch, reference):
    X, y, truth = blobs
    X = np.tile(X, 31)
    inferrer = make(reference=reference, weight_decay=1e-3, pca=None).fit(X, y)
    assert inferrer.embed(X, y).shape == (200, 126)
    assert within_class_ari(truth, inferrer.groups_, y) == 1
    monkeypatch.setattr(gradient_file, "REPRESENTED_BYTES", 8 * 200 * 126 - 1)
    monkeypatch.setattr(gradient_file, "SKETCH_SIZE", 64)
    inferrer.fit(X, y)
    assert inferrer.embed(X, y).shape == (200, 64)
    assert within_class_ari(truth, inferrer.groups_, y) == 1
    assert (inferrer.predict(X, y) == inferrer.groups_).all()
    monkeypatch.setattr(gradient_file, "SKETCH_SIZE", 150)  # nothing to be saved
    assert inferrer.fit(X, y).embed(X, y).shape == (200, 126)
    monkeypatch.setattr(gradient_file, "SKETCH_SIZE", 64)
    monkeypatch.setattr(gradient_file, "REPRESENTED_BYTES", 8 * 200 * 126)  # small enough
    assert inferrer.fit(X, y).embed(X, y).shape == (200, 126)


def test_the_budget_is_for_all_snapshots(make, blobs, monkeypatch):
    X, y, _ = blobs
    monkeypatch.setattr(gradient_file, "REPRESENTED_BYTES", 8 * 200 * 6)
    monkeypatch.setattr(gradient_file, "SKETCH_SIZE", 4)
    one = make(module=mlp, epochs=1, pca=None).fit(X, y)
    two = make(module=mlp, epochs=2, pca=None).fit(X, y)
    assert one.embed(X, y).shape == (200, 6)
    assert two.embed(X, y).shape == (200, 8)
