import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from skgroup.samplers import RepeatedSampler, UniformSampler
from skgroup.samplers._uniform import batch_lengths

COUNTS = torch.tensor([2, 0, 1, 5, 1])


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(1, 9))
def test_every_row_comes_as_often_as_its_count_says(counts, batch_size):
    sampler = RepeatedSampler(torch.tensor(counts), batch_size, seed=0)
    for _ in range(2):
        epoch = sampler.epoch()
        assert epoch.dtype == torch.int64
        assert epoch.bincount(minlength=len(counts)).tolist() == counts
    assert sampler.lengths == batch_lengths(sum(counts), batch_size)


@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 99))
def test_counts_of_one_are_the_order_of_the_uniform_sampler(n, batch_size, seed):
    repeated = RepeatedSampler(torch.ones(n, dtype=torch.int64), batch_size, seed)
    uniform = UniformSampler(n, batch_size, seed)
    assert repeated.lengths == uniform.lengths
    for _ in range(3):
        assert torch.equal(repeated.epoch(), uniform.epoch())


@pytest.mark.parametrize("upweight", [1, 7])
def test_the_mean_over_the_list_is_the_weighted_mean(upweight):
    """(sum outside E + u sum in E) / (n - |E| + u |E|), in value and gradient."""
    errors = torch.tensor([False, True, False, False, True])
    logits = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    losses = cross_entropy(logits, torch.tensor([0, 1, 2, 1, 0]), reduction="none")
    rows = RepeatedSampler(1 + (upweight - 1) * errors.long(), 4, seed=0).epoch()
    ours = losses[rows].mean()
    expected = (losses[~errors].sum() + upweight * losses[errors].sum()) / (3 + 2 * upweight)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-12)
    found = [torch.autograd.grad(loss, logits, retain_graph=True)[0] for loss in (ours, expected)]
    torch.testing.assert_close(*found, rtol=0, atol=1e-12)


def test_the_seed_decides_the_order():
    first, again, other = (RepeatedSampler(COUNTS, 4, seed) for seed in (1, 1, 2))
    drawn = [first.epoch() for _ in range(3)]
    assert all(torch.equal(again.epoch(), order) for order in drawn)
    assert not torch.equal(drawn[0], drawn[1])
    assert not torch.equal(other.epoch(), drawn[0])


def test_the_global_generator_is_left_alone():
    before, counts = torch.get_rng_state(), COUNTS.clone()
    RepeatedSampler(COUNTS, 4, seed=1).epoch()
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(COUNTS, counts)


def test_a_saved_state_goes_on_as_if_nothing_had_happened():
    sampler = RepeatedSampler(COUNTS, 4, seed=1)
    sampler.epoch()
    state = sampler.state_dict()
    expected = [sampler.epoch() for _ in range(3)]
    other = RepeatedSampler(COUNTS, 4, seed=9)
    other.load_state_dict(state)
    assert all(torch.equal(other.epoch(), order) for order in expected)
