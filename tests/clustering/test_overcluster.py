"""The keep rules on numbers made for them, and the splits on rows laid out by hand."""

import pickle

import numpy as np
import pytest

from skgroup.clustering import _overcluster as file
from skgroup.clustering import cluster_class
from skgroup.clustering._overcluster import KeepRules, overcluster

# Two clusters of ten rows; the first is split into parts 0 and 1, the second into 2 and 3.
CLUSTERS = np.repeat([0, 1], 10)
PARTS = np.repeat([0, 1, 2, 3], [4, 6, 5, 5])
BEFORE = np.full(20, 0.2)
AFTER = np.full(20, 0.5)
EQUAL = np.full(20, 0.3)
RULES = KeepRules(min_share=0.0, min_size=1)


def kept(rules=RULES, clusters=CLUSTERS, parts=PARTS, losses=EQUAL, before=BEFORE, after=AFTER,
         n_validation=None):  # fmt: skip
    return rules.kept(clusters, parts, losses, before, after, n_validation).tolist()


def on(part, value, otherwise):
    return np.where(part == PARTS, value, otherwise)


def test_parts_that_meet_all_rules_are_kept():
    assert kept() == [True] * 4


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize(("after", "is_kept"), [(0.19, False), (0.2, False), (0.21, True)])
def test_the_silhouette_must_rise(part, after, is_kept):
    expected = [True] * 4
    expected[part] = is_kept
    assert kept(after=on(part, after, 0.5)) == expected


@pytest.mark.parametrize(("after", "is_kept"), [(-0.1, False), (0.0, False), (0.01, True)])
def test_the_silhouette_must_be_positive(after, is_kept):
    assert kept(before=np.full(20, -0.9), after=on(2, after, 0.5))[2] is is_kept


def test_the_mean_silhouette_counts_not_that_of_each_row():
    after = AFTER.copy()
    after[:4] = [-0.6, 0.5, 0.5, 0.5]  # mean .225
    assert kept(after=after)[0]
    after[:4] = [-0.8, 0.5, 0.5, 0.5]  # mean .175
    assert not kept(after=after)[0]


def test_rows_that_were_not_measured_do_not_count():
    after, before = on(1, np.nan, 0.5), on(1, np.nan, 0.2)
    after[4], before[4] = 0.3, 0.2
    assert kept(after=after, before=before) == [True] * 4
    after[4] = np.nan
    assert kept(after=after, before=before) == [True, False, True, True]


def test_the_loss_must_not_be_below_that_of_the_cluster():
    # Part 0 above the mean of cluster 0 and part 1 below; the other cluster is easier on the whole.
    losses = np.repeat([0.5, 0.4, 0.2, 0.1], [4, 6, 5, 5])
    assert kept(losses=losses) == [True, False, True, False]
    assert kept(losses=np.full(20, 0.1)) == [True] * 4  # equal up to rounding


@pytest.mark.parametrize(
    ("share", "size", "expected"),
    [
        (0.0, 4, [True, True, True, True]),
        (0.0, 5, [False, True, True, True]),
        (0.0, 6, [False, True, False, False]),
        (0.2, 1, [True, True, True, True]),  # 4 of 20 rows
        (0.21, 1, [False, True, True, True]),
        (0.3, 1, [False, True, False, False]),
        (0.2, 6, [False, True, False, False]),  # the larger of the two counts
        (0.3, 5, [False, True, False, False]),
    ],
)
def test_the_part_must_not_be_small(share, size, expected):
    assert kept(KeepRules(share, size)) == expected


def test_the_part_must_be_seen_in_the_validation_rows():
    rules = KeepRules(0.0, 3)
    assert kept(rules, n_validation=np.array([3, 2, 0, 9])) == [True, False, False, True]
    assert kept(rules, n_validation=np.array([0, 0, 0, 0])) == [False] * 4
    assert kept(KeepRules(0.1, 0), n_validation=np.zeros(4)) == [True] * 4


def test_rows_of_whole_clusters_and_empty_parts_are_no_parts():
    parts = np.where(CLUSTERS == 0, -1, PARTS)
    assert kept(parts=parts) == [False, False, True, True]
    assert kept(parts=np.full(20, -1)) == []


# Two clusters far apart: the first has 30 rows near 0 and 30 near 8, the second 60 around 100.
RNG = np.random.default_rng(0)
Z = np.concatenate([
    RNG.normal(0, 0.3, 30), RNG.normal(8, 0.3, 30), RNG.normal(100, 0.3, 60)
])[:, None]  # fmt: skip
FIRST, SECOND, REST = np.split(np.arange(120), [30, 60])


def split(losses=None, base=None, Z=Z, clusterer="kmeans", factor=2, **options):
    base = cluster_class(Z, clusterer, k=2, random_state=0) if base is None else base
    losses = np.zeros(len(Z)) if losses is None else losses
    settings = {"rules": KeepRules(0.0, 5), "random_state": 0} | options
    return overcluster(Z, base, clusterer, factor=factor, losses=losses, **settings)


def partition(labels):
    return {tuple(np.flatnonzero(labels == label)) for label in np.unique(labels)}


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm"])
def test_a_compact_and_hard_part_leaves_its_cluster(clusterer):
    found = split(np.where(np.isin(np.arange(120), SECOND), 1.0, 0.0), clusterer=clusterer)
    assert partition(found.labels_) == {tuple(FIRST), tuple(SECOND), tuple(REST)}
    assert np.unique(found.labels_).tolist() == [0, 1, 2]
    assert found.usable_
    assert (found.k_, found.reason_) == (2, "")


