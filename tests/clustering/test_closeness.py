import numpy as np
import pytest

from skgroup.clustering._closeness import Closeness, blocks_of, spread_blocks


def doubled_columns(n_rows=60, seed=0):
    """Unit rows whose second half of columns is minus the first, as for two classes."""
    half = np.random.default_rng(seed).normal(size=(n_rows, 4))
    Z = np.hstack([half, -half])
    return Z / np.linalg.norm(Z, axis=1, keepdims=True)


def products(closeness, Z):
    return closeness.queries(Z) @ closeness.columns


@pytest.mark.parametrize("unit_rows", [True, False])
def test_products_are_minus_half_squared_distances_within_the_error(unit_rows):
    Z = doubled_columns() if unit_rows else np.random.default_rng(0).normal(50, 1, (60, 5))
    closeness = Closeness.of(Z, unit_rows=unit_rows)
    expected = -((Z[:, None] - Z) ** 2).sum(axis=2) / 2
    found = products(closeness, Z)
    assert found.dtype == np.float32
    error = closeness.error(closeness.queries(Z))
    assert abs(found - expected).max() <= error < 1e-3
    i, j = np.indices(expected.shape).reshape(2, -1)
    assert np.allclose(closeness.exact(j, Z[i]), expected.ravel(), rtol=0, atol=1e-12)


def test_only_directions_in_which_rows_extend_are_multiplied():
    Z = doubled_columns()
    closeness = Closeness.of(Z, unit_rows=True)
    assert closeness.basis.shape == (8, 4)
    assert len(closeness.columns) == 4 + 2
    # A new row may leave these directions: its distances stay right.
    new = np.random.default_rng(1).normal(size=(5, 8))
    expected = -((new[:, None] - Z) ** 2).sum(axis=2) / 2
    found = products(closeness, new)
    assert abs(found - expected).max() <= closeness.error(closeness.queries(new)) < 1e-3


def test_wide_rows_are_compared_as_they_are():
    rows = np.random.default_rng(0).normal(size=(31, 8)) @ np.diag([1.0, 1, 1, 1, 0, 0, 0, 0])
    assert Closeness.of(rows, unit_rows=False).basis is None  # four rows a column would be 32
    assert Closeness.of(rows[[*range(31), 0]], unit_rows=False).basis.shape == (8, 4)


def test_a_zero_row_has_distance_one_to_unit_rows():
    Z = np.array([[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]])
    closeness = Closeness.of(Z, unit_rows=True)
    assert np.allclose(products(closeness, Z)[1], [-1, -1, -1])
    assert closeness.exact(np.array([0, 1]), Z[[1, 1]]).tolist() == [-1, -1]


def test_rounding_never_decides_who_is_near():
    # Distances that differ by far less than single precision can tell, around 1.
    offsets = np.array([-1e-9, -1e-12, 0.0, 1e-12, 1e-9])
    Z = np.concatenate([[0.0], 1 + offsets, np.linspace(-3, 3, 50)])[:, None]
    closeness = Closeness.of(Z, unit_rows=False)
    assert closeness.dtype == np.float32
    every = np.arange(len(Z))
    near = closeness.near(every, Z, every, closeness.queries(Z), 0.5)
    assert near[0, 1:6].tolist() == [True, True, True, False, False]
    assert np.array_equal(near, abs(Z - Z.T) ** 2 / 2 <= 0.5)


def test_a_radius_beyond_single_precision_asks_for_double():
    Z = np.random.default_rng(0).normal(size=(50, 3))
    assert Closeness.of(Z, unit_rows=False, precision=0.5).dtype == np.float32
    assert Closeness.of(Z, unit_rows=False, precision=1e-6).dtype == np.float64


def test_some_of_the_rows():
    Z = doubled_columns()
    index = np.array([5, 3, 40])
    some = Closeness.of(Z, unit_rows=True).take(index)
    expected = -((Z[:, None] - Z[index]) ** 2).sum(axis=2) / 2
    assert abs(products(some, Z) - expected).max() < 1e-5


def test_blocks():
    assert [range(7)[b] for b in blocks_of(7, 3)] == [range(3), range(3, 6), range(6, 7)]
    assert list(blocks_of(0, 3)) == []
    assert [b.tolist() for b in spread_blocks(np.arange(5), 2)] == [[0, 3], [1, 4], [2]]
    assert list(spread_blocks(np.arange(0), 2)) == []
