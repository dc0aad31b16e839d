import numpy as np

from skgroup.inference._two_sides import number_sides, one_sided

CODES = np.array([0, 0, 0, 1, 1, 2])
SIDES = np.array([1, 0, 1, 0, 0, 1])


def test_ids_are_consecutive_and_ordered_by_class_and_side():
    ids = number_sides(CODES, SIDES)
    assert ids.lookup(CODES, SIDES).tolist() == [1, 0, 1, 2, 2, 3]
    assert ids.n_groups == 4
    assert ids.pairs.tolist() == [[0, 0], [0, 1], [1, 0], [2, 1]]


def test_the_side_that_a_class_does_not_have_is_its_only_group():
    ids = number_sides(CODES, SIDES)
    assert ids.lookup(np.array([1, 1, 2, 2]), np.array([0, 1, 0, 1])).tolist() == [2, 2, 3, 3]


def test_a_single_side_everywhere():
    ids = number_sides(CODES, np.zeros(6, dtype=int))
    assert ids.lookup(CODES, np.ones(6, dtype=int)).tolist() == CODES.tolist()


def test_names_of_classes_with_one_side():
    ids = number_sides(CODES, SIDES)
    found = one_sided(ids, np.array(["a", "b", "c"]), ("no one", "all"))
    assert found == [("class 'b'", "no one"), ("class 'c'", "all")]
    assert one_sided(number_sides(CODES[:3], SIDES[:3]), np.array([5]), ("", "")) == []
