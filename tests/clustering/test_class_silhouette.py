import numpy as np
import pytest
from sklearn.metrics import pairwise_distances, silhouette_score

from skgroup.clustering import class_silhouette
from skgroup.clustering._class_silhouette import distance_silhouette


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(120, 3))


@pytest.fixture
def labels():
    return np.random.default_rng(1).integers(-1, 3, size=120)


def test_by_hand_with_noise_as_a_cluster():
    # Rows 0 and 1: a = 1, nearest other cluster is the noise at 3: b = 3 and 2.
    # The noise row is alone: 0. Rows 10 and 12: a = 2, b = mean distance to {3} = 7 and 9.
    Z = np.array([0.0, 1.0, 3.0, 10.0, 12.0])[:, None]
    expected = np.mean([2 / 3, 1 / 2, 0, 5 / 7, 7 / 9])
    assert np.isclose(class_silhouette(Z, [0, 0, -1, 1, 1]), expected)


def test_equals_scikit_learn(rows, labels):
    assert np.isclose(class_silhouette(rows, labels), silhouette_score(rows, labels))


@pytest.mark.parametrize("label", [-1, 0])
def test_a_single_label_is_the_worst(rows, label):
    assert class_silhouette(rows, np.full(120, label)) == -1.0
    assert class_silhouette(rows[:1], [label]) == -1.0


def test_rows_that_are_all_alone_score_zero(rows):
    assert class_silhouette(rows[:4], [0, 1, 2, 3]) == 0.0


def test_at_most_max_rows_drawn_by_seed(rows, labels):
    scores = [class_silhouette(rows, labels, max_rows=40, random_state=seed) for seed in (0, 0, 1)]
    assert scores[0] == scores[1] != scores[2]
    assert class_silhouette(rows, labels, max_rows=120, random_state=0) == class_silhouette(
        rows, labels
    )


def test_input_is_not_changed(rows, labels):
    before = rows.copy(), labels.copy()
    rows.setflags(write=False)
    labels.setflags(write=False)
    class_silhouette(rows, labels, max_rows=50, random_state=0)
    assert (rows == before[0]).all()
    assert (labels == before[1]).all()


def test_lengths_must_agree(rows):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        class_silhouette(rows, [0, 1])


@pytest.mark.parametrize("case", ["as drawn", "alone", "equal rows", "one label", "all alone"])
def test_from_distances_it_is_the_same(rows, labels, case):
    if case == "alone":
        labels[7] = 9
    elif case == "equal rows":
        rows[labels == 1] = rows[0]
        rows[labels == 2] = rows[0]  # two clusters in one place
    elif case == "one label":
        labels[:] = -1
    elif case == "all alone":
        labels[:] = np.arange(120)
    expected = class_silhouette(rows, labels)
    distances = pairwise_distances(rows)
    assert distance_silhouette(distances, labels) == pytest.approx(expected, abs=1e-12)
