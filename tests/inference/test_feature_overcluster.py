"""Over-clustering through the inferrer, with and without validation rows."""

from functools import partial

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from skgroup import FeatureGroupInferrer
from skgroup.exceptions import SettingsWarning

plain = partial(
    FeatureGroupInferrer, features="input", scale="none", reduction=None, standardize=False,
    random_state=0,
)  # fmt: skip


def same_partition(labels, expected):
    return adjusted_rand_score(labels, expected) == 1


@pytest.fixture(scope="module")
def hard(draw_blobs):
    """X, y, the groups, and the groups before the hard part of each class left its cluster.

    Class 0 has 100 rows around 0, 60 around 20, and beside these 40 that lie close to class 1.
    """
    X, y, truth = draw_blobs(((100, 60, 40), (80, 60, 60)), spread=0.5)
    X[:, 0] = np.choose(np.round(X[:, 0] / 12).astype(int), [0, 20, 30]) + X[:, 2]
    X[:, 1] += np.where(truth == 2, 3.0, 0.0)
    return X, y, truth, np.where(truth % 100 == 2, truth - 1, truth)


def test_a_hard_part_of_a_cluster_becomes_a_group(hard):
    X, y, truth, without = hard
    fit = partial(plain, k=2, overcluster=2)
    assert same_partition(plain(k=2).fit_predict(X, y), without)
    with pytest.warns(
        SettingsWarning, match=r"without validation rows .*overcluster cannot"
    ) as caught:
        inferrer = fit().fit(X, y)
    assert [w.filename for w in caught] == [__file__]
    zero = y == 0
    assert same_partition(inferrer.groups_[zero], truth[zero])
    table = inferrer.group_table_
    group = inferrer.groups_[truth == 2][0]
    assert table["mean_loss"][group] == table["mean_loss"][table["class"] == 0].max()
    assert (inferrer.predict(X, y) == inferrer.groups_).all()
    assert (inferrer.predict(X + 0.01, y) == inferrer.groups_).all()


@pytest.mark.parametrize(
    ("size", "n_seen", "is_found"),
    [(25, 25, True), (25, 24, False), (20, 20, True), (41, 60, False)],
)
def test_validation_rows_are_asked_for_the_size_of_a_part(hard, size, n_seen, is_found):
    X, y, truth, without = hard
    others = np.flatnonzero(truth != 2)
    rows = np.concatenate([others, np.resize(np.flatnonzero(truth == 2), n_seen)])
    inferrer = plain(k=2, overcluster=2, min_subcluster_size=size)
    inferrer.fit(X, y, X_val=X[rows], y_val=y[rows])
    zero = y == 0
    expected = truth if is_found else without
    assert same_partition(inferrer.groups_[zero], expected[zero])
    assert (inferrer.groups_val_ == inferrer.groups_[rows]).all()


def test_a_class_without_validation_rows_is_not_split_further(hard):
    X, y, _, without = hard
    own = np.flatnonzero(y == 1)
    inferrer = plain(k=2, overcluster=2).fit(X, y, X_val=X[own], y_val=y[own])
    zero = y == 0
    assert same_partition(inferrer.groups_[zero], without[zero])


def test_the_share_of_a_part(hard):
    X, y, truth, without = hard
    fit = partial(plain, k=2, overcluster=2, min_subcluster_size=0)
    zero = y == 0  # 200 rows, of which 40 are hard
    for share, expected in ((0.2, truth), (0.21, without)):
        inferrer = fit(min_subcluster_share=share).fit(X, y, X, y)
        assert same_partition(inferrer.groups_[zero], expected[zero])


@pytest.mark.parametrize("options", [
    {"clusterer": "dbscan"}, {"clusterer": GaussianMixture(2)}, {"validation": "joint"},
])  # fmt: skip
def test_what_cannot_be_overclustered(four, options):
    X, y, _ = four
    with pytest.raises(ValueError, match=r"overcluster splits clusters of 'kmeans' and 'gmm'"):
        plain(overcluster=2, **options).fit(X, y)
