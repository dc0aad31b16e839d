import numpy as np
import pytest

from skgroup.datasets._subsets import SUBSETS, random_stream, subset_rows, subset_stream


@pytest.mark.parametrize(
    ("n", "sizes"), [(10, (6, 2, 2)), (7, (4, 1, 2)), (7214, (4328, 1443, 1443))]
)
def test_rows_are_disjoint_complete_and_in_file_order(n, sizes):
    rows = subset_rows(n)
    assert list(rows) == list(SUBSETS)
    assert tuple(len(r) for r in rows.values()) == sizes
    np.testing.assert_array_equal(np.concatenate(list(rows.values())), np.arange(n))


def test_each_subset_has_its_own_reproducible_stream():
    draws = {s: subset_stream(0, s).standard_normal(100) for s in SUBSETS}
    for s in SUBSETS:
        np.testing.assert_array_equal(draws[s], subset_stream(0, s).standard_normal(100))
    assert len(np.unique(np.concatenate(list(draws.values())))) == 300


@pytest.mark.usefixtures("untouched_global_state")
def test_none_leaves_the_global_generator():
    assert random_stream(None).rand() != random_stream(None).rand()


def test_a_generator_given_is_used_in_sequence():
    rng = np.random.RandomState(0)
    assert random_stream(rng) is rng
    first, second = subset_stream(rng, "train").rand(), subset_stream(rng, "train").rand()
    assert first != second
    assert first == subset_stream(0, "train").rand()
