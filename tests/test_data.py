"""Whatever holds the rows, the batches are those of the dense array."""

import weakref
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from torch import nn
from torch.utils.data import Dataset, TensorDataset

from skgroup import GroupedArray
from skgroup._data import (
    ArrayRows,
    SubsetRows,
    TensorRows,
    as_rows,
    blocks,
    call_module,
    each_block,
    forward,
    out_of_memory,
    rows_per_block,
)

N = 7
DENSE = np.random.default_rng(0).normal(size=(N, 3)) * (np.arange(N) % 3 > 0)[:, None]
FLOAT32 = torch.tensor(DENSE, dtype=torch.float32)


class Inputs(Dataset):
    """A map-style data set whose items are made by a function of the row number."""

    def __init__(self, item, n=N):
        self.item, self.n = item, n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        assert type(i) is int, "items are asked for by plain integers"
        return self.item(i)


def memory_map(folder, values=DENSE, mode="r"):
    np.save(folder / "X.npy", values)
    return np.load(folder / "X.npy", mmap_mode=mode)


KINDS = {
    "float64": lambda folder: DENSE,
    "float32": lambda folder: DENSE.astype(np.float32),
    "Fortran": lambda folder: np.asfortranarray(DENSE),
    "reversed": lambda folder: np.ascontiguousarray(DENSE[::-1, ::-1])[::-1, ::-1],
    "strided": lambda folder: np.repeat(DENSE, 2, axis=0)[::2],
    "big-endian": lambda folder: DENSE.astype(">f8"),
    "grouped": lambda folder: GroupedArray(DENSE, range(N)),
    "list": lambda folder: DENSE.tolist(),
    "CSR": lambda folder: sparse.csr_matrix(DENSE),
    "CSR array": lambda folder: sparse.csr_array(DENSE.astype(np.float32)),
    "CSC": lambda folder: sparse.csc_array(DENSE),
    "DOK": lambda folder: sparse.dok_array(DENSE),  # is a mapping, too
    "memmap": memory_map,
    "memmap r+": lambda folder: memory_map(folder, mode="r+"),
    "memmap view": lambda folder: np.asarray(memory_map(folder, DENSE[::-1]))[::-1],
    "memmap big-endian": lambda folder: memory_map(folder, DENSE.astype(">f8")),
    "tensor": lambda folder: torch.tensor(DENSE),
    "tensor with grad": lambda folder: FLOAT32.clone().requires_grad_(),
    "rows": lambda folder: as_rows(DENSE),
    "subset": lambda folder: SubsetRows(as_rows(DENSE[::-1]), torch.arange(N - 1, -1, -1)),
    "Dataset": lambda folder: Inputs(lambda i: torch.tensor(DENSE[i])),
    "Dataset of arrays": lambda folder: Inputs(lambda i: DENSE[i]),
    "Dataset of pairs": lambda folder: Inputs(lambda i: (DENSE[i], i)),
    "Dataset of lists": lambda folder: Inputs(lambda i: [DENSE[i], i]),
    "TensorDataset": lambda folder: TensorDataset(torch.tensor(DENSE), torch.arange(N)),
}
INDICES = [
    slice(0, 2),
    slice(3, None),
    slice(N - 1, N + 5),
    slice(None),
    torch.tensor([3]),
    torch.tensor([5, 0, 5, 1]),
    torch.arange(N).flip(0),
]


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def rows(request, tmp_path):
    return as_rows(request.param(tmp_path))


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_batches_equal_the_dense_ones(rows, index):
    batch = rows.take(index)
    assert batch.dtype == torch.float32
    assert not batch.requires_grad
    assert torch.equal(batch, FLOAT32[index])


def test_length(rows):
    assert len(rows) == N


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_a_subset_is_indexed_by_position(rows, index):
    picked = torch.tensor([6, 2, 2, 0, 3, 1, 5])
    subset = as_rows(SubsetRows(rows, picked))
    assert len(subset) == 7
    assert torch.equal(subset.take(index), FLOAT32[picked][index])
    assert len(SubsetRows(rows, picked[:2])) == 2


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"rows", "subset"}))
def test_double_precision(kind, tmp_path):
    batch = as_rows(KINDS[kind](tmp_path), dtype=torch.float64).take(slice(None))
    assert batch.dtype == torch.float64
    exact = DENSE.astype(np.float32) if "32" in kind or kind in EXACT_32 else DENSE
    np.testing.assert_array_equal(batch, exact)


EXACT_32 = {"CSR array", "tensor with grad"}


@pytest.mark.parametrize("size", [*range(1, N + 3), None])
def test_blocks_cover_all_rows_once_in_order(rows, size):
    pieces = list(blocks(rows, size))
    assert torch.equal(torch.cat([batch for _, batch in pieces]), FLOAT32)
    positions = [i for place, _ in pieces for i in range(N)[place]]
    assert positions == list(range(N))
    assert {len(batch) for _, batch in pieces[:-1]} <= {size}
    assert 0 < len(pieces[-1][1]) <= (size or N)


