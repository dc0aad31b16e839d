import numpy as np
import pytest

from skgroup.inference._residuals import residual_norms, set_lengths


def test_norms_by_hand():
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0], [0.7, 0.3], [0.3, 0.7]])
    before = probabilities.copy()
    norms = residual_norms(probabilities, np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(norms, np.sqrt(2) * np.array([0, 1, 0.7, 0.3]))
    np.testing.assert_array_equal(probabilities, before)


def test_norms_of_three_classes():
    norms = residual_norms(np.array([[0.5, 0.3, 0.2]]), np.array([1]))
    np.testing.assert_allclose(norms, np.sqrt(0.5**2 + 0.7**2 + 0.2**2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lengths_are_set_in_place(dtype):
    rows = np.array([[3.0, 4.0], [0.0, 0.0], [-1.0, 0.0]], dtype=dtype)
    set_lengths(rows, np.array([10.0, 7.0, 0.5]))
    np.testing.assert_allclose(rows, [[6, 8], [0, 0], [-0.5, 0]], rtol=1e-6)
    assert rows.dtype == dtype


def test_rows_without_a_residual_end_at_the_origin():
    rows = np.array([[1e-20, 0.0], [5.0, 0.0]])
    set_lengths(rows, np.zeros(2))
    np.testing.assert_array_equal(rows, np.zeros((2, 2)))
