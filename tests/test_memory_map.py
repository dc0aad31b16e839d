import mmap

import numpy as np
import pytest
import torch

from skgroup._data import as_rows
from skgroup._memory_map import mapping_of, reading


@pytest.fixture
def mapped(tmp_path):
    values = np.arange(4000, dtype=np.float32).reshape(1000, 4)
    np.save(tmp_path / "X.npy", values)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


class Mapping:
    def __init__(self):
        self.advice = []

    def madvise(self, option):
        self.advice.append(option)


def test_the_mapping_under_views(mapped):
    mapping = mapping_of(mapped)
    assert isinstance(mapping, mmap.mmap)
    assert mapping_of(mapped[10:, :2]) is mapping
    assert mapping_of(mapped.copy()) is None
    assert mapping_of(mapped + 0) is None
    assert mapping_of(None) is None


@pytest.mark.parametrize("index", [[5, 3], [0, 1, 60], [7, 7, 6]])
def test_rows_here_and_there_are_read_alone(index):
    mapping = Mapping()
    with reading(mapping, torch.tensor(index)):
        assert mapping.advice == [mmap.MADV_RANDOM]
    assert mapping.advice == [mmap.MADV_RANDOM, mmap.MADV_NORMAL]


@pytest.mark.parametrize(
    "index", [slice(None), torch.tensor([2, 3, 4]), torch.tensor([0, 1, 48]), torch.tensor([9])]
)
def test_rows_side_by_side_are_read_ahead(index):
    mapping = Mapping()
    with reading(mapping, index):
        pass
    assert mapping.advice == []


def test_the_advice_is_taken_back_after_an_error():
    mapping = Mapping()
    with pytest.raises(IndexError), reading(mapping, torch.tensor([5, 3])):
        raise IndexError
    assert mapping.advice == [mmap.MADV_RANDOM, mmap.MADV_NORMAL]


def test_systems_without_advice_and_arrays_in_memory(monkeypatch):
    with reading(None, torch.tensor([5, 3])):
        pass
    monkeypatch.delattr(mmap, "MADV_RANDOM")
    mapping = Mapping()
    with reading(mapping, torch.tensor([5, 3])):
        pass
    assert mapping.advice == []


def test_rows_are_the_same_whatever_the_advice(mapped):
    rows = as_rows(mapped)
    index = torch.tensor([999, 0, 500])
    assert rows.take(index).tolist() == mapped[[999, 0, 500]].tolist()
    assert rows.take(slice(3, 5)).tolist() == mapped[3:5].tolist()
