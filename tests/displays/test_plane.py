from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.decomposition import PCA

from skgroup.displays._class_rows import ClassRows
from skgroup.displays._plane import project, sample_groups, shares_below

RNG = np.random.default_rng(0)
GROUPS = RNG.integers(-1, 2, size=60)
SETTINGS = {"own_reduction": True, "max_rows": 100, "random_state": 0}


def rows(Z, reduction=None, groups=GROUPS):
    return ClassRows("class a", Z, groups, ["0", "1"], reduction)


def test_the_first_columns_of_a_reduction_are_drawn_as_they_are():
    raw = RNG.normal(size=(60, 5)) * [5, 4, 3, 2, 1]
    pca = PCA(3).fit(raw)
    Z = pca.transform(raw)
    plane = project(rows(Z, pca), **SETTINGS)
    np.testing.assert_array_equal(plane.points, Z[:, :2])
    np.testing.assert_array_equal(plane.groups, GROUPS)
    shares = 100 * pca.explained_variance_ratio_
    assert plane.axes == tuple(f"component {i + 1} ({shares[i]:.0f} %)" for i in range(2))
    assert plane.title == "class a"


def test_columns_of_a_reduction_without_shares_have_plain_names():
    Z = RNG.normal(size=(60, 3))
    plane = project(rows(Z, SimpleNamespace()), **SETTINGS)
    np.testing.assert_array_equal(plane.points, Z[:, :2])
    assert plane.axes == ("component 1", "component 2")


@pytest.mark.parametrize("own", [True, False])
def test_other_columns_are_reduced_to_principal_components(own):
    Z = RNG.normal(size=(60, 5)) * [1, 9, 3, 2, 1]
    reduction = None if own else PCA(5).fit(Z)
    plane = project(rows(Z, reduction), **SETTINGS | {"own_reduction": own})
    centred = Z - Z.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :2] * sizes[:2]
    np.testing.assert_allclose(np.abs(plane.points), np.abs(expected), atol=1e-10)
    share = 100 * sizes[0] ** 2 / (sizes**2).sum()
    assert plane.axes[0] == f"component 1 ({share:.0f} %)"


def test_a_single_column_is_drawn_against_the_share_below():
    values = np.array([3.0, 1.0, 2.0, 5.0])
    groups = np.array([0, 0, 1, 0])
    for Z in (values[:, None], np.column_stack([values, np.zeros((4, 2))])):
        plane = project(rows(Z, SimpleNamespace(), groups), **SETTINGS)
        np.testing.assert_allclose(plane.points[:, 0], values)
        np.testing.assert_allclose(plane.points[:, 1], [1 / 3, 0, 0, 2 / 3])
        assert plane.axes == ("component 1", "share of the group below")


def test_rows_that_are_all_the_same_are_no_reason_to_fail():
    plane = project(rows(np.ones((60, 4))), **SETTINGS)
    np.testing.assert_array_equal(plane.points, np.ones((60, 2)))
    assert project(rows(np.ones((1, 4)), groups=np.zeros(1, int)), **SETTINGS).points.shape == (
        1,
        2,
    )


def test_shares_below_take_ties_in_order():
    assert shares_below(np.array([1.0, 1.0, 0.0]), np.zeros(3, int)).tolist() == [1 / 3, 2 / 3, 0]


def test_samples_keep_small_groups_and_come_again():
    groups = np.repeat([-1, 0, 1], [30, 900, 70])
    found = sample_groups(groups, 200, 0)
    assert np.unique(groups[found], return_counts=True)[1].tolist() == [30, 180, 50]
    assert np.all(np.diff(found) > 0)
    np.testing.assert_array_equal(found, sample_groups(groups, 200, 0))
    assert sample_groups(groups, 1000, 0).tolist() == list(range(1000))


def test_a_part_of_the_rows_is_told_in_the_title():
    Z, groups = RNG.normal(size=(2000, 2)), np.zeros(2000, int)
    plane = project(rows(Z, groups=groups), **SETTINGS)
    assert plane.title == "class a (100 of 2,000 rows)"
    np.testing.assert_array_equal(plane.points, Z[sample_groups(groups, 100, 0)])
