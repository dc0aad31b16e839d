"""What inferrers that cluster share, on the smallest one: it clusters the columns of X."""

import numpy as np
import pytest
from joblib import parallel_config
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from skgroup.exceptions import UnusableSplitWarning
from skgroup.inference._cluster_base import ClusterGroupInferrer


class ColumnInferrer(ClusterGroupInferrer):
    """Represents rows by X; its reference says that positive first columns are the second class."""

    _parameter_constraints = {}

    def __init__(
        self, k=2, clusterer="kmeans", scope="class", min_samples=3, min_cluster_share=0.01,
        small_clusters="outlier", validation="auto", n_jobs=None,
        random_state=0,
    ):  # fmt: skip
        self.k = k
        self.clusterer = clusterer
        self.scope = scope
        self.min_samples = min_samples
        self.min_cluster_share = min_cluster_share
        self.small_clusters = small_clusters
        self.validation = validation
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _fit_reference(self, X, y, random_state):
        self.n_fits_ = getattr(self, "n_fits_", 0) + 1

    def _own_module(self):
        return False

    def _represent(self, X, y):
        return [X.toarray() if sparse.issparse(X) else X]

    def _probabilities(self, X):
        positive = self._represent(X, None)[0][:, 0] > 0
        p = np.full((len(positive), len(self.classes_)), 0.25 / (len(self.classes_) - 1))
        p[np.arange(len(p)), positive.astype(int)] = 0.75
        return p

    def _settings(self):
        names = ["k", "clusterer", "min_samples", "min_cluster_share", "small_clusters"]
        embed = {"scale": "none", "combine": "concat", "pca": None}
        return embed, {name: getattr(self, name) for name in names}


# Class "n": 3 rows near -9, 2 near -5. Class "p": 2 near 9, 2 near 5, and one near -5.
X = np.array([-9, -8.9, -9.1, -5, -5.1, 9, 9.1, 5, 5.1, -5.2])[:, None]
Y = np.array(list("nnnnnppppp"))


def draw(n_rows=120, seed=0):
    """Two blobs a class, ten apart, and rows of both classes far away."""
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=n_rows)
    rows = rng.normal(size=(n_rows, 2)) + 10 * rng.integers(2, size=(n_rows, 1))
    y[:4], rows[:4] = [0, 0, 1, 1], [[500, 0], [500, 1], [0, 900], [0, -900]]
    return rows, y


def same_partition(labels, expected):
    return len(set(zip(labels, expected, strict=True))) == len(set(labels)) == len(set(expected))


def test_groups_live_inside_classes():
    inferrer = ColumnInferrer(k=3).fit(X[:9], Y[:9])
    assert sorted(set(inferrer.groups_)) == list(range(inferrer.n_groups_)) == list(range(6))
    inferrer = ColumnInferrer(k=2, min_cluster_share=0.0).fit(X, Y)
    assert same_partition(inferrer.groups_, [0, 0, 0, 1, 1, 2, 2, 2, 2, 3])
    assert set(inferrer.groups_[:5]) == {0, 1}
    assert set(inferrer.groups_[5:]) == {2, 3}
    assert inferrer.n_groups_ == 4
    assert inferrer.classes_.tolist() == ["n", "p"]


def test_global_clusters_are_crossed_with_the_classes():
    inferrer = ColumnInferrer(k=4, scope="global").fit(X, Y)
    assert same_partition(inferrer.groups_, [0, 0, 0, 1, 1, 2, 2, 3, 3, 4])
    # The same cluster in both classes
    table = inferrer.group_table_
    crossed = table["cluster"][inferrer.groups_[[3, 9]]]
    assert crossed[0] == crossed[1]
    assert table["class"][inferrer.groups_[[3, 9]]].tolist() == ["n", "p"]


@pytest.mark.parametrize(("small_clusters", "last"), [("outlier", -1), ("merge", 2)])
def test_small_crossings_are_outliers_or_join(small_clusters, last):
    # The cluster near -5 has 5 rows of 20, but one of the 10 of class 1.
    x, y = np.repeat([-9.0, -5.0, 9.0, -5.0], [6, 4, 9, 1])[:, None], np.repeat([0, 1], 10)
    inferrer = ColumnInferrer(
        k=3, scope="global", min_cluster_share=0.15, small_clusters=small_clusters
    ).fit(x, y)
    assert same_partition(inferrer.groups_, np.repeat([0, 1, 2, last], [6, 4, 9, 1]))
    assert inferrer.groups_[-1] == (-1 if last == -1 else inferrer.groups_[10])
    assert (inferrer.predict(x, y) == inferrer.groups_).all()


def test_table():
    table = ColumnInferrer(k=2).fit(X, Y).group_table_
    order = np.lexsort([table["size"], table["class"]])
    assert table["group"].tolist() == [0, 1, 2, 3]
    assert table["class"][order].tolist() == ["n", "n", "p", "p"]
    assert table["size"][order].tolist() == [2, 3, 1, 4]
    assert table["error_rate"][order].tolist() == [0, 0, 1, 0]
    np.testing.assert_allclose(table["mean_loss"][order], -np.log([0.75, 0.75, 0.25, 0.75]))


