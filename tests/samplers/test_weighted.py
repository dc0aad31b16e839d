import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skgroup.samplers import WeightedSampler
from skgroup.samplers._uniform import batch_lengths

WEIGHTS = torch.tensor([1.0, 0.0, 3.0, 0.5, 5.5])


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20), st.integers(1, 9), st.integers(0, 99))
def test_an_epoch_draws_as_many_rows_as_there_are_none_without_weight(weights, batch, seed):
    weights = torch.tensor([*weights, 1.0], dtype=torch.float64)
    sampler = WeightedSampler(weights, batch, seed)
    epoch = sampler.epoch()
    assert epoch.dtype == torch.int64
    assert len(epoch) == len(weights)
    assert (weights[epoch] > 0).all()
    assert sampler.lengths == batch_lengths(len(weights), batch)


def test_rows_are_drawn_in_proportion_to_their_weights():
    sampler = WeightedSampler(WEIGHTS, 5, seed=0)
    counts = torch.cat([sampler.epoch() for _ in range(4000)]).bincount(minlength=5)
    expected = 20_000 * WEIGHTS / WEIGHTS.sum()
    used = WEIGHTS > 0
    chi2 = ((counts - expected) ** 2 / expected)[used].sum()
    assert chi2 < 16.3  # .999 quantile with 3 degrees of freedom
    assert counts[1] == 0


def test_draws_are_independent():
    # Of two rows of the same weight, half of the pairs of draws hold one row twice.
    sampler = WeightedSampler(torch.ones(2), 2, seed=0)
    same = sum(len(set(sampler.epoch().tolist())) == 1 for _ in range(4000))
    assert abs(same - 2000) < 4 * 1000**0.5  # 4 standard deviations


def test_rows_beyond_the_limit_of_torch_multinomial():
    n = 2**24 + 5
    weights = torch.zeros(n)
    weights[[3, n - 1]] = torch.tensor([1.0, 3.0])
    counts = WeightedSampler(weights, 10**6, seed=0).epoch().bincount(minlength=n)
    assert counts[[3, n - 1]].sum() == n
    assert counts[n - 1] / n == pytest.approx(0.75, abs=1e-3)


def test_the_last_draw_stays_inside():
    class Largest:
        def rand(self, n, **kwargs):
            return torch.full((n,), 1 - 2**-53, dtype=torch.float64)

    weights = torch.tensor([0.1, 0.2, 0.3, 0.0], dtype=torch.float64)
    sampler = WeightedSampler(weights, 4, seed=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "rand", Largest().rand)
        assert sampler.epoch().tolist() == [2, 2, 2, 2]


def test_only_ratios_of_weights_matter():
    one, other = WeightedSampler(WEIGHTS, 5, seed=3), WeightedSampler(1024 * WEIGHTS, 5, seed=3)
    assert all(torch.equal(one.epoch(), other.epoch()) for _ in range(5))


@pytest.mark.parametrize(
    "weights", [[0.0, 0.0], [1.0, -0.5], [1.0, float("nan")], [float("inf"), 1.0]]
)
def test_weights_that_are_none(weights):
    with pytest.raises(ValueError, match="finite and at least 0 with a positive sum, got values"):
        WeightedSampler(torch.tensor(weights), 2, seed=0)


def test_the_seed_decides_the_draws_and_the_global_generator_is_left_alone():
    before, weights = torch.get_rng_state(), WEIGHTS.clone()
    first, again, other = (WeightedSampler(WEIGHTS, 4, seed) for seed in (1, 1, 2))
    drawn = torch.cat([first.epoch() for _ in range(4)])
    assert torch.equal(drawn, torch.cat([again.epoch() for _ in range(4)]))
    assert not torch.equal(drawn, torch.cat([other.epoch() for _ in range(4)]))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(WEIGHTS, weights)


def test_a_saved_state_goes_on_as_if_nothing_had_happened():
    sampler = WeightedSampler(WEIGHTS, 4, seed=1)
    sampler.epoch()
    state = sampler.state_dict()
    expected = [sampler.epoch() for _ in range(3)]
    other = WeightedSampler(WEIGHTS, 4, seed=9)
    other.load_state_dict(state)
    assert all(torch.equal(other.epoch(), order) for order in expected)
