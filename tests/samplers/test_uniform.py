import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skgroup.samplers import UniformSampler
from skgroup.samplers._uniform import batch_lengths


@given(st.integers(0, 200), st.integers(1, 50))
def test_batches_cover_all_rows(n, batch_size):
    lengths = batch_lengths(n, batch_size)
    assert sum(lengths) == n
    assert set(lengths[:-1]) <= {batch_size}
    # A batch of one row is met only where it cannot be avoided.
    assert 1 not in lengths or n == 1 or batch_size == 1
    assert all(0 < length <= batch_size + 1 for length in lengths)


@pytest.mark.parametrize(
    ("n", "batch_size", "lengths"),
    [
        (0, 4, []),
        (1, 4, [1]),
        (3, 4, [3]),
        (4, 4, [4]),
        (5, 4, [5]),
        (6, 4, [4, 2]),
        (8, 4, [4, 4]),
        (9, 4, [4, 5]),
        (3, 1, [1, 1, 1]),
        (3, 2, [3]),
        (7, 2, [2, 2, 3]),
    ],
)
def test_lengths_by_hand(n, batch_size, lengths):
    assert batch_lengths(n, batch_size) == lengths
    if n:
        assert UniformSampler(n, batch_size, seed=0).lengths == lengths


def test_every_row_once_an_epoch_in_new_order():
    sampler = UniformSampler(50, batch_size=8, seed=3)
    epochs = [sampler.epoch() for _ in range(4)]
    assert all(epoch.dtype == torch.int64 for epoch in epochs)
    assert all(sorted(epoch.tolist()) == list(range(50)) for epoch in epochs)
    assert len({tuple(epoch.tolist()) for epoch in epochs}) == 4


def test_all_orders_are_as_likely():
    sampler = UniformSampler(3, batch_size=3, seed=0)
    drawn = [tuple(sampler.epoch().tolist()) for _ in range(3000)]
    counts = [drawn.count(order) for order in set(drawn)]
    assert len(counts) == 6
    chi2 = sum((count - 500) ** 2 / 500 for count in counts)
    assert chi2 < 20.5  # .999 quantile with 5 degrees of freedom


def test_the_seed_decides_the_order():
    first, again, other = (UniformSampler(20, 4, seed) for seed in (1, 1, 2))
    for _ in range(3):
        order = first.epoch()
        assert torch.equal(again.epoch(), order)
        assert not torch.equal(other.epoch(), order)


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    UniformSampler(20, 4, seed=1).epoch()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_saved_state_goes_on_as_if_nothing_had_happened():
    sampler = UniformSampler(20, 4, seed=1)
    sampler.epoch()
    state = sampler.state_dict()
    expected = [sampler.epoch() for _ in range(3)]
    other = UniformSampler(20, 4, seed=9)
    other.load_state_dict(state)
    assert all(torch.equal(other.epoch(), order) for order in expected)
