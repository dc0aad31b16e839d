import numpy as np
import pytest
from scipy import sparse

from skgroup.inference import _label_noise as noise_file
from skgroup.inference._label_noise import LabelNoise

# Rows 0 to 49 are class 0 and 50 to 99 class 1, far apart. Gaps grow, so that there are no ties:
# the ten nearest of a row are itself, five below and four above.
X = (np.r_[0:50, 150:200] + 1e-4 * np.r_[0:50, 150:200] ** 2)[:, None]
Y = np.repeat([0, 1], 50)
ONE = np.zeros(100, dtype=np.int64)  # a single cluster in each class


def relabelled(*rows):
    y = Y.copy()
    y[list(rows)] = 1 - y[list(rows)]
    return y


def fitted(y, clusters=ONE, rows=X, n_neighbors=40, **options):
    settings = {"n_clusters": 3, "n_neighbors": n_neighbors, "random_state": 0}
    return LabelNoise.fit(rows, y, clusters, **settings | options)


def flagged(y, clusters=ONE, rows=X, **options):
    return np.flatnonzero(fitted(y, clusters, rows, **options).flags(rows, y, clusters)).tolist()


def test_a_tenth_of_the_rows_are_neighbours_at_most():
    for asked, used in ((40, 10), (10, 10), (7, 7)):
        assert fitted(Y, n_neighbors=asked).near.index.n_neighbors == used
    assert fitted(Y[::20], ONE[:5], X[::20]).near.index.n_neighbors == 1


def test_agreement_by_hand():
    # Of the ten nearest to row 25 nine have the other label: it only has its own.
    agreement = fitted(y := relabelled(25, 60, 61)).agreement(X, y)
    assert agreement[25] == 0.1
    assert agreement[60] == agreement[61] == 0.2  # the two have each other
    assert agreement[[0, 99]].tolist() == [1, 1]
    assert agreement[20:22].tolist() == [1, 0.9]  # the second has 25 as its fourth above


def test_a_lone_wrong_label_is_noise():
    assert flagged(relabelled(25)) == [25]
    assert flagged(relabelled(10, 25, 70, 85)) == [10, 25, 70, 85]
    assert flagged(Y) == []


def test_two_next_to_each_other_are_an_exception_to_nothing():
    assert flagged(relabelled(25, 26)) == []


def test_a_minority_is_not_noise():
    # The same four rows, spread over the region of class 0: on their own they are a cluster.
    rows = [5, 16, 27, 38]
    clusters = ONE.copy()
    clusters[rows] = 1
    assert flagged(relabelled(*rows)) == rows
    assert flagged(relabelled(*rows), clusters) == []
    found = fitted(relabelled(*rows), clusters)
    assert found.trusted.tolist() == [[True, False, False], [True, False, False]]


def test_half_of_a_cluster_is_not_most_of_it():
    # A cluster of two rows, one among its own class: their median is (.1 + 1) / 2.
    clusters = ONE.copy()
    clusters[[25, 70]] = 1
    assert flagged(relabelled(25), clusters) == [25]
    clusters[[38]] = 1  # two of three are exceptions
    assert flagged(relabelled(25, 38), clusters) == []


def test_with_few_neighbours_a_row_itself_is_too_large_a_share():
    assert flagged(relabelled(25), n_neighbors=10) == [25]
    assert flagged(relabelled(25), n_neighbors=9) == []


def test_outliers_are_not_looked_at():
    clusters = ONE.copy()
    clusters[25] = -1
    assert flagged(relabelled(25, 35), clusters) == [35]


def test_new_rows_are_judged_by_the_training_rows():
    found = fitted(Y)
    new, codes = np.array([[24.5], [24.5], [175.2]]), np.array([0, 1, 0])
    assert found.agreement(new, codes).tolist() == [1, 0, 0]
    assert found.flags(new, codes, np.array([0, 0, 0])).tolist() == [False, True, True]
    assert found.flags(new, codes, np.array([0, 2, -1])).tolist() == [False, False, False]


