"""Gradients of the loss, one for every sample."""

from skgroup.gradients._per_sample import per_sample_gradients

__all__ = ["per_sample_gradients"]
