import copy

import torch

from skgroup.objectives._weighted_mean import WeightedMean

WEIGHT = torch.tensor([1.0, 3.0, 0.0, 4.0], dtype=torch.float64)  # mean 2
INDEX = torch.tensor([3, 0, 0])


def test_by_hand():
    values = torch.tensor([1.0, 2.0, 6.0], dtype=torch.float64)
    assert WeightedMean()(values, INDEX).item() == 3
    assert WeightedMean(WEIGHT)(values, INDEX).item() == (2 * 1 + 0.5 * 2 + 0.5 * 6) / 3


def test_matrices_are_averaged_over_rows():
    values = torch.tensor([[1.0, 8.0], [2.0, 4.0], [6.0, 0.0]], dtype=torch.float64)
    assert WeightedMean()(values, INDEX).tolist() == [3, 4]
    assert WeightedMean(WEIGHT)(values, INDEX).tolist() == [2, 6]


def test_only_ratios_matter_and_the_caller_s_weights_stay():
    values, before = torch.rand(3), WEIGHT.clone()
    mean = WeightedMean(WEIGHT)
    torch.testing.assert_close(WeightedMean(7 * WEIGHT)(values, INDEX), mean(values, INDEX))
    assert torch.equal(WEIGHT, before)
    assert mean(values, INDEX).dtype == torch.float32


def test_the_state_round_trips():
    values, mean = torch.rand(3), WeightedMean(WEIGHT)
    other = WeightedMean(torch.ones(4, dtype=torch.float64))
    other.load_state_dict(mean.state_dict())
    for again in (other, copy.deepcopy(mean)):
        assert torch.equal(again(values, INDEX), mean(values, INDEX))
