"""Rows whose label looks wrong are outliers, minorities are not."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression

from skgroup import GradientGroupInferrer
from skgroup.datasets import make_group_blobs
from skgroup.inference import _label_noise as noise_file
from skgroup.metrics import group_agreement
from skgroup.modules import mlp


def flipped(seed=0, n=40, **options):
    """X, y, the true groups, and which rows have a wrong label: one in twenty."""
    X, y, truth = make_group_blobs(n, variance=0.01, flip=0.05, random_state=seed, **options)
    return X, y, truth, truth < 0


@pytest.mark.parametrize("variance", [0.1, 0.01])
def test_most_outliers_have_a_wrong_label(variance):
    # Without noise_neighbors there are none; .05 is what chance would give.
    wrong = []
    for seed in range(10):
        X, y, truth = make_group_blobs(variance=variance, flip=0.05, random_state=seed)
        groups = GradientGroupInferrer(random_state=seed).fit_predict(X, y)
        wrong += (truth[groups < 0] < 0).tolist()
    assert len(wrong) > 100
    assert np.mean(wrong) >= 0.8


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm"])
def test_wrong_labels_are_found_and_groups_stay(clusterer):
    X, y, truth, wrong = flipped()
    inferrer = GradientGroupInferrer(2, clusterer=clusterer, random_state=0).fit(X, y)
    found = inferrer.groups_ == -1
    assert (found <= wrong).all()  # none of the others
    assert found.sum() >= 0.5 * wrong.sum()
    table = inferrer.group_table_
    assert table["size"][table["group"] == -1].sum() == found.sum()
    assert inferrer.n_groups_ == 4
    assert group_agreement(truth, inferrer.groups_, y)["within_class_ari"] > 0.8
    plain = GradientGroupInferrer(2, clusterer=clusterer, noise_neighbors=None, random_state=0)
    groups = plain.fit_predict(X, y)
    assert (groups >= 0).all()
    np.testing.assert_array_equal(groups[~found], inferrer.groups_[~found])


@pytest.mark.parametrize("reference", ["linear", "ridge"])
def test_a_minority_among_the_other_class_stays(reference):
    X, y, truth = make_group_blobs(40, variance=0.01, random_state=0)
    groups = GradientGroupInferrer(2, reference=reference, random_state=0).fit_predict(X, y)
    assert (groups >= 0).all()
    assert group_agreement(truth, groups, y)["within_class_ari"] == 1


@pytest.mark.parametrize(
    "options",
    [{}, {"clusterer": "gmm"}, {"scope": "global", "k": 4}, {"small_clusters": "merge", "k": 3}],
)
@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("cap", [10_000, 300])
def test_prediction_on_training_rows_repeats_the_groups(options, convert, cap, monkeypatch):
    monkeypatch.setattr(noise_file, "MAX_ROWS", cap)
    X, y, _, _ = flipped()
    rows = convert(X)
    inferrer = GradientGroupInferrer(**{"k": 2} | options, random_state=0).fit(rows, y)
    assert (inferrer.groups_ == -1).any()
    np.testing.assert_array_equal(inferrer.predict(rows, y), inferrer.groups_)


def test_new_rows_with_a_wrong_label():
    X, y, _ = make_group_blobs(40, variance=0.01, random_state=0)
    inferrer = GradientGroupInferrer(2, random_state=0).fit(X, y)
    # In the middle of a majority of each class, then of each minority
    rows, right = [[0.0, 2.0], [1.0, 2.0], [1.0, 4.0], [0.0, 4.0]], np.array([0, 1, 0, 1])
    assert (inferrer.predict(rows, right) >= 0).all()
    assert inferrer.predict(rows, 1 - right).tolist() == [-1] * 4
    assert inferrer.predict(rows).tolist()[:2] == inferrer.predict(rows, right).tolist()[:2]


@pytest.mark.parametrize("validation", ["joint", "assign"])
def test_validation_rows_are_looked_at_too(validation):
    X, y, _, _ = flipped()
    X_val, y_val, _, wrong = flipped(subset="validation", n=20)
    inferrer = GradientGroupInferrer(2, validation=validation, random_state=0)
    inferrer.fit(X, y, X_val, y_val)
    for found, mistaken in (
        (inferrer.groups_ == -1, flipped()[3]), (inferrer.groups_val_ == -1, wrong)
    ):  # fmt: skip
        assert (found <= mistaken).all()
        assert found.sum() >= 0.5 * mistaken.sum()


@pytest.mark.parametrize(
    "options",
    [
        {"clusterer": "dbscan"},
        {"clusterer": "hdbscan"},
        {"clusterer": KMeans(2, n_init=1)},
        {"module": mlp, "epochs": 1},
        {"reference": LogisticRegression()},
    ],
)
def test_where_nothing_is_looked_at(options):
    X, y, _, _ = flipped(n=20)
    with_noise, without = (
        GradientGroupInferrer(2, noise_neighbors=n, random_state=0, **options).fit(X, y)
        for n in (40, None)
    )
    np.testing.assert_array_equal(with_noise.groups_, without.groups_)
    np.testing.assert_array_equal(with_noise.predict(X, y), without.predict(X, y))


def test_a_second_fit_forgets_the_first():
    X, y, _, _ = flipped()
    inferrer = GradientGroupInferrer(2, random_state=0).fit(X, y)
    inferrer.set_params(noise_neighbors=None).fit(X, y)
    assert (inferrer.groups_ >= 0).all()
    assert (inferrer.predict(X, y) >= 0).all()


def test_bad_numbers_of_neighbours(blobs):
    with pytest.raises(ValueError, match="'noise_neighbors'"):
        GradientGroupInferrer(noise_neighbors=1).fit(*blobs[:2])
