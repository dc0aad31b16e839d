import numpy as np
import pytest

from skgroup.clustering import ClassClustering
from skgroup.clustering._class_stages import Stage


class Above:
    """Label 1 above a number, else 0; checks the type of the rows it gets."""

    def __init__(self, number):
        self.number = number

    def predict(self, Z):
        assert Z.dtype == np.float32
        return (Z[:, 0] > self.number).astype(int)


def clustering(*stages):
    return ClassClustering(
        labels_=np.zeros(3, dtype=int), k_=2, eps_=None, min_samples_=None, usable_=True,
        reason_="", n_fitted_=3, stages_=stages, dtype_=np.float32,
    )  # fmt: skip


def test_rows_go_through_the_stages_until_one_makes_them_outliers():
    first = Stage(Above(10), np.array([0]), np.array([0]))
    second = Stage(Above(5), np.array([0, 1]), np.array([1, 0]))
    new = np.array([[3.0], [7.0], [11.0]])
    assert clustering(first, second).predict(new).tolist() == [1, 0, -1]
    assert clustering(first).predict(new).tolist() == [0, 0, -1]
    assert clustering(second, first).predict(new).tolist() == [0, 0, -1]


def test_later_stages_are_not_asked_when_nothing_is_left():
    nothing = Stage(Above(-1), np.array([0]), np.array([0]))
    assert clustering(nothing, Stage(None, None, None)).predict([[1.0]]).tolist() == [-1]


def test_a_class_that_was_not_split_is_one_group():
    assert clustering().predict([[1.0], [1e9]]).tolist() == [0, 0]


def test_new_rows_have_to_be_finite():
    with pytest.raises(ValueError, match="NaN"):
        clustering().predict([[np.nan]])
