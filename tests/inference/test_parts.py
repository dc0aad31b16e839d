import joblib
import numpy as np
import pytest

from skgroup.clustering._k_rules import KRule
from skgroup.clustering._overcluster import KeepRules
from skgroup.inference._embedding import Embedding
from skgroup.inference._parts import Part, Parts

EMBED = {"scale": "none", "combine": "concat", "pca": None}
CLUSTER = {"clusterer": "kmeans", "k": 2}
POLICY = {"eps": 0.6, "min_samples": 5, "min_cluster_share": 0.01, "small_clusters": "outlier"}

# Class 0 is split by the first column, class 1 by the second.
CODES = np.array([0, 0, 0, 0, 1, 1, 1, 1])
ROWS = np.array([[0, 0], [0, 1], [9, 0], [9, 1], [0, 0], [1, 0], [0, 9], [1, 9.0]])


def fit(rows=ROWS, codes=CODES, n_parts=2, embed=EMBED, cluster=CLUSTER, seed=0, **options):
    rng = np.random.RandomState(seed)
    return Parts.fit([rows], codes, n_parts, embed, cluster, rng=rng, **options)


def same_partition(labels, expected):
    return len(set(zip(labels, expected, strict=True))) == len(set(labels)) == len(set(expected))


def test_each_class_is_clustered_on_its_own():
    parts, clusters = fit()
    assert len(parts.parts) == 2
    assert same_partition(clusters[:4], [0, 0, 1, 1])
    assert same_partition(clusters[4:], [0, 0, 1, 1])


def test_a_single_part_holds_all_rows():
    parts, clusters = fit(n_parts=1, cluster=CLUSTER | {"k": 3})
    assert len(parts.parts) == 1
    assert same_partition(clusters, [0, 0, 1, 1, 0, 0, 2, 2])


def test_other_classes_do_not_matter():
    _, clusters = fit()
    other = ROWS.copy()
    other[4:] *= -7
    _, again = fit(other)
    assert (clusters[:4] == again[:4]).all()


@pytest.mark.parametrize("n_parts", [1, 2])
def test_rows_of_the_fit_are_assigned_as_fitted(n_parts):
    parts, clusters = fit(n_parts=n_parts)
    Z, again = parts.assign([ROWS], CODES)
    assert (again == clusters).all()
    np.testing.assert_array_equal(Z, ROWS)


def test_new_rows_need_not_have_every_class():
    parts, clusters = fit()
    Z, found = parts.assign([np.array([[8.0, 0.5]])], np.array([0]))
    assert found.tolist() == [clusters[2]]
    assert Z.tolist() == [[8.0, 0.5]]


def test_smaller_spaces_are_filled_up_with_zeros():
    rng = np.random.default_rng(0)
    codes = np.array([0] * 3 + [1] * 8)
    rows = rng.normal(size=(11, 6))
    embed = EMBED | {"pca": 4}
    parts, _ = fit(rows, codes, embed=embed)
    Z, _ = parts.assign([rows], codes)
    assert Z.shape == (11, 4)
    assert (Z[:3, 2:] == 0).all()
    for c, part in enumerate(parts.parts):
        own = part.embedding.transform([rows[codes == c]])
        np.testing.assert_allclose(Z[codes == c, : own.shape[1]], own)


def test_every_snapshot_counts():
    # The first column alone cannot split class 1.
    first, second = ROWS[:, :1], ROWS[:, 1:]
    rng = np.random.RandomState(0)
    parts, clusters = Parts.fit([first, second], CODES, 2, EMBED, CLUSTER, rng=rng)
    assert same_partition(clusters[4:], [0, 0, 1, 1])
    assert (parts.assign([first, second], CODES)[1] == clusters).all()


def test_jobs_change_nothing():
    rng = np.random.default_rng(0)
    rows, codes = rng.normal(size=(90, 3)), np.repeat([0, 1, 2], 30)
    _, clusters = fit(rows, codes, 3)
    with joblib.parallel_config(backend="threading"):
        _, again = fit(rows, codes, 3, n_jobs=2)
    assert (clusters == again).all()


