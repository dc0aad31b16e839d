"""Find hidden groups in training data and train classifiers that work for the worst of them."""

from skgroup._grouped_array import GroupedArray, get_groups
from skgroup._groups import cross_groups
from skgroup.classifiers import ERMClassifier, GroupDROClassifier
from skgroup.inference import GradientGroupInferrer

__all__ = [
    "ERMClassifier",
    "GradientGroupInferrer",
    "GroupDROClassifier",
    "GroupedArray",
    "cross_groups",
    "get_groups",
]
__version__ = "0.1.0"