def test_columns_are_standardised():
    # In a second column row 25 is far from all others, in units so small that it hardly seems so.
    y, rows = relabelled(25), np.column_stack([X, np.zeros(100)])
    rows[25, 1] = 1e-6
    agreement = fitted(y, rows=rows).agreement(rows, y)
    assert agreement[21:30].tolist() == [1, 1, 1, 1, 0.1, 1, 1, 1, 1]
    moved = rows * [3.0, -1e9] + [40.0, 7.0]
    np.testing.assert_array_equal(fitted(y, rows=moved).agreement(moved, y), agreement)


@pytest.mark.parametrize("wrong", [(25,), (5, 16, 27, 38), (60, 61)])
def test_csr_rows(wrong):
    y, rows = relabelled(*wrong), np.column_stack([X, X**2, np.tile([0.0, 30.0], 50)])
    rows[40:80, 1] = 0
    kinds = (rows, sparse.csr_matrix(rows), sparse.csr_array(rows))
    expected = fitted(y, rows=rows)
    for seen in kinds:
        found = fitted(y, rows=seen)
        for new in kinds:  # dense or sparse, whatever the training rows were
            np.testing.assert_array_equal(found.agreement(new, y), expected.agreement(rows, y))
            np.testing.assert_array_equal(found.flags(new, y, ONE), expected.flags(rows, y, ONE))


def test_blocks_change_nothing(monkeypatch):
    y = relabelled(5, 25, 60)
    found = fitted(y)
    whole = found.agreement(X, y)
    monkeypatch.setattr(noise_file, "BLOCK_ROWS", 7)
    np.testing.assert_array_equal(found.agreement(X, y), whole)


def test_of_many_rows_a_sample_is_searched(monkeypatch):
    monkeypatch.setattr(noise_file, "MAX_ROWS", 60)
    y = relabelled(25)
    found = fitted(y)
    assert found.near.index.n_samples_fit_ == len(found.near.codes) == 60
    assert found.near.index.n_neighbors == 6
    again, other = fitted(y), fitted(y, random_state=1)
    np.testing.assert_array_equal(again.agreement(X, y), found.agreement(X, y))
    assert not np.array_equal(other.near.index._fit_X, found.near.index._fit_X)
    monkeypatch.setattr(noise_file, "MAX_ROWS", 100)
    all_of_them = fitted(y, random_state=1)
    np.testing.assert_array_equal(fitted(y).agreement(X, y), all_of_them.agreement(X, y))


def test_few_rows_are_asked_first_where_there_are_many(monkeypatch):
    # Twenty of the rows speak for all; the wrong label among them is outvoted by the others.
    sizes = {"MAX_ROWS": 99, "COARSE_ROWS": 20, "COARSE_NEIGHBORS": 4}
    for name, value in (sizes | {"FEW": 1 / 9}).items():  # a row itself is one of nine neighbours
        monkeypatch.setattr(noise_file, name, value)
    y = relabelled(25, 60)
    found = fitted(y)
    assert found.coarse.index.n_samples_fit_ == 20
    assert found.coarse.index.n_neighbors == 4
    asked = []
    monkeypatch.setattr(
        noise_file.Neighbours,
        "agreement",
        lambda self, Z, codes, ask=noise_file.Neighbours.agreement: (
            asked.append((self is found.near, len(codes))) or ask(self, Z, codes)
        ),
    )
    assert np.flatnonzero(found.flags(X, y, ONE)).tolist() == [25, 60]
    assert asked[0] == (False, 100)
    assert asked[1][0]
    assert asked[1][1] < 10


def test_a_class_too_rare_for_the_first_step_goes_on_to_the_second(monkeypatch):
    # No row of the rare class may be among the first that are asked: it is looked at all the same.
    for name, value in (("MAX_ROWS", 99), ("COARSE_ROWS", 5), ("COARSE_NEIGHBORS", 1)):
        monkeypatch.setattr(noise_file, name, value)
    y, rows = Y.copy(), X.copy()
    y[:40], rows[:40] = 1, rows[:40] + 150  # ten rows of class 0, far from all of class 1
    assert not fitted(y, rows=rows).flags(rows, y, ONE).any()


def test_the_median_row_of_a_large_cluster_is_found_in_a_sample(monkeypatch):
    y = relabelled(5, 16, 27, 38)
    monkeypatch.setattr(noise_file, "CLUSTER_ROWS", 20)
    assert fitted(y).trusted.tolist() == [[True, False, False], [True, False, False]]
    assert flagged(y) == [5, 16, 27, 38]
