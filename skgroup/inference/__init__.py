"""Inference of groups from training data without annotations."""

from skgroup.inference._gradient import GradientGroupInferrer

__all__ = ["GradientGroupInferrer"]
