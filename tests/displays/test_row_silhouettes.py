import numpy as np
import pytest

from skgroup.clustering import class_silhouette
from skgroup.displays._class_rows import ClassRows
from skgroup.displays._row_silhouettes import row_silhouettes

RNG = np.random.default_rng(0)
GROUPS = RNG.integers(-1, 3, size=80)
Z = RNG.normal(size=(80, 2)) + GROUPS[:, None]
ROWS = ClassRows("class a", Z, GROUPS, ["0", "1", "2"])


@pytest.mark.parametrize("max_rows", [80, 50])
def test_the_mean_is_the_silhouette_of_the_class(max_rows):
    found = row_silhouettes(ROWS, max_rows=max_rows, random_state=0)
    expected = class_silhouette(Z, GROUPS, max_rows=max_rows, random_state=0)
    assert found.mean == pytest.approx(expected, abs=1e-12)
    assert len(found.values) == len(found.groups) == max_rows
    assert found.title == ("class a" if max_rows == 80 else "class a (50 of 80 rows)")


def test_values_are_those_worked_out_by_hand():
    rows = ClassRows("a", np.array([[0.0], [1.0], [10.0]]), np.array([0, 0, 1]), ["0", "1"])
    found = row_silhouettes(rows, max_rows=10, random_state=0)
    np.testing.assert_allclose(found.values, [(10 - 1) / 10, (9 - 1) / 9, 0])


def test_one_group_has_no_silhouette_and_single_rows_have_zero():
    one = row_silhouettes(ClassRows("a", Z, np.zeros(80, int), ["0"]), max_rows=80, random_state=0)
    assert np.isnan(one.values).all()
    assert one.mean == class_silhouette(Z, np.zeros(80)) == -1.0
    alone = ClassRows("a", Z[:3], np.arange(3), ["0", "1", "2"])
    assert row_silhouettes(alone, max_rows=80, random_state=0).values.tolist() == [0, 0, 0]
