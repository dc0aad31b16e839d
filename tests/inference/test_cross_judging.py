import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from skgroup import GroupDROClassifier
from skgroup.inference._cross_judging import (
    Verdict,
    hold_out,
    judge_partitions,
    with_every_class,
)


class Told(ClassifierMixin, BaseEstimator):
    """Predicts what stands in the first column."""

    def fit(self, X, y, groups=None):
        return self

    def predict(self, X):
        return X[:, 0].astype(int)


class Memory(ClassifierMixin, BaseEstimator):
    """Predicts the class of the nearest group mean."""

    def fit(self, X, y, groups=None):
        ids = np.unique(groups[groups >= 0])
        self.means_ = np.array([X[groups == g].mean(axis=0) for g in ids])
        self.labels_ = np.array([y[groups == g][0] for g in ids])
        return self

    def predict(self, X):
        return self.labels_[((X[:, None] - self.means_) ** 2).sum(axis=2).argmin(axis=1)]


def judged(judge, X, y, codes, partitions, **options):
    settings = {"max_judged": 10_000, "n_jobs": None, "seed": 0}
    return judge_partitions(judge, X, y, codes, partitions, **settings | options)


def halves(codes):
    """Two groups in each class, by the order of rows."""
    part = np.empty_like(codes)
    for c in np.unique(codes):
        own = np.flatnonzero(codes == c)
        part[own] = np.arange(len(own)) % 2
    return 2 * codes + part


def test_a_judge_that_is_told_by_hand():
    codes = np.repeat([0, 1], 40)
    groups = halves(codes)  # 0: even rows of class 0, and so on
    wrong = np.zeros(80, dtype=bool)
    wrong[[0, 2, 4, 6, 8]] = True  # five of the twenty rows of group 0
    wrong[[41, 43]] = True  # two of group 3
    X = np.where(wrong, 1 - codes, codes)[:, None].astype(float)
    found = judged(Told(), X, codes, codes, [codes, groups])
    # Held out once each: 35 of 40 rows of class 0 are right, 15 of 20 in group 0.
    np.testing.assert_allclose(found.worst_groups, [[35 / 40, 15 / 20]] * 2)
    np.testing.assert_allclose(found.averages, [73 / 80] * 2)
    assert found.counts.tolist() == [False, True]
    np.testing.assert_allclose(found.means, [0.75, 0.75])
    np.testing.assert_allclose(found.scores, [0.75 + 0.5 * 73 / 80] * 2)


@pytest.mark.parametrize(
    ("scores", "best"), [([0.5, 0.53], 0), ([0.5, 0.55], 1), ([0.5, 0.55, 0.56], 2), ([0.5], 0)]
)
def test_the_first_stays_unless_another_leads_it_clearly(scores, best):
    means = np.array(scores)[:, None]
    assert Verdict(means, np.zeros(len(means)), np.array([True])).best == best


def test_groups_that_are_nearly_empty_do_not_judge():
    codes = np.repeat([0, 1], 40)
    groups = codes.copy()
    groups[:9] = 2  # nine rows are too few
    X = np.where(groups == 2, 1, codes)[:, None].astype(float)  # all wrong
    found = judged(Told(), X, codes, codes, [groups])
    np.testing.assert_allclose(found.worst_groups, [[1]])
    groups[9] = 2  # ten are enough
    found = judged(Told(), X, codes, codes, [groups])
    np.testing.assert_allclose(found.worst_groups, [[0.1]])


def test_where_all_groups_are_small_all_judge():
    codes = np.repeat([0, 1], 8)
    X = np.where(np.arange(16) < 2, 1, codes)[:, None].astype(float)
    found = judged(Told(), X, codes, codes, [halves(codes), codes])
    np.testing.assert_allclose(found.worst_groups[0], [3 / 4, 6 / 8])


def test_outliers_do_not_judge():
    codes = np.repeat([0, 1], 40)
    groups = halves(codes)
    groups[:20] = -1
    X = np.where(groups < 0, 1, codes)[:, None].astype(float)
    found = judged(Told(), X, codes, codes, [groups])
    np.testing.assert_allclose(found.worst_groups, [[1]])
    np.testing.assert_allclose(found.averages, [60 / 80])


@pytest.mark.parametrize("max_judged", [1, 60, 10_000])
@pytest.mark.parametrize("labels", [np.array([0, 1]), np.array(["no", "yes"])])
def test_the_matrix_by_brute_force(max_judged, labels):
    rng = np.random.default_rng(0)
    codes = rng.integers(2, size=120)
    X = rng.normal(size=(120, 3)) + 0.5 * codes[:, None]
    partitions = [codes, halves(codes), 2 * codes + (X[:, 1] > 0.3), 2 * codes + (X[:, 2] > 0)]
    partitions[3][rng.permutation(120)[:12]] = -1
    y = labels[codes]
    found = judged(Memory(), X, y, codes, partitions, max_judged=max_judged, seed=7)
    folds = hold_out(codes, max_judged, 7)
    assert len(folds) == {1: 1, 60: 2, 10_000: 4}[max_judged]
    for i, mine in enumerate(partitions):
        right = {}
        for train, test in folds:
            model = Memory().fit(X[train], y[train], groups=mine[train])
            right |= dict(zip(test, model.predict(X[test]) == y[test], strict=True))
        assert found.averages[i] == pytest.approx(np.mean(list(right.values())))
        for j, other in enumerate(partitions):
            rows = {g: [r for t, r in right.items() if other[t] == g] for g in range(4)}
            worst = min(np.mean(r) for r in rows.values() if len(r) >= 10)
            assert found.worst_groups[i, j] == pytest.approx(worst)
    assert found.counts.tolist() == [False, True, True, True]


