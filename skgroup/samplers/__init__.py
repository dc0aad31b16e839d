"""Samplers: which training rows an epoch visits, in which order and in which batches."""

from skgroup.samplers._balanced import BalancedSampler
from skgroup.samplers._extrapolation_pair import ExtrapolationPairSampler
from skgroup.samplers._lisa_pairs import LISAPairs
from skgroup.samplers._mixup_pairs import MixupPairs
from skgroup.samplers._repeated import RepeatedSampler
from skgroup.samplers._uniform import UniformSampler
from skgroup.samplers._weighted import WeightedSampler

__all__ = [
    "BalancedSampler",
    "ExtrapolationPairSampler",
    "LISAPairs",
    "MixupPairs",
    "RepeatedSampler",
    "UniformSampler",
    "WeightedSampler",
]
