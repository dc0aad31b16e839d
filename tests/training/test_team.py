"""What a team does by itself; two real ones meet in test_data_parallel.py."""

from collections import namedtuple

import pytest
import torch
import torch.distributed as dist
from torch import nn

from skgroup._data import TEAM
from skgroup.training._team import ALONE, Team, _buckets, current_team


@pytest.fixture
def team():
    """Of one process."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield Team()
    dist.destroy_process_group()


def seen_from(rank, size):
    team = object.__new__(Team)
    team.rank, team.size, team.group, team.first = rank, size, None, 0
    return team


@pytest.mark.parametrize(
    ("n_rows", "size", "sizes"),
    [(12, 3, [4, 4, 4]), (13, 3, [4, 4, 5]), (6, 3, [2, 2, 2]), (5, 3, [5, 0, 0]), (1, 2, [1, 0])],
)
def test_shares_are_contiguous_and_hold_two_rows_or_none(n_rows, size, sizes):
    shares = seen_from(0, size).shares(n_rows)
    assert [len(share) for share in shares] == sizes
    assert [row for share in shares for row in share] == list(range(n_rows))


def test_a_process_without_a_share_runs_the_whole_batch():
    assert seen_from(1, 2).span(3) == range(3)
    assert seen_from(1, 2).span(4) == range(2, 4)


def test_rows_of_several_batches():
    index, sizes = torch.tensor([9, 8, 7, 6, 5, 4, 3]), [4, 3]
    rows, own = seen_from(1, 2).own_rows(index, sizes)
    assert (rows.tolist(), own) == ([7, 6, 5, 4, 3], [2, 3])
    rows, own = seen_from(0, 2).own_rows(index, sizes)
    assert (rows.tolist(), own) == ([9, 8, 5, 4, 3], [2, 3])


Output = namedtuple("Output", ["logits", "extra"])


def test_outputs_are_gathered_field_by_field(team):
    logits = torch.ones(3, 2, requires_grad=True)
    found = team.gather(Output(logits, None), 3)
    assert isinstance(found, Output)
    assert found.extra is None
    (found.logits * torch.arange(3.0)[:, None]).sum().backward()
    assert logits.grad.tolist() == [[0, 0], [1, 1], [2, 2]]


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (torch.ones(2, 2), r"got Tensor of shape \(2, 2\) for 3 rows"),
        (Output(torch.ones(3, 2), (torch.ones(3),)), "got tuple for 3 rows"),
        ([torch.ones(3, 2)], "got list for 3 rows"),
    ],
)
def test_outputs_without_a_row_for_each_row_are_an_error(team, output, text):
    with pytest.raises(TypeError, match=text):
        team.gather(output, 3)


def test_weights_without_a_gradient_stay_without(team):
    net = nn.Linear(2, 1)
    idle = nn.Parameter(torch.ones(1))
    net(torch.tensor([[3.0, 4.0]])).backward()
    team.sum_gradients([idle, *net.parameters()])
    assert idle.grad is None
    assert net.weight.grad.tolist() == [[3.0, 4.0]]
    assert net.bias.grad.tolist() == [1.0]


def test_buckets_hold_one_type_and_end_where_they_are_full(monkeypatch):
    monkeypatch.setattr("skgroup.training._team.BUCKET_BYTES", 12)
    kinds = [(2, torch.float32), (1, torch.float32), (1, torch.float32), (1, torch.float64)]
    parameters = [nn.Parameter(torch.zeros(n, dtype=kind)) for n, kind in kinds]
    place = {id(p): i for i, p in enumerate(parameters)}
    found = [[place[id(p)] for p in bucket] for bucket in _buckets(parameters)]
    assert found == [[0, 1], [2], [3]]
    assert list(_buckets([])) == []


def test_odd_strides_survive(team):
    net = nn.Conv2d(2, 3, 2).to(memory_format=torch.channels_last)
    before = net.weight.detach().clone()
    team.share_state(net)
    assert torch.equal(net.weight, before)
    assert net.weight.is_contiguous(memory_format=torch.channels_last)


def test_alone_by_default(team):
    assert current_team() is ALONE
    token = TEAM.set(team)
    assert current_team() is team
    TEAM.reset(token)
    assert current_team() is ALONE


def test_a_process_outside_the_group_is_an_error(team, monkeypatch):
    monkeypatch.setattr(dist, "get_rank", lambda group: -1)
    with pytest.raises(ValueError, match="not in `group`"):
        Team("other")
