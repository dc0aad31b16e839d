import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skgroup.samplers._equal_rows import repeated_rows, subsampled_rows


def groups_of(sizes):
    """Group codes of the given sizes, in scattered order."""
    groups = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    return groups[torch.randperm(len(groups), generator=torch.Generator().manual_seed(9))]


SIZES = st.lists(st.integers(1, 15), min_size=1, max_size=5)


@given(SIZES, st.integers(0, 99))
def test_subsampling_keeps_as_many_of_each_group_as_the_smallest_has(sizes, seed):
    groups = groups_of(sizes)
    kept = subsampled_rows(groups, seed)
    assert groups[kept].bincount().tolist() == [min(sizes)] * len(sizes)
    assert (kept.diff() > 0).all()  # none twice


@given(SIZES, st.integers(0, 99))
def test_repeating_makes_groups_equally_large_with_copies_as_even_as_they_can_be(sizes, seed):
    groups = groups_of(sizes)
    rows, each = repeated_rows(groups, seed), sum(sizes) // len(sizes)
    assert groups[rows].bincount().tolist() == [each] * len(sizes)
    assert (rows.diff() >= 0).all()
    counts = rows.bincount(minlength=len(groups))
    for g, size in enumerate(sizes):
        copies = counts[groups == g]
        assert set(copies.tolist()) <= {each // size, -(-each // size)}


@pytest.mark.parametrize("choose", [subsampled_rows, repeated_rows])
class TestBoth:
    def test_equal_groups_are_left_as_they_are(self, choose):
        for sizes in ([7], [5, 5, 5]):
            groups = groups_of(sizes)
            assert torch.equal(choose(groups, 0), torch.arange(len(groups)))

    def test_which_rows_is_a_matter_of_chance(self, choose):
        groups = groups_of([20, 4])
        counts = torch.stack([choose(groups, seed).bincount(minlength=24) for seed in range(500)])
        share = counts.double().mean(dim=0)[groups == 0]
        expected = (4 if choose is subsampled_rows else 12) / 20
        assert (share - expected).abs().max() < 4 * (expected * (1 - expected) / 500) ** 0.5

    def test_the_seed_decides_and_names_of_groups_do_not(self, choose):
        groups, before = groups_of([20, 4, 9]), torch.get_rng_state()
        assert torch.equal(choose(groups, 1), choose(groups, 1))
        assert not torch.equal(choose(groups, 1), choose(groups, 2))
        assert torch.equal(choose(groups, 1), choose(torch.tensor([2, 0, 1])[groups], 1))
        assert torch.equal(torch.get_rng_state(), before)
