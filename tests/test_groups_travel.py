"""Carried groups on their way: to disk, to caches, to worker processes, through scikit-learn."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, train_test_split
from sklearn.utils import resample, shuffle

from skgroup import GroupedArray, get_groups


def numbered(n_rows, n_columns):
    """A fresh array whose values name their rows, and labels that do."""
    return np.add.outer(100 * np.arange(n_rows), np.arange(n_columns)), 7 * np.arange(n_rows)


def grouped(n_rows, n_columns):
    return GroupedArray(*numbered(n_rows, n_columns))


def assert_aligned(X):
    np.testing.assert_array_equal(get_groups(X), 7 * (np.asarray(X)[:, 0] // 100))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(protocol):
    X = GroupedArray(numbered(3, 2)[0], ["a", "b", "c"])
    for derived in (X, X[::-1], X[[1, 1]]):
        again = pickle.loads(pickle.dumps(derived, protocol))
        np.testing.assert_array_equal(again, derived)
        np.testing.assert_array_equal(again.groups, derived.groups)
        assert type(again) is GroupedArray
        assert not again.flags.writeable
    assert get_groups(pickle.loads(pickle.dumps(X.T, protocol))) is None


def test_pickle_out_of_band():
    buffers = []
    data = pickle.dumps(grouped(3, 2), protocol=5, buffer_callback=buffers.append)
    assert_aligned(again := pickle.loads(data, buffers=buffers))
    assert again.groups.tolist() == [0, 7, 14]


@pytest.mark.parametrize("mmap_mode", [None, "r"])
def test_joblib_dump(tmp_path, mmap_mode):
    joblib.dump(grouped(4, 2), tmp_path / "X.joblib")
    again = joblib.load(tmp_path / "X.joblib", mmap_mode=mmap_mode)
    np.testing.assert_array_equal(again, numbered(4, 2)[0])
    assert again.groups.tolist() == [0, 7, 14, 21]


def test_joblib_memory(tmp_path):
    calls = []

    def attach(n):
        calls.append(n)
        return grouped(n, 2)

    cached = joblib.Memory(tmp_path, verbose=0).cache(attach)
    first, second = cached(3), cached(3)
    assert calls == [3]
    assert first.groups.tolist() == second.groups.tolist() == [0, 7, 14]
    np.testing.assert_array_equal(first, second)


def test_process_workers_see_the_groups():
    X = GroupedArray(np.zeros((200_000, 1)), np.arange(200_000))  # memory-mapped on the way
    with joblib.parallel_config("loky", n_jobs=2):
        (found,) = joblib.Parallel()([joblib.delayed(get_groups)(X[::-1])])
    np.testing.assert_array_equal(found, np.arange(200_000)[::-1])


def test_known_limit_hashes_do_not_see_the_groups():
    # A cached step that is handed grouped data could thus return what belongs to other groups:
    # the reason why no step but the inferrer attaches any.
    X, groups = numbered(3, 2)
    assert joblib.hash(GroupedArray(X, groups)) == joblib.hash(GroupedArray(X, groups[::-1]))


def test_train_test_split_and_resampling():
    X, y = grouped(20, 3), np.arange(20) % 2
    parts = [*train_test_split(X, y, random_state=0, stratify=y)[:2]]
    parts += [shuffle(X, random_state=0), resample(X, random_state=0)]
    for part in parts:
        assert_aligned(part)


class Witness(DummyClassifier):
    """Refuses to be fitted on rows without their groups."""

    def fit(self, X, y):
        assert_aligned(X)
        return super().fit(X, y)


def test_cross_validation_and_search_keep_the_groups():
    X, y = grouped(20, 3), np.arange(20) % 2
    cv = KFold(4, shuffle=True, random_state=0)
    assert cross_val_score(Witness(), X, y, cv=cv, error_score="raise").shape == (4,)
    search = GridSearchCV(Witness(), {"strategy": ["prior"]}, cv=cv, error_score="raise")
    assert search.fit(X, y).n_features_in_ == 3
