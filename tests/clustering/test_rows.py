import numpy as np
import pytest

from skgroup.clustering._rows import are_unit_rows, check_rows, sample_rows


def test_float_types_are_kept_and_others_become_float64():
    assert check_rows(np.zeros((2, 1), np.float32)).dtype == np.float32
    assert check_rows([[1], [2]]).dtype == np.float64
    assert check_rows(np.zeros((2, 1), np.float32), [np.float64]).dtype == np.float64


@pytest.mark.parametrize("bad", [[[np.nan]], [[np.inf]], [1.0, 2.0], np.zeros((0, 2))])
def test_rows_must_be_finite_and_two_dimensional(bad):
    with pytest.raises(ValueError, match=r"NaN|infinity|2D array|0 sample"):
        check_rows(bad)


@pytest.mark.parametrize("max_rows", [5, 6])
def test_all_rows_when_they_fit_and_no_random_number_is_drawn(max_rows):
    generator = np.random.RandomState(3)
    assert sample_rows(5, max_rows, generator).tolist() == [0, 1, 2, 3, 4]
    assert generator.randint(1000) == np.random.RandomState(3).randint(1000)


def test_a_sample_is_sorted_without_repeats_and_seeded():
    rows = sample_rows(1000, 50, 0)
    assert len(rows) == 50
    assert (np.diff(rows) > 0).all()
    assert rows[0] >= 0
    assert rows[-1] < 1000
    assert (rows == sample_rows(1000, 50, 0)).all()
    assert (rows != sample_rows(1000, 50, 1)).any()


def test_every_row_is_drawn_equally_often():
    counts = np.zeros(10)
    for seed in range(1000):
        counts[sample_rows(10, 3, seed)] += 1
    # Binomial(1000, .3): 300 with standard deviation 14.5
    assert abs(counts - 300).max() < 4 * 14.5


def test_unit_rows():
    assert are_unit_rows(np.array([[0.6, 0.8], [0.0, 0.0], [-1.0, 0.0]]))
    assert are_unit_rows(np.array([[0.6, 0.8]], dtype=np.float32))
    assert not are_unit_rows(np.array([[0.6, 0.8], [0.6, 0.81]]))
    assert not are_unit_rows(np.array([[1.0], [0.5]]))
