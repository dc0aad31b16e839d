import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from skgroup._random import isolated_torch_rng


def test_same_seed_same_numbers():
    with isolated_torch_rng(3):
        first = torch.rand(4)
    with isolated_torch_rng(3):
        again = torch.rand(4)
    with isolated_torch_rng(4):
        other = torch.rand(4)
    assert torch.equal(first, torch.rand(4, generator=torch.Generator().manual_seed(3)))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_global_state_is_given_back():
    before = torch.get_rng_state()
    with isolated_torch_rng(3):
        torch.rand(4)
        assert not torch.equal(torch.get_rng_state(), before)
    assert torch.equal(torch.get_rng_state(), before)


def test_devices_that_are_not_used_are_left_alone(monkeypatch):
    def touched(*args):
        raise AssertionError("another device was seeded")

    for module in (torch.cuda, torch.mps, torch.xpu):
        for name in ("manual_seed", "manual_seed_all"):
            monkeypatch.setattr(module, name, touched, raising=False)
    with isolated_torch_rng(3):
        torch.rand(4)


def test_the_device_of_the_block_is_seeded(monkeypatch):
    seeds = []
    monkeypatch.setattr(torch.mps, "manual_seed", seeds.append)
    with isolated_torch_rng(3, "mps"):
        torch.rand(4)
    assert seeds == [3]


def test_the_global_state_is_given_back_after_an_error():
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError), isolated_torch_rng(3):
        torch.rand(4) @ torch.rand(5)
    assert torch.equal(torch.get_rng_state(), before)


def test_blocks_may_be_nested():
    with isolated_torch_rng(1):
        expected = torch.rand(2)
    before = torch.get_rng_state()
    with isolated_torch_rng(1):
        first = torch.rand(1)
        with isolated_torch_rng(2):
            torch.rand(5)
        numbers = torch.cat([first, torch.rand(1)])
    assert torch.equal(numbers, expected)
    assert torch.equal(torch.get_rng_state(), before)


def test_threads_do_not_disturb_each_other():
    ready = threading.Barrier(4)

    def draw(seed):
        ready.wait()  # all at once
        parts = []
        for _ in range(20):
            with isolated_torch_rng(seed):
                parts.append(torch.cat([torch.rand(1) for _ in range(20)]))
        return parts

    before = torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(draw, range(4)))
    for seed, parts in enumerate(drawn):
        with isolated_torch_rng(seed):
            expected = torch.rand(20)
        assert all(torch.equal(part, expected) for part in parts)
    assert torch.equal(torch.get_rng_state(), before)
