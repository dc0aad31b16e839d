"""Rows chosen once, so that all groups are equally large."""

import torch
from torch import Tensor

from skgroup.samplers._balanced import BalancedSampler, members_by_appearance

__all__ = ["repeated_rows", "subsampled_rows"]


def subsampled_rows(groups: Tensor, seed: int) -> Tensor:
    """As many random rows of each group as the smallest has, in ascending order.

    Parameters
    ----------
    groups : Tensor of shape (n_samples,), int64
        Codes of groups without gaps.
    seed : int
        Seed of a private generator.
    """
    members = members_by_appearance(groups, int(groups.max()) + 1)
    smallest = min(map(len, members))
    generator = torch.Generator().manual_seed(seed)
    parts = [rows[torch.randperm(len(rows), generator=generator)[:smallest]] for rows in members]
    return torch.cat(parts).sort().values


def repeated_rows(groups: Tensor, seed: int) -> Tensor:
    """Equally many rows of each group, about as many in all as there are, in ascending order.

    Small groups are whole copies and a random part of them, large groups a random part.

    Parameters
    ----------
    groups : Tensor of shape (n_samples,), int64
        Codes of groups without gaps.
    seed : int
        Seed of a private generator.
    """
    sampler = BalancedSampler(groups, batch_size=len(groups), seed=seed)
    rows = sampler.epoch()
    # An epoch is rounds of all groups; a last round that is not complete would favour some.
    return rows[: len(rows) - len(rows) % sampler.n_groups].sort().values
