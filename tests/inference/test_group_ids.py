import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skgroup.inference._group_ids import GroupIds, group_table, losses_and_errors, own_losses

# Class 0 has clusters of 1 and 2 rows, class 1 of 2, 0 and 1; each has one outlier.
CODES = np.array([0, 0, 0, 0, 1, 1, 1, 1])
CLUSTERS = np.array([0, 1, 1, -1, 0, 0, 2, -1])


def test_pairs_that_occur_are_numbered():
    ids = GroupIds.fit(CODES, CLUSTERS, 0.0, merge=False)
    assert ids.table.tolist() == [[0, 1, -1, -1], [2, -1, 3, -1]]
    assert ids.pairs.tolist() == [[0, 0], [0, 1], [1, 0], [1, 2]]
    assert ids.n_groups == 4
    assert ids.lookup(CODES, CLUSTERS).tolist() == [0, 1, 1, -1, 2, 2, 3, -1]
    assert ids.only_outliers.tolist() == []


def test_small_pairs_are_outliers():
    ids = GroupIds.fit(CODES, CLUSTERS, 0.3, merge=False)
    assert ids.lookup(CODES, CLUSTERS).tolist() == [-1, 0, 0, -1, 1, 1, -1, -1]
    assert ids.pairs.tolist() == [[0, 1], [1, 0]]


def test_merged_pairs_join_the_largest_of_their_class():
    ids = GroupIds.fit(CODES, CLUSTERS, 0.3, merge=True)
    assert ids.lookup(CODES, CLUSTERS).tolist() == [0, 0, 0, -1, 1, 1, 1, -1]
    assert ids.pairs.tolist() == [[0, 1], [1, 0]]


def test_a_pair_that_did_not_occur():
    new = np.array([0]), np.array([2])
    assert GroupIds.fit(CODES, CLUSTERS, 0.0, merge=False).lookup(*new) == -1
    assert GroupIds.fit(CODES, CLUSTERS, 0.0, merge=True).lookup(*new) == 1


def test_clusters_that_these_rows_do_not_have():
    ids = GroupIds.fit(CODES, CLUSTERS, 0.0, merge=False, n_clusters=5)
    assert ids.table.tolist() == [[0, 1, -1, -1, -1, -1], [2, -1, 3, -1, -1, -1]]
    assert ids.lookup(CODES, CLUSTERS).tolist() == [0, 1, 1, -1, 2, 2, 3, -1]
    merged = GroupIds.fit(CODES, CLUSTERS, 0.0, merge=True, n_clusters=5)
    assert merged.table.tolist() == [[0, 1, 1, 1, 1, -1], [2, 2, 3, 2, 2, -1]]


def test_the_largest_pair_stays_however_small():
    clusters = np.array([0, 0, 1, 1, 1, 2, 2])
    ids = GroupIds.fit(np.zeros(7, dtype=int), clusters, 0.5, merge=False)
    assert ids.lookup(np.zeros(7, dtype=int), clusters).tolist() == [-1, -1, 0, 0, 0, -1, -1]


@pytest.mark.parametrize(("n_small", "n_groups"), [(7, 2), (6, 1)])
def test_a_cluster_of_just_the_share_is_a_group(n_small, n_groups):
    # .07 * 100 is more than 7 in binary
    clusters = np.arange(100) < n_small
    ids = GroupIds.fit(np.zeros(100, dtype=int), clusters.astype(int), 0.07, merge=False)
    assert ids.n_groups == n_groups


@pytest.mark.parametrize("merge", [False, True])
def test_a_class_of_outliers_is_one_group(merge):
    codes, clusters = np.array([0, 0, 0, 1, 1]), np.array([0, 1, -1, -1, -1])
    ids = GroupIds.fit(codes, clusters, 0.0, merge=merge)
    assert ids.lookup(codes, clusters).tolist() == [0, 1, -1, 2, 2]
    assert ids.lookup(np.array([1, 1]), np.array([0, 1])).tolist() == [2, 2]
    assert ids.pairs[2].tolist() == [1, -1]
    assert ids.only_outliers.tolist() == [1]


@given(
    rows=st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 3)), min_size=1, max_size=30),
    min_share=st.floats(0, 0.9),
    merge=st.booleans(),
)
def test_the_contract_holds_for_any_partition(rows, min_share, merge):
    codes, clusters = np.array(rows).T
    codes = np.unique(codes, return_inverse=True)[1]
    ids = GroupIds.fit(codes, clusters, min_share, merge=merge)
    groups = ids.lookup(codes, clusters)
    inside = groups >= 0
    assert np.unique(groups[inside]).tolist() == list(range(ids.n_groups))
    assert (ids.pairs[groups[inside], 0] == codes[inside]).all()
    assert set(codes[inside]) == set(codes)
    if merge:
        assert inside[clusters >= 0].all()


def test_table_by_hand():
    ids = GroupIds.fit(CODES, CLUSTERS, 0.0, merge=False)
    groups = ids.lookup(CODES, CLUSTERS)
    p_zero = np.array([0.5, 1.0, 0.25, 0.0, 0.25, 0.5, 0.125, 1.0])
    probabilities = np.column_stack([p_zero, 1 - p_zero])
    classes = np.array(["no", "yes"])
    table = group_table(groups, CODES, classes, ids, losses_and_errors(probabilities, CODES))
    assert list(table) == ["group", "class", "cluster", "size", "mean_loss", "error_rate"]
    assert table["group"].tolist() == [0, 1, 2, 3, -1, -1]
    assert table["class"].tolist() == ["no", "no", "yes", "yes", "no", "yes"]
    assert table["cluster"].tolist() == [0, 1, 0, 2, -1, -1]
    assert table["size"].tolist() == [1, 2, 2, 1, 1, 1]
    # Where both classes are equally likely, the first is predicted.
    assert table["error_rate"].tolist() == [0, 0.5, 0.5, 0, 1, 1]
    log2 = np.log(2)
    impossible = -np.log(np.finfo(float).tiny)
    expected = [log2, log2, (np.log(4 / 3) + log2) / 2, np.log(8 / 7), impossible, impossible]
    np.testing.assert_allclose(table["mean_loss"], expected, rtol=1e-12)


def test_merged_clusters_are_named_after_the_largest():
    ids = GroupIds.fit(CODES, CLUSTERS, 0.3, merge=True)
    groups = ids.lookup(CODES, CLUSTERS)
    known = losses_and_errors(np.full((8, 2), 0.5), CODES)
    table = group_table(groups, CODES, np.array([5, 7]), ids, known)
    assert table["cluster"].tolist() == [1, 0, -1, -1]
    assert table["size"].tolist() == [3, 3, 1, 1]
    assert table["class"].tolist() == [5, 7, 5, 7]


def test_losses_by_hand():
    p = np.array([[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]])
    losses = own_losses(p, np.array([0, 1, 1]))
    np.testing.assert_allclose(losses[:2], [np.log(2), np.log(4 / 3)])
    assert 700 < losses[2] < np.inf