@given(st.integers(0, 30), st.integers(1, 35))
def test_number_of_blocks(n, size):
    pieces = list(blocks(as_rows(np.ones((n, 1))), size))
    assert len(pieces) == -(-n // size)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.bool], ids=str)
def test_integer_tensors_keep_their_type(dtype):
    tokens = torch.tensor([[1, 0], [1, 1]]).to(dtype)
    for X in (tokens, Inputs(lambda i: tokens[i], 2), Inputs(lambda i: (tokens[i], 1), 2)):
        assert as_rows(X).take(slice(None)).dtype == dtype
        assert torch.equal(
            as_rows(X, dtype=torch.float64).take(torch.tensor([1, 0])), tokens.flip(0)
        )


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float16, bool])
def test_arrays_of_numbers_become_floats(dtype):
    X = np.array([[1, 0], [1, 1]], dtype=dtype)
    sparse_kinds = [] if dtype == np.float16 else [sparse.csr_array(X)]  # SciPy has no float16
    for kind in (X, X.tolist(), *sparse_kinds):
        assert torch.equal(as_rows(kind).take(slice(None)), torch.tensor([[1.0, 0], [1, 1]]))


def test_more_dimensions():
    X = np.arange(24.0).reshape(4, 3, 2)
    for kind in (X, X[::-1].copy()[::-1], torch.tensor(X), Inputs(lambda i: X[i], 4)):
        np.testing.assert_array_equal(as_rows(kind).take(torch.tensor([2, 0])), X[[2, 0]])


def test_dict_of_anything(tmp_path):
    tokens = torch.tensor([[1, 2]] * N)
    X = {name: kind(tmp_path) for name, kind in KINDS.items() if not name.startswith("memmap ")}
    rows = as_rows(X | {"tokens": tokens})
    assert len(rows) == N
    batch = rows.take(torch.tensor([4, 1]))
    assert torch.equal(batch.pop("tokens"), tokens[:2])
    assert batch.keys() == X.keys()
    assert all(torch.equal(values, FLOAT32[[4, 1]]) for values in batch.values())
    covered = [batch["CSR"] for _, batch in blocks(rows, 3)]
    assert torch.equal(torch.cat(covered), FLOAT32)


def test_dataset_of_dicts():
    rows = as_rows(Inputs(lambda i: ({"a": DENSE[i], "b": torch.tensor(i)}, 1)))
    batch = rows.take(slice(2, 4))
    assert torch.equal(batch["a"], FLOAT32[2:4])
    assert batch["b"].tolist() == [2, 3]


def test_dict_of_unequal_lengths():
    message = r"X is a dict whose entries differ in length: \{'a': 3, 'b': 2\}. Give every input"
    with pytest.raises(ValueError, match=message):
        as_rows({"a": np.ones((3, 1)), "b": sparse.csr_array(np.ones((2, 1)))})


def is_left_where_it_is(X):
    return isinstance(as_rows(X), ArrayRows)


def test_memory_mapped_arrays_stay_on_disk(tmp_path):
    mapped = memory_map(tmp_path)
    views = [mapped, mapped[1:], mapped.T, np.asarray(mapped)[::2], mapped.reshape(3, N)]
    views += [GroupedArray(mapped, range(N)), np.asarray(GroupedArray(mapped, range(N))[2:])]
    assert all(map(is_left_where_it_is, views))
    assert is_left_where_it_is(sparse.csr_array(DENSE))


def test_copies_of_memory_mapped_arrays_are_in_memory(tmp_path):
    mapped = memory_map(tmp_path)
    copies = [mapped.copy(), mapped[[0, 1]], mapped + 1, np.array(mapped), mapped.astype(float)]
    for copy in copies:  # some of them are of type np.memmap nevertheless
        assert isinstance(as_rows(copy), TensorRows)


def test_a_batch_of_a_memory_map_is_a_copy(tmp_path):
    mapped = memory_map(tmp_path, DENSE.astype(np.float32), mode="r+")
    as_rows(mapped).take(slice(None)).zero_()
    np.testing.assert_array_equal(mapped, DENSE.astype(np.float32))


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("index", [slice(0, 4), torch.tensor([1, 2])], ids=str)
def test_modules_that_work_in_place_do_not_reach_the_callers_array(read_only, index):
    X = DENSE.astype(np.float32)
    X.flags.writeable = not read_only
    tensor = FLOAT32.clone()
    in_place = nn.ReLU(inplace=True)
    for rows in (as_rows(X), as_rows(tensor), as_rows({"input": X})):
        output = call_module(in_place, rows.take(index))
        assert torch.equal(output, FLOAT32[index].relu())
    np.testing.assert_array_equal(X, DENSE.astype(np.float32))
    assert torch.equal(tensor, FLOAT32)
    assert X.flags.writeable is not read_only


def test_arrays_of_the_model_type_are_not_copied():
    X = DENSE.astype(np.float32)
    assert as_rows(X).values.data_ptr() == X.ctypes.data
    assert as_rows(FLOAT32).values.data_ptr() == FLOAT32.data_ptr()


