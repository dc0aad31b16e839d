"""Inference of groups from training data without annotations."""

from skgroup.inference._eiil import EIILGroupInferrer
from skgroup.inference._error import ErrorGroupInferrer
from skgroup.inference._feature import FeatureGroupInferrer
from skgroup.inference._gradient import GradientGroupInferrer
from skgroup.inference._search import GroupInferrerSearch

__all__ = [
    "EIILGroupInferrer",
    "ErrorGroupInferrer",
    "FeatureGroupInferrer",
    "GradientGroupInferrer",
    "GroupInferrerSearch",
]