def test_a_part_with_too_few_rows_says_so():
    one = [np.ones((1, 2))]
    part = Part.fit(Embedding.fit(one, **EMBED, random_state=0), one, CLUSTER, 0)
    assert part.clustering.labels_.tolist() == [0]
    assert not part.clustering.usable_
    Z, clusters = part.assign([np.array([[5.0, 5.0]])])
    assert (Z.tolist(), clusters.tolist()) == ([[5.0, 5.0]], [0])


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm"])
def test_all_parts_get_the_k_of_their_mean_silhouette_by_size(clusterer):
    """The large class has three blobs and the small one two; alone each would get its own."""
    rng, ask = np.random.default_rng(0), CLUSTER | {"clusterer": clusterer, "k": None} | POLICY
    truth = np.concatenate([np.repeat([0, 1, 2], 40), np.repeat([0, 1], 6)])
    codes = np.repeat([0, 1], [120, 12])
    rows = rng.normal(scale=0.1, size=(132, 2)) + 10.0 * truth[:, None]
    parts, clusters = fit(rows, codes, cluster=ask)
    assert [part.clustering.k_ for part in parts.parts] == [3, 3]
    assert same_partition(clusters[:120], truth[:120])
    alone = [fit(rows[codes == c], codes[codes == c] * 0, 1, cluster=ask)[0] for c in (0, 1)]
    assert [found.parts[0].clustering.k_ for found in alone] == [3, 2]


def test_a_clusterer_that_finds_k_itself_is_not_asked():
    found, clusters = fit(cluster=POLICY | {"clusterer": "dbscan", "k": None, "min_samples": 2})
    assert [part.clustering.k_ for part in found.parts] == [None, None]
    assert same_partition(clusters[:4], [0, 0, 1, 1])


def test_each_part_gets_its_own_k_by_a_rule_of_its_own():
    rng = np.random.default_rng(0)
    truth = np.concatenate([np.repeat([0, 1, 2], 40), np.repeat([0, 1], 6)])
    codes = np.repeat([0, 1], [120, 12])
    rows = rng.normal(scale=0.1, size=(132, 2)) + 10.0 * truth[:, None]
    for name in ("silhouette_per_class", "cluster_silhouette"):
        ask = CLUSTER | {"k": None, "k_rule": KRule(name, 5)} | POLICY
        parts, _ = fit(rows, codes, cluster=ask)
        assert [part.clustering.k_ for part in parts.parts] == [3, 2]
        assert [part.settings["k"] for part in parts.parts] == [3, 2]


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_parts_are_split_further_on_their_own(n_jobs):
    """One cluster a class; only the losses of class 0 single out a half of it."""
    rows = np.repeat(ROWS[:4], 6, axis=0) + np.tile(np.linspace(0, 0.5, 6), 4)[:, None]
    rows, codes = np.concatenate([rows, rows]), np.repeat([0, 1], 24)
    parts, whole = fit(rows, codes, cluster=CLUSTER | {"k": 1})
    assert not whole.any()
    high = (rows[:, 0] > 5) & (codes == 0)
    low = (rows[:, 0] < 5) & (codes == 1)
    losses = np.where(high, 0.9, np.where(low, 0.2, 0.1))
    options = {"clusterer": "kmeans", "factor": 2, "rules": KeepRules(0.0, 2), "n_jobs": n_jobs}
    validation = ([rows[codes == 0]], codes[codes == 0])
    for seen, expected in (
        (None, np.where(high | low, 1, 0)),
        (([rows], codes), np.where(high | low, 1, 0)),
        (validation, np.where(high, 1, 0)),
    ):
        rng = np.random.RandomState(0)
        with joblib.parallel_config(backend="threading"):
            split, clusters = parts.split_further(([rows], codes), losses, seen, rng=rng, **options)
        assert (clusters == expected).all()
        assert (split.assign([rows], codes)[1] == clusters).all()
        assert split.n_clusters == 2