def test_outliers_of_each_class_have_a_row():
    rows, y = draw(500)
    inferrer = ColumnInferrer().fit(rows, y)
    table = inferrer.group_table_
    assert np.flatnonzero(inferrer.groups_ == -1).tolist() == [0, 1, 2, 3]
    assert table["group"].tolist() == [0, 1, 2, 3, -1, -1]
    assert table["class"].tolist() == [0, 0, 1, 1, 0, 1]
    assert table["size"][4:].tolist() == [2, 2]
    assert table["size"].sum() == 500
    assert inferrer.n_groups_ == 4


@pytest.mark.parametrize("small_clusters", ["outlier", "merge"])
@pytest.mark.parametrize("scope", ["class", "global"])
@pytest.mark.parametrize("clusterer", ["kmeans", "gmm", KMeans(5, n_init=1)])
def test_prediction_on_training_rows_repeats_the_groups(clusterer, scope, small_clusters):
    rows, y = draw(500)
    inferrer = ColumnInferrer(5, clusterer, scope, small_clusters=small_clusters)
    groups = inferrer.fit(rows, y).groups_
    assert (groups == -1).any() == (small_clusters == "outlier")
    assert (inferrer.predict(rows, y) == groups).all()
    some = [0, 7, 3, 100]
    assert (inferrer.predict(rows[some], y[some]) == groups[some]).all()


def test_prediction_of_hdbscan_repeats_the_groups():
    rows, y = draw(300)
    inferrer = ColumnInferrer(clusterer="hdbscan", min_samples=8).fit(rows, y)
    assert set(inferrer.groups_[:4]) == {-1}
    assert (inferrer.predict(rows, y) == inferrer.groups_).all()


def test_prediction_of_dbscan_repeats_the_core():
    rows, y = draw(300)
    inferrer = ColumnInferrer(clusterer="dbscan", min_samples=8).fit(rows, y)
    assert set(inferrer.groups_[:4]) == {-1}
    # eps is half a squared distance.
    near = cdist(rows, rows, "sqeuclidean") / 2 <= 0.45
    core = (near & (y[:, None] == y)).sum(axis=1) >= 8
    assert 200 < core.sum() < 296
    assert (inferrer.predict(rows, y) == inferrer.groups_)[core].all()


def test_a_class_that_cannot_be_split_is_one_group():
    rows = np.array([[0.0], [1.0], [9.0], [5.0], [5.0], [5.0], [7.0]])
    y = np.array(["a", "a", "a", "b", "b", "b", "c"])
    with pytest.warns(UnusableSplitWarning) as caught:
        inferrer = ColumnInferrer().fit(rows, y)
    reason = "it has 1 distinct row, fewer than the 2 needed"
    assert [str(w.message) for w in caught] == [
        f"class 'b' stays one group: {reason}",
        f"class 'c' stays one group: {reason}",
    ]
    assert {w.filename for w in caught} == {__file__}
    assert same_partition(inferrer.groups_, [0, 0, 1, 2, 2, 2, 3])
    assert (inferrer.predict(rows, y) == inferrer.groups_).all()


def test_data_that_cannot_be_split_are_the_classes():
    rows, y = np.ones((5, 2)), np.array([3, 3, 4, 4, 4])
    with pytest.warns(UnusableSplitWarning, match="^the data stays one group: it has 1 distinct"):
        groups = ColumnInferrer(scope="global").fit_predict(rows, y)
    assert groups.tolist() == [0, 0, 1, 1, 1]


def test_a_class_of_outliers_is_one_group():
    # Two rows of 202 are a cluster below 1 % of the data, and all of class 2.
    rows = np.repeat([-5.0, 5.0, 1000.0], [100, 100, 2])[:, None]
    y = np.repeat([0, 1, 2], [100, 100, 2])
    inferrer = ColumnInferrer(scope="global")
    with pytest.warns(UnusableSplitWarning, match="^class 2 stays one group: all its rows are out"):
        groups = inferrer.fit_predict(rows, y)
    assert (groups == y).all()
    assert (inferrer.predict(rows, y) == y).all()


def test_embedding_of_rows_is_what_was_clustered():
    rows, y = draw()
    np.testing.assert_array_equal(ColumnInferrer().fit(rows, y).embed(rows, y), rows)


@pytest.mark.parametrize("clusterer", ["kmeans", "hdbscan"])
def test_score_by_hand(clusterer):
    rows, y = draw(200)
    y[:40] = 1
    inferrer = ColumnInferrer(clusterer=clusterer).fit(rows, y)
    groups, Z = inferrer.predict(rows, y), inferrer.embed(rows, y)
    sizes = np.bincount(y)
    silhouettes = [silhouette_score(Z[y == c], groups[y == c]) for c in (0, 1)]
    assert sizes[0] != sizes[1]
    assert inferrer.score(rows, y) == pytest.approx(sizes @ silhouettes / 200)


