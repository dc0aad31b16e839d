import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skgroup.clustering import fit_scaling
from skgroup.clustering._row_scaling import BLOCK_ROWS, ZERO_NORM

SCALES = ["centred_unit", "none", "rms", "unit"]


@pytest.fixture
def gradients():
    return np.random.default_rng(0).normal(size=(40, 5)) + 2.0


def test_by_hand():
    G = [[4.0, 3.0], [0.0, 5.0], [2.0, 1.0]]  # mean (2, 3), squared norms 25, 25, 5
    assert np.allclose(fit_scaling(G, "none").transform(G), G)
    assert np.allclose(fit_scaling(G, "rms").transform(G), np.array(G) / np.sqrt(55 / 3))
    assert np.allclose(
        fit_scaling(G, "unit").transform(G), [[0.8, 0.6], [0, 1], [2 / 5**0.5, 1 / 5**0.5]]
    )
    half = 0.5**0.5
    assert np.allclose(
        fit_scaling(G, "centred_unit").transform(G), [[1, 0], [-half, half], [0, -1]]
    )


@pytest.mark.parametrize(
    ("scale", "expected"),
    [("centred_unit", [1, 0]), ("unit", [0.8, 0.6]), ("rms", [8, 6]), ("none", [40, 30])],
)
def test_new_rows_go_by_the_statistics_of_the_fit(scale, expected):
    G = [[3.0, 30.0], [-4.0, 30.0], [1.0, 30.0]]
    G = [[5.0, 0.0], [0.0, 5.0], [-5.0, 0.0]] if scale == "rms" else G
    new = {"centred_unit": [7.0, 30.0]}.get(scale, [40.0, 30.0])
    assert np.allclose(fit_scaling(G, scale).transform([new]), [expected])


def test_distance_of_scaled_rows_is_the_centred_cosine_distance(gradients):
    Z = fit_scaling(gradients, "centred_unit").transform(gradients)
    centred = gradients - gradients.mean(axis=0)
    for i, j in [(0, 1), (3, 17), (39, 5)]:
        a, b = centred[i], centred[j]
        D = 1 - a @ b / np.sqrt((a @ a) * (b @ b))
        assert np.isclose(((Z[i] - Z[j]) ** 2).sum() / 2, D)
        assert 0 <= D <= 2


@given(arrays(float, (6, 3), elements=st.floats(-1e3, 1e3)))
def test_centred_unit_rows_have_norm_one_or_zero(G):
    norms = np.linalg.norm(fit_scaling(G, "centred_unit").transform(G), axis=1)
    assert (np.isclose(norms, 1) | (norms == 0)).all()


def test_centred_unit_ignores_a_constant_vector_and_a_positive_factor(gradients):
    Z = fit_scaling(gradients, "centred_unit").transform(gradients)
    moved = 7.5 * gradients + [1.0, -2.0, 3.0, 0.0, 10.0]
    assert np.allclose(fit_scaling(moved, "centred_unit").transform(moved), Z)


def test_unit_ignores_a_positive_factor_of_each_row(gradients):
    factors = np.random.default_rng(1).uniform(0.1, 10, size=(40, 1))
    Z = fit_scaling(gradients, "unit").transform(gradients)
    assert np.allclose(fit_scaling(gradients * factors, "unit").transform(gradients * factors), Z)


@pytest.mark.parametrize("scale", ["centred_unit", "rms", "unit"])
@given(st.integers(0, 99), st.integers(-60, 60), st.booleans())
def test_the_unit_of_the_gradients_and_the_order_of_rows_do_not_matter(scale, seed, power, single):
    rng = np.random.default_rng(seed)
    G, order = rng.normal(size=(9, 4)) + rng.normal(size=4), rng.permutation(9)
    # In single precision squares of what is much smaller or larger than 1 are no numbers any more.
    G, power = (G.astype(np.float32), power // 2) if single else (G, power)
    factor, tolerance = G.dtype.type(2.0**power), 1e-4 if single else 1e-9
    Z = fit_scaling(G, scale).transform(G)
    # Without a norm there is no direction: lengths up to ZERO_NORM are as good as none.
    if factor * np.linalg.norm(G - G.mean(axis=0), axis=1).min() > 1e3 * ZERO_NORM:
        moved = fit_scaling(factor * G, scale).transform(factor * G)
        np.testing.assert_allclose(moved, Z, atol=tolerance)
    permuted = fit_scaling(G[order], scale).transform(G[order])
    np.testing.assert_allclose(permuted, Z[order], atol=tolerance)


def test_rms_gives_mean_squared_norm_one(gradients):
    Z = fit_scaling(gradients, "rms").transform(gradients)
    assert np.isclose((Z**2).sum(axis=1).mean(), 1)
    assert np.allclose(Z / gradients, Z[0, 0] / gradients[0, 0])


def test_rows_without_a_direction_become_zero():
    G = np.array([[0.0, 0.0], [1e-12, 0.0], [2e-12, 0.0], [3.0, 4.0]])
    assert np.allclose(fit_scaling(G, "unit").transform(G), [[0, 0], [0, 0], [1, 0], [0.6, 0.8]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.1, 1e6])
def test_equal_rows_are_centred_to_zero_and_not_to_rounding_noise(value, dtype):
    G = np.full((1000, 3), value / 3, dtype)
    assert (fit_scaling(G, "centred_unit").transform(G) == 0).all()


@pytest.mark.parametrize("scale", SCALES)
def test_zeros_stay_zeros(scale):
    G = np.zeros((4, 2))
    assert (fit_scaling(G, scale).transform(G) == 0).all()


@pytest.mark.parametrize("scale", SCALES)
def test_input_is_not_changed_and_may_be_read_only(scale, gradients):
    before = gradients.copy()
    gradients.setflags(write=False)
    Z = fit_scaling(gradients, scale).transform(gradients)
    assert not np.shares_memory(Z, gradients)
    assert (gradients == before).all()


@pytest.mark.parametrize("scale", SCALES)
def test_blocks_and_pickling_do_not_matter(scale):
    G = np.random.default_rng(0).normal(size=(BLOCK_ROWS + 3, 2)).astype(np.float32)
    scaling = fit_scaling(G, scale)
    Z = pickle.loads(pickle.dumps(scaling)).transform(G)
    assert Z.dtype == np.float32
    for row in (0, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 2):
        assert np.allclose(Z[row], scaling.transform(G[[row]])[0], rtol=1e-6)


def test_unknown_scale_lists_the_known_ones():
    with pytest.raises(ValueError, match="'scale' parameter") as caught:
        fit_scaling([[1.0]], "minmax")
    assert all(f"'{scale}'" in str(caught.value) for scale in SCALES)


def test_other_columns_than_in_the_fit():
    with pytest.raises(ValueError, match="fitted on 2 columns, got 3"):
        fit_scaling([[1.0, 2.0]], "rms").transform([[1.0, 2.0, 3.0]])
