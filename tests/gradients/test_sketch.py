import numpy as np
import pytest
import torch

from skgroup.gradients import _sketch
from skgroup.gradients._sketch import TILE, Sketch, columns_of


def project(gradients: torch.Tensor, sketch: Sketch, width: int) -> torch.Tensor:
    target = gradients.new_zeros(len(gradients), sketch.n_components)
    emit = sketch.into(target)
    for start in range(0, gradients.shape[1], width):
        emit(start, gradients[:, start : start + width])
    return target


def matrix(n_columns: int, n_components: int, seed: int = 0) -> torch.Tensor:
    return project(torch.eye(n_columns), Sketch(n_components, n_columns, seed), n_columns)


def test_columns_go_where_they_belong():
    target = torch.zeros(2, 4, dtype=torch.float64)
    columns_of(target)(1, torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert target.tolist() == [[0, 1, 2, 0], [0, 3, 4, 0]]


def test_entries_are_independent_normals_of_variance_one_over_the_dimension():
    S = matrix(2 * TILE, 64).numpy()
    assert np.mean(S) == pytest.approx(0, abs=4 / 8 / np.sqrt(S.size))
    assert np.var(S) == pytest.approx(1 / 64, rel=4 * np.sqrt(2 / S.size))
    assert np.mean(S**4) * 64**2 == pytest.approx(3, rel=0.1)
    gram = np.corrcoef(S, rowvar=False) - np.eye(64)
    assert np.abs(gram).max() < 5 / np.sqrt(2 * TILE)
    assert not np.array_equal(S[:TILE], S[TILE:])


@pytest.mark.parametrize("width", [1, 7, TILE, 3 * TILE])
def test_pieces_of_columns_may_have_any_width(width):
    gradients = torch.randn(5, 2 * TILE + 100, dtype=torch.float64)
    expected = gradients @ matrix(2 * TILE + 100, 3).double()
    torch.testing.assert_close(project(gradients, Sketch(3, 2 * TILE + 100, 0), width), expected)


def test_the_seed_decides_and_the_type_does_not():
    gradients = torch.randn(4, 50)
    again = project(gradients.double(), Sketch(8, 50, 1), 50).float()
    torch.testing.assert_close(project(gradients, Sketch(8, 50, 1), 50), again)
    assert not torch.allclose(again, project(gradients, Sketch(8, 50, 2), 50))


@pytest.mark.parametrize("n_components", [64, 256, 1024])
def test_inner_products_are_kept_up_to_one_over_root_dimension(n_components):
    unit = torch.nn.functional.normalize(torch.randn(60, 3000, dtype=torch.float64))
    unit[30:] = torch.nn.functional.normalize(unit[30:] + unit[:1])  # some that are not orthogonal
    short = project(unit, Sketch(n_components, 3000, 0), 3000)
    error = (short @ short.T - unit @ unit.T) * n_components**0.5
    # Var <Sa, Sb> = (|a|^2 |b|^2 + <a, b>^2) / r, between 1 / r and 2 / r.
    assert 0.8 < error.square().mean().sqrt() < 1.5
    assert error.abs().max() < 6


def test_only_as_many_tiles_are_kept_as_memory_allows(monkeypatch):
    gradients, expected = torch.randn(3, 5 * TILE), Sketch(8, 5 * TILE, 0)
    monkeypatch.setattr(_sketch, "BLOCK_BYTES", 2 * 4 * TILE * 8)
    sketch = Sketch(8, 5 * TILE, 0)
    for _ in range(2):
        found = project(gradients, sketch, 100)
        torch.testing.assert_close(found, project(gradients, expected, 100))
    assert sketch._held == [0, 1, 4]
    assert expected._held == [0, 1, 2, 3, 4, -1]


def test_a_place_is_a_view_of_its_columns():
    target = torch.zeros(2, 8)
    columns_of(target).place(1, 2, 3)[:, 1] = torch.tensor([1.0, 2.0, 3.0])
    assert target.tolist() == [[0, 0, 0, 0, 1, 2, 3, 0]] * 2
