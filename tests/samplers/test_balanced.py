import io

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skgroup.samplers import BalancedSampler, UniformSampler
from skgroup.samplers._uniform import batch_lengths


def groups_of(sizes):
    """Group codes of the given sizes, in scattered order."""
    groups = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    return groups[torch.randperm(len(groups), generator=torch.Generator().manual_seed(9))]


SIZES = st.lists(st.integers(1, 15), min_size=1, max_size=5)


@given(SIZES, st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_an_epoch_draws_as_many_rows_as_there_are_the_same_from_each_group(sizes, batch, seed):
    groups = groups_of(sizes)
    sampler = BalancedSampler(groups, batch, seed)
    for _ in range(2):
        epoch = sampler.epoch()
        assert epoch.dtype == torch.int64
        assert sampler.lengths == batch_lengths(len(groups), batch)
        counts = groups[epoch].bincount(minlength=len(sizes))
        assert counts.sum() == len(groups)
        assert (counts - len(groups) / len(sizes)).abs().max() < 1


@given(SIZES, st.integers(1, 12), st.integers(0, 99))
def test_every_batch_is_balanced(sizes, batch, seed):
    n_groups, groups = len(sizes), groups_of(sizes)
    sampler = BalancedSampler(groups, batch, seed)
    for rows in sampler.epoch().split(sampler.lengths):
        counts = groups[rows].bincount(minlength=n_groups)
        # A batch that cuts a round of the groups at both ends can miss by nearly one at each.
        assert (counts - len(rows) / n_groups).abs().max() < (1 if len(rows) <= 1 else 2)
        if batch % n_groups == 0 and len(rows) == batch:
            assert counts.tolist() == [batch // n_groups] * n_groups


@given(SIZES, st.integers(0, 99))
def test_no_row_repeats_before_its_group_is_exhausted_across_epochs(sizes, seed):
    groups = groups_of(sizes)
    sampler = BalancedSampler(groups, 4, seed)
    drawn = torch.cat([sampler.epoch() for _ in range(5)])
    for g, size in enumerate(sizes):
        members = torch.nonzero(groups == g).flatten().tolist()
        for turn in drawn[groups[drawn] == g].split(size):
            if len(turn) == size:
                assert sorted(turn.tolist()) == members
            else:
                assert len(set(turn.tolist())) == len(turn)


@given(st.data(), SIZES, st.integers(1, 12), st.integers(0, 99))
def test_names_of_groups_do_not_matter(data, sizes, batch, seed):
    groups = groups_of(sizes)
    names = torch.tensor(data.draw(st.permutations(range(len(sizes)))))
    one, other = BalancedSampler(groups, batch, seed), BalancedSampler(names[groups], batch, seed)
    assert all(torch.equal(one.epoch(), other.epoch()) for _ in range(2))


def test_the_queue_is_shuffled_anew():
    groups = groups_of([8, 8])
    sampler = BalancedSampler(groups, 4, seed=0)
    drawn = torch.cat([sampler.epoch() for _ in range(4)])
    turns = [tuple(turn.tolist()) for turn in drawn[groups[drawn] == 1].split(8)]
    assert len(turns) == len(set(turns)) == 4


def test_one_group_is_the_order_of_the_uniform_sampler():
    balanced = BalancedSampler(torch.zeros(23, dtype=torch.int64), 5, seed=4)
    uniform = UniformSampler(23, 5, seed=4)
    assert balanced.lengths == uniform.lengths
    for _ in range(4):
        assert torch.equal(balanced.epoch(), uniform.epoch())


def test_groups_of_one_row():
    sampler = BalancedSampler(torch.tensor([1, 0, 1, 1, 2, 1]), 3, seed=0)
    for _ in range(3):
        counts = sampler.epoch().bincount(minlength=6)
        assert counts[1] == counts[4] == 2
        assert counts[[0, 2, 3, 5]].sum() == 2
    assert BalancedSampler(torch.tensor([0]), 3, seed=0).epoch().tolist() == [0]
    assert sorted(BalancedSampler(torch.tensor([1, 0]), 3, seed=0).epoch().tolist()) == [0, 1]


def test_the_order_of_groups_is_random():
    sampler = BalancedSampler(torch.tensor([0, 1, 2]), 3, seed=0)
    firsts = torch.stack([sampler.epoch()[0] for _ in range(3000)]).bincount(minlength=3)
    assert (firsts - 1000).abs().max() < 4 * (3000 * 2 / 9) ** 0.5  # 4 standard deviations


def test_the_seed_decides_the_order():
    groups = groups_of([9, 4, 2])
    first, again, other = (BalancedSampler(groups, 4, seed) for seed in (1, 1, 2))
    for _ in range(3):
        order = first.epoch()
        assert torch.equal(again.epoch(), order)
        assert not torch.equal(other.epoch(), order)


def test_the_callers_groups_and_the_global_generator_are_left_alone():
    groups = groups_of([9, 4, 2])
    copied, before = groups.clone(), torch.get_rng_state()
    BalancedSampler(groups, 4, seed=1).epoch()
    assert torch.equal(groups, copied)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_saved_state_goes_on_as_if_nothing_had_happened(on_disk):
    groups = groups_of([9, 4, 2])
    sampler = BalancedSampler(groups, 4, seed=1)
    sampler.epoch()
    state = sampler.state_dict()
    if on_disk:
        torch.save(state, file := io.BytesIO())
        file.seek(0)
        state = torch.load(file, weights_only=True)
    expected = [sampler.epoch() for _ in range(3)]
    for seed in (9, 10):  # loading a state does not use it up
        other = BalancedSampler(groups, 4, seed)
        other.load_state_dict(state)
        assert all(torch.equal(other.epoch(), order) for order in expected)


@pytest.mark.parametrize(
    ("groups", "problem"),
    [([0, 2, 2], r"the smallest is 0, and \[1\] have no row"), ([0, -1, 1], "the smallest is -1")],
)
def test_numbers_without_gaps(groups, problem):
    with pytest.raises(ValueError, match=f"numbered 0 to n_groups - 1 without gaps: {problem}"):
        BalancedSampler(torch.tensor(groups), 2, seed=0)