def test_the_rest_keeps_the_label_of_the_cluster():
    found = split(np.where(np.isin(np.arange(120), SECOND), 1.0, 0.0))
    c, rest = found.base.labels_[0], found.base.labels_[-1]
    assert found.table[c, -1] == found.labels_[0]
    assert found.labels_[SECOND[0]] == found.labels_[0] + 1
    assert (found.table[rest] == found.table[rest, -1]).all()


def test_a_cluster_is_no_more_when_all_its_parts_are_kept():
    found = split()  # equal losses: both parts of the first cluster are kept
    assert partition(found.labels_) == {tuple(FIRST), tuple(SECOND), tuple(REST)}
    c = found.base.labels_[0]
    assert set(found.table[c, :-1]) == {found.labels_[0], found.labels_[30]}
    assert found.table[c, -1] in found.table[c, :-1]
    assert np.unique(found.labels_).tolist() == [0, 1, 2]


def test_nothing_is_kept_where_the_rules_forbid_it():
    found = split(rules=KeepRules(0.0, 31))
    assert partition(found.labels_) == {(*FIRST, *SECOND), tuple(REST)}
    assert (found.labels_ == found.base.labels_).all()


def test_validation_rows_are_counted_part_by_part():
    seen = np.array([0.0] * 5 + [8.0] * 4 + [100.0] * 9)[:, None]
    found = split(validation=seen)
    assert partition(found.labels_) == {tuple(FIRST), tuple(SECOND), tuple(REST)}
    c = found.base.labels_[0]
    assert found.labels_[0] == found.table[c].max()  # kept, while the rows near 8 stay
    assert found.labels_[SECOND[0]] == found.table[c, -1]
    none = split(validation=np.empty((0, 1)))
    assert (none.labels_ == none.base.labels_).all()


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm"])
@pytest.mark.parametrize("factor", [2, 3, 5])
def test_training_rows_are_assigned_as_fitted(clusterer, factor):
    rng, centres = np.random.default_rng(1), [9 * i + 12 * (i >= factor) for i in range(2 * factor)]
    rows = rng.normal(scale=0.5, size=(40 * factor, 2)) + np.repeat(centres, 20)[:, None]
    losses = rng.random(40 * factor)
    rules = KeepRules(0.0, 1)
    found = split(losses, Z=rows, clusterer=clusterer, factor=factor, rules=rules)
    assert len(np.unique(found.labels_)) > 2
    assert (found.predict(rows) == found.labels_).all()
    assert (pickle.loads(pickle.dumps(found)).predict(rows) == found.labels_).all()
    again = split(losses, Z=rows, clusterer=clusterer, factor=factor, rules=rules)
    assert (again.labels_ == found.labels_).all()


def test_new_rows_join_the_nearest_part():
    found = split()
    new = found.predict([[0.5], [7.0], [90.0], [-3.0]])
    assert new.tolist() == found.labels_[[0, 30, 60, 0]].tolist()


def test_clusters_with_too_few_different_rows_are_left():
    rows = np.concatenate([np.repeat([0.0, 1.0], 30), Z[REST, 0]])[:, None]
    found = split(Z=rows, factor=3, rules=KeepRules(0.0, 1))
    c = found.base.labels_[0]
    assert c not in found.models
    assert len(set(found.labels_[:60])) == 1
    assert (found.predict(rows) == found.labels_).all()


def test_a_class_of_equal_rows_stays_one_cluster():
    found = split(Z=np.ones((40, 2)), rules=KeepRules(0.0, 1))
    assert not found.labels_.any()
    assert not found.usable_
    assert found.reason_ == "it has 1 distinct row, fewer than the 2 needed"
    assert not found.predict(np.ones((3, 2))).any()


def test_a_single_cluster_can_be_split():
    base = cluster_class(Z, "kmeans", k=1, random_state=0)
    found = split(base=base)
    assert partition(found.labels_) == {(*FIRST, *SECOND), tuple(REST)}
    assert found.usable_


def test_outliers_stay_outliers():
    rows = np.concatenate([Z, [[1e4]]])
    base = cluster_class(rows, "kmeans", k=3, min_cluster_share=0.05, random_state=0)
    assert base.labels_[-1] == -1
    found = split(base=base, Z=rows)
    assert found.labels_[-1] == -1
    assert found.predict([[1e4]]).tolist() == [-1]
    assert (found.predict(rows) == found.labels_).all()


def test_new_rows_of_a_part_without_rows_join_the_largest_one():
    # Parts 0 and 2 of the cluster are kept, nothing was seen of part 1.
    table = file._number(
        np.array([[True, False, True]]), np.zeros(5, int), np.array([0, 0, 2, 2, 2])
    )
    assert table.tolist() == [[0, 1, 1, 1]]


def test_silhouettes_of_a_large_class_are_those_of_a_sample(monkeypatch):
    losses = np.where(np.isin(np.arange(120), SECOND), 1.0, 0.0)
    expected = split(losses).labels_
    monkeypatch.setattr(file, "SILHOUETTE_ROWS", 60)
    assert (split(losses).labels_ == expected).all()
