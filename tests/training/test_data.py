import math

import pytest
import torch
from torch.utils.data import TensorDataset

from skgroup._data import SubsetRows, as_rows
from skgroup.training._data import TrainingData, group_statistics, holds_dataset


def test_statistics_by_hand():
    logits = torch.tensor([[0.0, 0.0], [math.log(3), 0.0], [0.0, math.log(3)], [math.log(3), 0.0]])
    y, groups = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 0, 2, 2])
    found = group_statistics(logits, y, groups, n_groups=3)
    ln2, sure, wrong = math.log(2), math.log(4 / 3), math.log(4)
    assert found.loss == pytest.approx((ln2 + 2 * sure + wrong) / 4, abs=1e-7)
    assert found.accuracy == 0.75
    assert found.group_loss == pytest.approx(
        [(ln2 + sure) / 2, math.nan, (sure + wrong) / 2], abs=1e-7, nan_ok=True
    )
    assert found.group_accuracy == pytest.approx([1.0, math.nan, 0.5], nan_ok=True)


def test_statistics_of_many_rows_do_not_lose_digits():
    n = 200_000  # summed in single precision, the mean would be off in the fourth digit
    logits, y = torch.zeros(n, 10), torch.zeros(n, dtype=torch.int64)
    found = group_statistics(logits, y, y, 1)
    assert found.loss == pytest.approx(math.log(10), rel=1e-7)
    assert found.group_loss == pytest.approx([math.log(10)], rel=1e-7)


def test_length_is_the_number_of_rows_in_use():
    rows = SubsetRows(as_rows(torch.zeros(5, 2)), torch.tensor([0, 3]))
    data = TrainingData(rows, torch.tensor([0, 1]), torch.tensor([0, 0]), n_groups=1)
    assert len(data) == 2


def test_a_dataset_is_found_below_a_subset():
    values, index = torch.zeros(4, 2), torch.arange(2)
    dataset = as_rows(TensorDataset(values))
    assert holds_dataset(dataset)
    assert holds_dataset(SubsetRows(SubsetRows(dataset, index), index))
    assert not holds_dataset(as_rows(values))
    assert not holds_dataset(SubsetRows(as_rows(values), index))
