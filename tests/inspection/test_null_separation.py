import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from skgroup.clustering import class_silhouette
from skgroup.inspection._null_separation import (
    as_numbers,
    draw_clouds,
    like,
    p_value,
    separation,
)


def test_p_values_by_hand():
    assert p_value(0.5, [0.4, 0.5, 0.6]) == 3 / 4
    assert p_value(0.7, [0.4, 0.5, 0.6]) == 1 / 4
    assert np.isnan(p_value(0.7, []))


def test_separation_is_the_silhouette_of_the_groups():
    Z = np.array([[0.0], [1.0], [10.0], [11.0], [5.0]])
    groups = np.array([3, 3, 8, 8, -1])
    assert separation(Z[:4], groups[:4]) == pytest.approx(0.899, abs=1e-3)
    assert separation(Z, groups) == class_silhouette(Z, groups)
    assert separation(Z, np.array([3, 3, 3, 3, -1])) == -1  # one group and an outlier


def test_draws_have_the_means_and_covariances_of_the_classes():
    rng = np.random.RandomState(0)
    y = np.repeat(["b", "a"], 4000)
    X = rng.exponential(size=(8000, 2)) @ [[2.0, 1.0, 0.0], [0.0, 0.5, 3.0]] + [5, -1, 2]
    X[:4000] *= -0.5
    before = X.copy()
    drawn = draw_clouds(X, y, rng)
    assert drawn.shape == X.shape
    for label in ("a", "b"):
        own, rows = drawn[y == label], X[y == label]
        np.testing.assert_allclose(own.mean(axis=0), rows.mean(axis=0), atol=0.15)
        np.testing.assert_allclose(np.cov(own.T), np.cov(rows.T), rtol=0.1, atol=0.15)
        skew = ((own - own.mean(axis=0)) ** 3).mean(axis=0) / own.std(axis=0) ** 3
        assert (abs(skew) < 0.15).all()
        assert np.linalg.matrix_rank(own - own.mean(axis=0), tol=1e-6) == 2
    np.testing.assert_array_equal(X, before)


def test_draws_of_images_and_of_one_row():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(21, 2, 3, 3)).astype(np.float32)
    y = np.repeat([0, 1], [20, 1])
    drawn = draw_clouds(X, y, rng)
    assert drawn.shape == X.shape
    np.testing.assert_allclose(drawn[20], X[20], rtol=1e-6)  # which has no covariance


def test_same_seed_same_draw():
    X, y = np.random.default_rng(0).normal(size=(30, 2)), np.repeat([0, 1], 15)
    one, other, third = (draw_clouds(X, y, np.random.RandomState(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, other)
    assert (one != third).all()


def test_what_is_made_of_numbers():
    numbers = [[1.0, 2.0], [3.0, 4.0]]
    frame = pd.DataFrame(numbers).astype({0: object})
    for X in (np.array(numbers), frame, torch.tensor(numbers)):
        np.testing.assert_array_equal(as_numbers(X), numbers)
    others = [sparse.csr_matrix(numbers), {"a": numbers}, pd.DataFrame([["x", 1.0]])]
    assert [as_numbers(X) for X in others] == [None, None, None]


def test_draws_look_like_the_data():
    values = np.array([[1.5, 2.5]])
    frame = pd.DataFrame([[1, 2]], columns=["a", "b"], index=["r"])
    pd.testing.assert_frame_equal(
        like(frame, values), pd.DataFrame(values, columns=["a", "b"], index=["r"])
    )
    assert like(np.zeros((1, 2), dtype=np.float32), values).dtype == np.float32
    assert like(np.zeros((1, 2), dtype=np.int64), values).tolist() == [[1.5, 2.5]]
    for dtype, expected in ((torch.float64, torch.float64), (torch.int64, torch.float32)):
        found = like(torch.zeros(1, 2, dtype=dtype), values)
        assert found.dtype == expected
        assert found.tolist() == [[1.5, 2.5]]
