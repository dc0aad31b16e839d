import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.decomposition import PCA

from skgroup.clustering import fit_scaling
from skgroup.inference._embedding import Embedding

MODES = ["concat", "mean", "first", "last"]


def draw(n_rows=12, n_columns=5, n_snapshots=1, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n_rows, n_columns)) for _ in range(n_snapshots)]


def fitted(snapshots, scale="none", combine="concat", pca=None, random_state=0):
    embedding = Embedding.fit(
        snapshots, scale=scale, combine=combine, pca=pca, random_state=random_state
    )
    return embedding, embedding.transform(snapshots)


@pytest.mark.parametrize(
    ("combine", "expected"),
    [
        ("concat", [[1, 2, 10, 20], [3, 4, 30, 40]]),
        ("mean", [[5.5, 11], [16.5, 22]]),
        ("first", [[1, 2], [3, 4]]),
        ("last", [[10, 20], [30, 40]]),
    ],
)
def test_combinations_by_hand(combine, expected):
    first = np.array([[1.0, 2.0], [3.0, 4.0]])
    _, Z = fitted([first, 10 * first], combine=combine)
    assert Z.tolist() == expected


@pytest.mark.parametrize("scale", ["none", "rms", "unit", "centred_unit"])
def test_one_snapshot_makes_all_combinations_equal(scale):
    snapshots = draw()
    first, *others = (fitted(snapshots, scale, combine, pca=3)[1] for combine in MODES)
    for Z in others:
        np.testing.assert_array_equal(Z, first)


@pytest.mark.parametrize("combine", MODES)
@pytest.mark.parametrize("constant", [2.0**-20, 2.0**10])
def test_rms_ignores_the_size_of_the_gradients_of_an_epoch(combine, constant):
    snapshots = draw(n_snapshots=3)
    _, expected = fitted(snapshots, "rms", combine, pca=4)
    for epoch in range(3):
        scaled = [constant * rows if e == epoch else rows for e, rows in enumerate(snapshots)]
        np.testing.assert_array_equal(fitted(scaled, "rms", combine, pca=4)[1], expected)


def test_rms_gives_every_epoch_the_same_energy():
    first, second = draw(n_columns=4, n_snapshots=2)
    _, Z = fitted([first, 1e-3 * second], "rms")
    for block in (Z[:, :4], Z[:, 4:]):
        np.testing.assert_allclose((block**2).sum(axis=1).mean(), 1, rtol=1e-12)


def test_centred_unit_ignores_a_constant_and_the_lengths():
    (rows,) = draw()
    _, expected = fitted([rows], "centred_unit")
    np.testing.assert_allclose((expected**2).sum(axis=1), 1)
    _, shifted = fitted([rows + np.array([3.0, -2.0, 0.0, 100.0, 7.0])], "centred_unit")
    np.testing.assert_allclose(shifted, expected, atol=1e-12)
    _, longer = fitted([5 * rows], "centred_unit")
    np.testing.assert_allclose(longer, expected, atol=1e-12)


def test_new_rows_take_the_scaling_and_the_axes_of_the_fit():
    snapshots = draw(n_snapshots=2)
    embedding, Z = fitted(snapshots, "rms", pca=3)
    picked = [4, 0]
    np.testing.assert_allclose(embedding.transform([s[picked] for s in snapshots]), Z[picked])
    far = [np.full((1, 5), 1e3), np.full((1, 5), 1e3)]
    by_hand = np.hstack(
        [fit_scaling(s, "rms").transform(x) for s, x in zip(snapshots, far, strict=True)]
    )
    np.testing.assert_allclose(embedding.transform(far), embedding.pca.transform(by_hand))


def test_reduction_is_that_of_scikit_learn():
    (rows,) = draw()
    _, Z = fitted([rows], pca=2)
    np.testing.assert_allclose(np.abs(Z), np.abs(PCA(2).fit_transform(rows)), atol=1e-12)


@pytest.mark.parametrize("pca", [None, 5, 6, np.int64(40)])
def test_nothing_is_reduced_where_all_dimensions_are_kept(pca):
    (rows,) = draw()
    embedding, Z = fitted([rows], pca=pca)
    assert embedding.pca is None
    np.testing.assert_array_equal(Z, rows)


@pytest.mark.parametrize("pca", [8, np.int64(8)])
def test_dimensions_are_capped_by_the_rows(pca):
    (rows,) = draw(n_rows=4, n_columns=9)
    _, Z = fitted([rows], pca=pca)
    assert Z.shape == (4, 3)
    np.testing.assert_allclose(pdist(Z), pdist(rows))


@pytest.mark.parametrize(("share", "n_dimensions"), [(0.5, 1), (0.95, 2), (0.9999, 3)])
def test_a_share_of_the_variance(share, n_dimensions):
    # Three orthogonal columns with .8, .19 and .01 of the variance
    signs = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1.0]])
    _, Z = fitted([signs * np.sqrt([0.8, 0.19, 0.01])], pca=share)
    assert Z.shape == (4, n_dimensions)


@pytest.mark.parametrize("pca", [2, 0.5])
@pytest.mark.parametrize("rows", [np.ones((4, 3)), np.ones((1, 3)), [[1.0, 2, 3], [3.0, 2, 1]]])
def test_nothing_is_reduced_where_there_is_nothing_to_find(rows, pca):
    embedding, Z = fitted([np.array(rows)], pca=pca)
    assert embedding.pca is None
    np.testing.assert_array_equal(Z, rows)


@pytest.mark.parametrize("pca", [None, 3])
def test_results_are_double_and_inputs_untouched(pca):
    snapshots = [rows.astype(np.float32) for rows in draw(n_snapshots=2)]
    before = [rows.copy() for rows in snapshots]
    for combine in MODES:
        _, Z = fitted(snapshots, "rms", combine, pca)
        assert Z.dtype == np.float64
    for rows, old in zip(snapshots, before, strict=True):
        np.testing.assert_array_equal(rows, old)


def test_a_seed_makes_randomised_reductions_repeatable():
    snapshots = draw(n_rows=520, n_columns=600)
    first, again = (fitted(snapshots, pca=2, random_state=3)[1] for _ in range(2))
    np.testing.assert_array_equal(first, again)