def test_means_and_scores_by_hand():
    verdict = Verdict(
        np.array([[0.5, 0.2, 0.4], [0.9, 0.3, 0.1]]),
        np.array([0.8, 0.6]),
        np.array([0, 1, 1], bool),
    )
    np.testing.assert_allclose(verdict.means, [0.3, 0.2])
    np.testing.assert_allclose(verdict.scores, [0.7, 0.5])
    alone = Verdict(verdict.worst_groups, verdict.averages, np.zeros(3, bool))
    np.testing.assert_allclose(alone.means, [1.1 / 3, 1.3 / 3])  # when none splits, all judge


@pytest.mark.parametrize(
    ("max_judged", "n_folds"), [(1, 1), (100, 1), (101, 2), (300, 3), (301, 4), (2000, 4)]
)
def test_as_many_quarters_as_it_takes(max_judged, n_folds):
    codes = np.repeat([0, 1], [320, 80])
    folds = hold_out(codes, max_judged, 0)
    assert len(folds) == n_folds
    held_out = np.concatenate([test for _, test in folds])
    assert len(np.unique(held_out)) == len(held_out) == 100 * n_folds
    for train, test in folds:
        assert np.bincount(codes[test]).tolist() == [80, 20]  # the shares of all rows
        assert sorted([*train, *test]) == list(range(400))


def test_seeds_draw_the_rows_that_are_held_out():
    codes = np.repeat([0, 1], 50)
    first, again, other = (hold_out(codes, 10, seed)[0][1] for seed in (0, 0, 1))
    assert first.tolist() == again.tolist() != other.tolist()


def test_small_classes_make_fewer_folds():
    assert [len(test) for _, test in hold_out(np.array([0] * 9 + [1] * 3), 100, 0)] == [4, 4, 4]
    # The only row of a class has to be trained on.
    ((train, test),) = hold_out(np.array([0] * 9 + [1]), 100, 0)
    assert train.tolist() == test.tolist() == list(range(10))


def test_held_out_rows_that_are_all_outliers():
    codes, X = np.repeat([0, 1], 4), np.zeros((8, 1))
    ((_, test),) = hold_out(codes, 2, 0)
    groups = codes.copy()
    groups[test] = -1
    found = judged(Told(), X, codes, codes, [groups], max_judged=2)
    np.testing.assert_allclose(found.worst_groups, [[0.5]])


def test_seeds_reach_judges_and_the_judge_is_left_alone():
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1], 40)
    X, y = rng.normal(size=(80, 2)) + codes[:, None], codes
    judge = GroupDROClassifier(hidden_layer_sizes=(2,), max_epochs=2, early_stopping=False)
    partitions = [codes, halves(codes)]
    first, again, other = (judged(judge, X, y, codes, partitions, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.worst_groups, again.worst_groups)
    np.testing.assert_array_equal(first.averages, again.averages)
    assert (first.averages != other.averages).any()
    assert judge.random_state is None
    assert not hasattr(judge, "classes_")


def test_a_class_without_a_kept_row_in_a_fold_is_one_group():
    codes, groups = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 0, -1, 3, -1])
    train = np.array([0, 1, 3, 5])
    np.testing.assert_array_equal(with_every_class(groups, codes, train), [0, 1, 0, 5, 5, 6])
    np.testing.assert_array_equal(
        with_every_class(groups, codes, np.arange(6)), [0, 1, 0, -1, 3, 6]
    )
    np.testing.assert_array_equal(groups, [0, 1, 0, -1, 3, -1])


class Strict(Told):
    """Refuses to train without a row of every class, as robust classifiers do."""

    def fit(self, X, y, groups=None):
        assert set(y[groups >= 0]) == set(y)
        return self


def test_a_partition_that_keeps_one_row_of_a_class_is_judged_in_every_fold():
    y = np.repeat([0, 1], 20)
    few = np.where(y == 1, -1, 0)
    few[-1] = 1  # in one of the four folds it is held out
    X = np.where(np.arange(40) < 5, 1, y)[:, None]  # five of class 0 are got wrong
    verdict = judge_partitions(Strict(), X, y, y, [y, few], max_judged=40, n_jobs=None, seed=0)
    np.testing.assert_allclose(verdict.worst_groups, 0.75)
    np.testing.assert_allclose(verdict.averages, 35 / 40)
