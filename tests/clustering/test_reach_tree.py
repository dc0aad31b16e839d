import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial.distance import cdist

from skgroup.clustering import _reach_tree
from skgroup.clustering._reach_tree import reach_tree


def reachability(Z, n_neighbours):
    """All of it, by the definition."""
    distances = cdist(Z, Z)
    core = np.sort(distances, axis=1)[:, min(n_neighbours, len(Z) - 1)]
    return np.maximum(distances, np.maximum(core, core[:, None]))


def rows(kind, n_rows=400):
    rng = np.random.default_rng(0)
    if kind == "noise":
        return rng.normal(size=(n_rows, 20))
    apart = 50.0 * rng.integers(3, size=(n_rows, 2))
    if kind == "islands":  # whose rows have all their listed neighbours inside
        return apart + rng.normal(size=(n_rows, 2))
    return np.concatenate([np.repeat(apart[:6], n_rows // 8, axis=0), apart + 1.0])  # equal rows


@pytest.mark.parametrize("kind", ["noise", "islands", "equal"])
@pytest.mark.parametrize("n_neighbours", [1, 5, 30])
@pytest.mark.parametrize("block", [7, 128])
def test_lengths_are_those_of_a_minimum_spanning_tree(kind, n_neighbours, block, monkeypatch):
    monkeypatch.setattr(_reach_tree, "BLOCK_ROWS", block)
    monkeypatch.setattr(_reach_tree, "SPARE", 2)
    monkeypatch.setattr(_reach_tree, "SUBSET", 50)
    Z = rows(kind)
    a, b, lengths = reach_tree(Z, n_neighbours)
    assert len(a) == len(b) == len(lengths) == len(Z) - 1
    full = reachability(Z, n_neighbours)
    assert np.allclose(full[a, b], lengths, rtol=0, atol=1e-10)
    expected = minimum_spanning_tree(full + 1).data - 1  # a length of 0 would be no edge
    assert np.allclose(np.sort(lengths), np.sort(expected), rtol=0, atol=1e-10)
    graph = np.zeros((len(Z), len(Z)))
    graph[a, b] = 1
    assert connected_components(graph, directed=False)[0] == 1


@pytest.mark.parametrize("n_rows", [2, 3])
def test_two_and_three_rows(n_rows):
    a, b, lengths = reach_tree(np.array([[0.0], [1.0], [5.0]])[:n_rows], 1)
    assert (
        sorted(map(sorted, zip(a.tolist(), b.tolist(), strict=True)))
        == [[0, 1], [1, 2]][: n_rows - 1]
    )
    assert sorted(lengths.tolist()) == [1.0, 4.0][: n_rows - 1]