def test_modules_get_dicts_as_keywords():
    class Sum(nn.Module):
        def forward(self, a, b):
            return a - b

    batch = as_rows({"b": DENSE, "a": 3 * DENSE}).take(slice(0, 2))
    torch.testing.assert_close(call_module(Sum(), batch), 2 * FLOAT32[:2])
    assert torch.equal(call_module(nn.Identity(), FLOAT32), FLOAT32)


def test_rows_per_block():
    rows = as_rows(np.ones((5, 10)))  # 40 bytes a row
    assert rows_per_block(rows, budget=120) == 3
    assert rows_per_block(rows, budget=119) == 2
    assert rows_per_block(rows, budget=1) == 1
    both = as_rows({"a": np.ones((5, 10)), "b": torch.ones(5, 10, dtype=torch.int64)})
    assert rows_per_block(both, budget=240) == 2  # 40 + 80 bytes
    assert rows_per_block(as_rows(np.ones((5, 0))), budget=9) == 9
    assert rows_per_block(as_rows(np.ones((0, 2)))) == 1


def test_blocks_are_bounded_in_bytes_and_rows():
    wide = as_rows(torch.zeros(1, 1).expand(3, 2**24 // 2))  # 32 MB a row, held once
    assert [len(batch) for _, batch in blocks(wide)] == [2, 1]
    long = as_rows(torch.zeros(10_000, 1))
    assert [len(batch) for _, batch in blocks(long)] == [8192, 1808]


def test_forward_joins_all_blocks_without_gradients():
    values, layer = torch.randn(10_000, 3), nn.Linear(3, 2)
    outputs = forward(layer, as_rows(values))
    assert not outputs.requires_grad
    torch.testing.assert_close(outputs, layer(values).detach())


CPU = "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory"
SHORT = [MemoryError(), torch.OutOfMemoryError("CUDA out of memory."), RuntimeError(CPU)]


def short_of_memory(most, error=None):
    """Work that has memory for so many rows, and what it was called with."""
    error, seen = error or MemoryError("no room"), []

    def work(where, batch):
        assert len(batch) == where.stop - where.start
        seen.append((where.start, where.stop))
        if len(batch) > most:
            raise error

    return work, seen


@pytest.mark.parametrize("error", SHORT)
def test_blocks_are_halved_where_memory_runs_out(error):
    work, seen = short_of_memory(3, error)
    each_block(work, as_rows(DENSE), size=6)
    assert seen == [(0, 6), (0, 3), (3, 6), (6, 7)]
    work, seen = short_of_memory(2, error)
    each_block(work, as_rows(DENSE), within=range(1, 7))
    assert seen == [(1, 7), (1, 4), (1, 3), (3, 5), (5, 7)]


def test_a_single_row_without_memory_is_an_error():
    work, seen = short_of_memory(0)
    with pytest.raises(MemoryError, match=r"single row\. Buy some\. \(no room\)"):
        each_block(work, as_rows(DENSE), size=2, advice="Buy some.")
    assert seen == [(0, 2), (0, 1)]


def test_rows_that_cannot_be_held_are_taken_in_smaller_blocks(monkeypatch):
    rows, taken = as_rows(DENSE), []

    def take(index):
        taken.append(index.stop - index.start)
        if taken[-1] > 4:
            raise MemoryError
        return rows.values[index]

    monkeypatch.setattr(rows, "take", take)
    each_block(lambda where, batch: None, rows, size=7)
    assert taken == [7, 4, 3]


def test_what_ran_out_of_memory_is_free_before_the_next_attempt():
    held = []

    def work(where, batch):
        assert [ref() for ref in held] == [None] * len(held)
        large = torch.ones(3)
        held.append(weakref.ref(large))
        if len(batch) > 2:
            raise MemoryError

    each_block(work, as_rows(DENSE), size=7)
    assert len(held) == 6


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), ValueError("out of memory")])
def test_other_errors_are_raised_at_once(error):
    work, seen = short_of_memory(3, error)
    with pytest.raises(type(error), match=str(error)):
        each_block(work, as_rows(DENSE), size=6)
    assert len(seen) == 1
    assert not out_of_memory(error)


def test_forward_needs_no_more_memory_than_there_is():
    class Little(nn.Linear):
        def forward(self, x):
            if len(x) > 3:
                raise RuntimeError(CPU)
            return super().forward(x)

    net = Little(3, 2)
    whole = nn.functional.linear(FLOAT32, net.weight, net.bias)
    torch.testing.assert_close(forward(net, as_rows(DENSE)), whole.detach())


def test_an_index_is_moved_to_the_device_of_the_rows():
    rows, index = as_rows(torch.empty(3, 2, device="meta"), device="meta"), mock.Mock()
    index.to.return_value = torch.tensor([2, 0], device="meta")
    assert rows.take(index).shape == (2, 2)
    index.to.assert_called_once_with(torch.device("meta"))
