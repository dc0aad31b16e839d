import numpy as np

from skgroup.auditing._hold_out import folds_of, hold_out_rows

CODES = np.repeat([0, 1], [10, 20])
GROUPS = np.concatenate([np.repeat([0, 1], [9, 1]), np.repeat([2, 3, -1], [10, 2, 8])])


def split(groups, share=0.3, seed=0):
    return hold_out_rows(CODES, groups, share, np.random.RandomState(seed))


def test_each_class_gives_its_share():
    learn, judge = split(None)
    assert np.bincount(CODES[judge]).tolist() == [3, 6]
    np.testing.assert_array_equal(np.sort(np.concatenate([learn, judge])), np.arange(30))
    assert (np.diff(learn) > 0).all()
    assert (np.diff(judge) > 0).all()


def test_each_group_and_the_outliers_give_their_share():
    _, judge = split(GROUPS)
    sizes = {g: int((GROUPS[judge] == g).sum()) for g in (-1, 0, 1, 2, 3)}
    assert sizes == {-1: 2, 0: 3, 1: 0, 2: 3, 3: 1}


def test_cells_with_two_rows_are_on_both_sides_whatever_the_share():
    for share in (0.01, 0.99):
        learn, judge = split(GROUPS, share)
        for group in (-1, 0, 2, 3):
            assert (GROUPS[learn] == group).any()
            assert (GROUPS[judge] == group).any()


def test_seeds():
    assert split(None)[1].tolist() == split(None)[1].tolist()
    assert split(None)[1].tolist() != split(None, seed=1)[1].tolist()


def test_folds_hold_out_each_row_once_and_know_every_class():
    learn, _ = split(None)
    folds = folds_of(CODES, learn, seed=0)
    assert len(folds) == 3
    np.testing.assert_array_equal(np.sort(np.concatenate([rest for _, rest in folds])), learn)
    for part, rest in folds:
        assert len(np.intersect1d(part, rest)) == 0
        assert set(CODES[part]) == {0, 1}


def test_there_are_no_more_folds_than_rows_of_a_class():
    assert len(folds_of(np.array([0, 0, 1, 1, 1, 1]), np.arange(6), seed=0)) == 2
