import numpy as np
import pytest
import torch
from scipy import sparse
from torch.utils.data import TensorDataset

from skgroup import FeatureGroupInferrer, GradientGroupInferrer
from skgroup.datasets import make_group_blobs
from skgroup.inference import _cluster_base as cluster_file
from skgroup.inference import _linear_reference as linear_file
from skgroup.inference import _row_blocks as file
from skgroup.inference._row_blocks import in_blocks, sample_classes
from skgroup.metrics import within_class_ari
from skgroup.modules import mlp


def test_blocks_are_joined_in_order(monkeypatch):
    monkeypatch.setattr(file, "BLOCK_ROWS", 4)
    X, codes, seen = np.arange(20.0).reshape(10, 2), np.arange(10) % 3, []

    def work(rows, own):
        seen.append(len(rows))
        return rows[:, 1] * own

    np.testing.assert_array_equal(in_blocks(work, X, codes), X[:, 1] * codes)
    assert seen == [4, 4, 2]
    monkeypatch.setattr(file, "BLOCK_ROWS", 10)
    in_blocks(work, X, codes)
    assert seen[3:] == [10]


@pytest.mark.parametrize("block", [7, 10])
def test_blocks_are_halved_where_memory_runs_out(monkeypatch, block):
    monkeypatch.setattr(file, "BLOCK_ROWS", block)
    X, codes, seen = np.arange(20.0).reshape(10, 2), np.arange(10) % 3, []

    def work(rows, own):
        seen.append(len(rows))
        if len(rows) > 3:
            raise MemoryError
        return rows[:, 1] * own

    np.testing.assert_array_equal(in_blocks(work, X, codes), X[:, 1] * codes)
    assert seen == {7: [7, 4, 2, 2, 3, 3], 10: [10, 5, 3, 2, 5, 3, 2]}[block]


@pytest.mark.parametrize("error", [MemoryError("one row"), RuntimeError("a bug")])
def test_errors_that_fewer_rows_do_not_help_are_raised(error):
    seen = []

    def work(rows):
        seen.append(len(rows))
        raise error

    with pytest.raises(type(error), match=str(error)):
        in_blocks(work, np.zeros((3, 1)))
    assert seen == ([3, 2, 1] if isinstance(error, MemoryError) else [3])


def test_each_class_has_its_share_in_a_sample(monkeypatch):
    monkeypatch.setattr(file, "CLASS_ROWS", 5)
    codes = np.repeat([0, 1, 2, 3], [600, 380, 17, 3])
    rng = np.random.RandomState(0)
    before = rng.get_state()[2]
    assert sample_classes(codes, 1000, rng) is None
    assert rng.get_state()[2] == before
    rows = sample_classes(codes, 100, rng)
    assert np.bincount(codes[rows]).tolist() == [60, 38, 5, 3]
    assert (np.diff(rows) > 0).all()
    assert not np.array_equal(sample_classes(codes, 100, rng), rows)


def few_rows(monkeypatch, n_numbers, block=70):
    """Cluster so many numbers at most, and work on few rows at a time."""
    monkeypatch.setattr(cluster_file, "REPRESENTED_BYTES", 8 * n_numbers)
    monkeypatch.setattr(file, "BLOCK_ROWS", block)
    monkeypatch.setattr(file, "CLASS_ROWS", 50)


def mapped(X, tmp_path):
    found = np.memmap(tmp_path / "rows.bin", np.float64, "w+", shape=X.shape)
    found[:] = X
    found.flush()
    return found


@pytest.mark.parametrize("clusterer", ["kmeans", "gmm", "dbscan"])
def test_groups_of_a_sample_serve_all_rows(monkeypatch, clusterer):
    X, y, true = make_group_blobs(80, variance=0.01, random_state=0)
    settings = {"clusterer": clusterer, "k": 2, "min_samples": 30, "random_state": 0}
    whole = GradientGroupInferrer(**settings).fit(X, y)
    few_rows(monkeypatch, 6 * 400)  # gradients have six entries: half of the rows
    inferrer = GradientGroupInferrer(**settings).fit(X, y)
    assert [len(p.clustering.labels_) for p in inferrer._parts.parts] == [200, 200]
    assert within_class_ari(true, inferrer.groups_, y) > 0.95
    assert within_class_ari(whole.groups_, inferrer.groups_, y) > 0.95
    np.testing.assert_array_equal(inferrer.predict(X, y), inferrer.groups_)
    assert inferrer.group_table_["size"].sum() == len(y)
    in_two = GradientGroupInferrer(**settings, n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(in_two.groups_, inferrer.groups_)


@pytest.mark.parametrize("kind", ["memmap", "csr", "tensor", "dataset"])
def test_whatever_holds_the_rows(monkeypatch, tmp_path, kind):
    X, y, true = make_group_blobs(40, variance=0.01, random_state=0)
    few_rows(monkeypatch, 6 * 200)
    if kind in ("memmap", "csr"):
        rows = mapped(X, tmp_path) if kind == "memmap" else sparse.csr_matrix(X)
        inferrer = GradientGroupInferrer(2, random_state=0)
    else:
        tensor = torch.tensor(X, dtype=torch.float32)
        rows = TensorDataset(tensor) if kind == "dataset" else tensor
        inferrer = GradientGroupInferrer(2, module=mlp, epochs=5, lr=0.1, random_state=0)
    inferrer.fit(rows, y)
    assert [len(p.clustering.labels_) for p in inferrer._parts.parts] == [100, 100]
    np.testing.assert_array_equal(inferrer.predict(rows, y), inferrer.groups_)
    if kind in ("memmap", "csr"):
        assert within_class_ari(true, inferrer.groups_, y) > 0.95


def test_features_of_a_sample(monkeypatch):
    X, y, _ = make_group_blobs(80, variance=0.01, random_state=0)
    few_rows(monkeypatch, 2 * 400)
    inferrer = FeatureGroupInferrer(2, features="input", random_state=0).fit(X, y)
    assert [len(p.clustering.labels_) for p in inferrer._parts.parts] == [200, 200]
    np.testing.assert_array_equal(inferrer.predict(X, y), inferrer.groups_)


def test_a_linear_reference_of_many_rows_is_that_of_a_fair_sample(monkeypatch):
    # One class is rare: in the sample it has more than its share, and its weight makes up for it.
    rng = np.random.default_rng(0)
    y = (np.arange(20_000) < 400).astype(np.int64)
    X = rng.normal(size=(20_000, 2)) + y[:, None] * [1.0, 0.5]
    settings = {"reference": "linear", "k": 1, "random_state": 0}
    whole = GradientGroupInferrer(**settings).fit(X, y)
    monkeypatch.setattr(linear_file, "MAX_VALUES", 2 * 5000)
    monkeypatch.setattr(file, "CLASS_ROWS", 400)
    sampled = GradientGroupInferrer(**settings).fit(X, y)
    for name, parameter in whole.reference_.module_.named_parameters():
        other = dict(sampled.reference_.module_.named_parameters())[name]
        assert not torch.equal(parameter, other)
        torch.testing.assert_close(other, parameter, rtol=0, atol=0.12)
    mean = whole.reference_.predict_proba(X.astype(np.float32))[:, 1].mean()
    assert sampled.reference_.predict_proba(X.astype(np.float32))[:, 1].mean() == pytest.approx(
        mean, rel=0.1
    )
