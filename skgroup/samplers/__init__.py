"""Samplers: which training rows an epoch visits, in which order and in which batches."""

from skgroup.samplers._balanced import BalancedSampler
from skgroup.samplers._uniform import UniformSampler

__all__ = ["BalancedSampler", "UniformSampler"]
