import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skgroup.samplers import MixupPairs, UniformSampler


def batches(sampler):
    return [rows.chunk(2) for rows in sampler.epoch().split(sampler.lengths)]


@pytest.mark.parametrize(("n", "size", "lengths"), [(7, 3, [6, 8]), (6, 3, [6, 6]), (2, 9, [4])])
def test_each_batch_is_paired_with_itself(n, size, lengths):
    sampler = MixupPairs(n, size, seed=0)
    assert sampler.lengths == lengths
    for _ in range(3):
        epoch = batches(sampler)
        assert all(sorted(a.tolist()) == sorted(b.tolist()) for a, b in epoch)
        assert sorted(torch.cat([a for a, _ in epoch]).tolist()) == list(range(n))


@pytest.mark.parametrize("weight", [None, torch.linspace(1, 3, 11)])
def test_anchors_are_in_the_order_of_the_uniform_sampler(weight):
    ours, plain = MixupPairs(11, 4, seed=5, sample_weight=weight), UniformSampler(11, 4, seed=5)
    for _ in range(3):
        anchors = torch.cat([a for a, _ in batches(ours)])
        assert torch.equal(anchors, plain.epoch())


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=30).filter(any),
    st.booleans(),
    st.integers(1, 9),
    st.integers(0, 99),
)
def test_every_row_is_an_anchor_once_and_partners_have_weight(weights, weighted, size, seed):
    n = len(weights)
    sampler = MixupPairs(n, size, seed, torch.tensor(weights) if weighted else None)
    assert sampler.lengths == [2 * length for length in UniformSampler(n, size, seed).lengths]
    for _ in range(2):
        epoch = batches(sampler)
        assert sorted(torch.cat([a for a, _ in epoch]).tolist()) == list(range(n))
        for anchors, partners in epoch:
            if weighted:
                assert all(weights[row] > 0 for row in partners.tolist())
            else:
                assert sorted(anchors.tolist()) == sorted(partners.tolist())


def test_every_partner_is_as_likely():
    sampler = MixupPairs(3, 3, seed=0)
    pairs = torch.cat([torch.stack(batches(sampler)[0], dim=1) for _ in range(3000)])
    counts = torch.bincount(3 * pairs[:, 0] + pairs[:, 1], minlength=9)
    chi2 = ((counts - 1000) ** 2 / 1000).sum()
    assert chi2 < 18.5  # .999 quantile with 4 degrees of freedom


def test_with_weights_partners_are_drawn_in_proportion():
    sampler = MixupPairs(4, 2, seed=0, sample_weight=torch.tensor([1.0, 2.0, 0.0, 5.0]))
    partners = torch.cat([b for _ in range(2000) for _, b in batches(sampler)])
    counts = torch.bincount(partners, minlength=4)
    assert counts[2] == 0
    expected = torch.tensor([1000.0, 2000.0, 5000.0])
    chi2 = ((counts[[0, 1, 3]] - expected) ** 2 / expected).sum()
    assert chi2 < 13.8  # .999 quantile with 2 degrees of freedom


@pytest.mark.parametrize("weight", [None, torch.linspace(1, 3, 20)])
def test_seed_and_state(weight):
    first, again, other = (MixupPairs(20, 4, seed, weight) for seed in (1, 1, 2))
    before = torch.get_rng_state()
    epoch = first.epoch()
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(again.epoch(), epoch)
    assert not torch.equal(other.epoch(), epoch)
    state = first.state_dict()
    expected = [first.epoch() for _ in range(3)]
    other.load_state_dict(state)
    assert all(torch.equal(other.epoch(), order) for order in expected)