@pytest.mark.parametrize(
    ("scope", "k", "message"),
    [
        ("class", 6, r"k=6 is larger than every class \(the largest has 5 samples\): choose a"),
        ("global", 11, "k=11 is larger than the 10 samples: choose a smaller k"),
    ],
)
def test_k_larger_than_what_is_clustered(scope, k, message):
    inferrer = ColumnInferrer(k=k, scope=scope)
    with pytest.raises(ValueError, match=message):
        inferrer.fit(X, Y)
    assert not hasattr(inferrer, "n_fits_")


@pytest.mark.parametrize("options", [{"k": 7, "scope": "global"}, {"k": 6, "clusterer": "hdbscan"}])
def test_k_may_be_larger_than_every_class_where_classes_are_not_split_by_it(options):
    groups = ColumnInferrer(**options).fit_predict(np.vstack([X, X + 0.01]), np.tile(Y, 2))
    assert len(groups) == 20


def test_jobs_change_nothing():
    rows, y = draw()
    with parallel_config(backend="threading"):
        two = ColumnInferrer(n_jobs=2).fit(rows, y)
    assert (two.groups_ == ColumnInferrer(n_jobs=1).fit(rows, y).groups_).all()


@pytest.mark.parametrize("scope", ["class", "global"])
@pytest.mark.parametrize(
    ("validation", "clusterer"),
    [("joint", "kmeans"), ("joint", "dbscan"), ("auto", "dbscan"), ("auto", "hdbscan")],
)
def test_joint_groups_are_those_of_all_rows_together(validation, clusterer, scope):
    rows, y = draw(400)
    options = {"clusterer": clusterer, "scope": scope, "min_samples": 8}
    inferrer = ColumnInferrer(validation=validation, **options)
    inferrer.fit(rows[:250], y[:250], rows[250:], y[250:])
    together = ColumnInferrer(**options).fit(rows, y)
    found = np.concatenate([inferrer.groups_, inferrer.groups_val_])
    np.testing.assert_array_equal(found, together.groups_)
    assert inferrer.n_groups_ == len(set(inferrer.groups_) - {-1}) == 4
    assert inferrer.group_table_["size"].sum() == 250
    np.testing.assert_array_equal(inferrer.embed(rows, y), together.embed(rows, y))


def test_a_joint_cluster_without_training_rows_is_no_group():
    # Only validation rows of class 0 lie near 50.
    x, y = np.repeat([0.0, 9, 0, 9], 6)[:, None], np.repeat([0, 0, 1, 1], 6)
    x_val = np.repeat([0.0, 50, 9, 0], [2, 5, 3, 4])[:, None]
    y_val = np.repeat([0, 0, 0, 1], [2, 5, 3, 4])
    options = {"k": 3, "scope": "global", "validation": "joint", "min_cluster_share": 0.0}
    inferrer = ColumnInferrer(**options).fit(x, y, x_val, y_val)
    near, far = inferrer.groups_[0], inferrer.groups_[6]
    assert same_partition(inferrer.groups_, np.repeat(range(4), 6))
    assert sorted(set(inferrer.groups_)) == list(range(4))
    expected = np.repeat([near, -1, far, inferrer.groups_[12]], [2, 5, 3, 4])
    np.testing.assert_array_equal(inferrer.groups_val_, expected)
    assert (inferrer.predict(x_val, y_val) == inferrer.groups_val_).all()
    merged = ColumnInferrer(**options, small_clusters="merge").fit(x, y, x_val, y_val)
    assert (merged.groups_val_ >= 0).all()
    assert set(merged.groups_val_[2:7]) < set(merged.groups_[:12])


@pytest.mark.parametrize(
    ("validation", "clusterer"),
    [("assign", "kmeans"), ("assign", "dbscan"), ("auto", "kmeans"), ("auto", KMeans(2))],
)
def test_assigned_validation_rows_change_nothing(validation, clusterer):
    rows, y = draw(400)
    options = {"clusterer": clusterer, "min_samples": 8}
    inferrer = ColumnInferrer(validation=validation, **options)
    inferrer.fit(rows[:250], y[:250], rows[250:], y[250:])
    alone = ColumnInferrer(**options).fit(rows[:250], y[:250])
    np.testing.assert_array_equal(inferrer.groups_, alone.groups_)
    np.testing.assert_array_equal(inferrer.groups_val_, alone.predict(rows[250:], y[250:]))


def test_a_row_is_assigned_to_the_nearest_core_row_within_the_radius():
    rows, y = draw(300)
    inferrer = ColumnInferrer(clusterer="dbscan", validation="assign", min_samples=8)
    new, y_new = draw(200, seed=1)
    found = inferrer.fit(rows, y, new, y_new).groups_val_
    for c in (0, 1):
        mine, groups = rows[y == c], inferrer.groups_[y == c]
        core = (cdist(mine, mine, "sqeuclidean") / 2 <= 0.45).sum(axis=1) >= 8
        distance = cdist(new[y_new == c], mine[core], "sqeuclidean") / 2
        nearest = groups[core][distance.argmin(axis=1)]
        expected = np.where(distance.min(axis=1) <= 0.45, nearest, -1)
        np.testing.assert_array_equal(found[y_new == c], expected)
        assert (expected == -1).any()
        assert (expected >= 0).sum() > 50
