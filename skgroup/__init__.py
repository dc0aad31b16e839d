"""Find hidden groups in training data and train classifiers that work for the worst of them."""

from skgroup._grouped_array import GroupedArray, get_groups
from skgroup._groups import cross_groups
from skgroup.auditing import AuditReport, audit
from skgroup.classifiers import (
    DFRClassifier,
    DOROClassifier,
    ERMClassifier,
    GERNEClassifier,
    GroupDROClassifier,
    IRMClassifier,
    JTTClassifier,
    LfFClassifier,
    LISAClassifier,
    LogitCorrectionClassifier,
    LossReweightingClassifier,
    MixupClassifier,
    ResamplingClassifier,
    ReweightingClassifier,
    SPAREClassifier,
    ULEClassifier,
    VRExClassifier,
)
from skgroup.inference import (
    EIILGroupInferrer,
    ErrorGroupInferrer,
    FeatureGroupInferrer,
    GradientGroupInferrer,
    GroupInferrerSearch,
)

__all__ = [
    "AuditReport",
    "DFRClassifier",
    "DOROClassifier",
    "EIILGroupInferrer",
    "ERMClassifier",
    "ErrorGroupInferrer",
    "FeatureGroupInferrer",
    "GERNEClassifier",
    "GradientGroupInferrer",
    "GroupDROClassifier",
    "GroupInferrerSearch",
    "GroupedArray",
    "IRMClassifier",
    "JTTClassifier",
    "LISAClassifier",
    "LfFClassifier",
    "LogitCorrectionClassifier",
    "LossReweightingClassifier",
    "MixupClassifier",
    "ResamplingClassifier",
    "ReweightingClassifier",
    "SPAREClassifier",
    "ULEClassifier",
    "VRExClassifier",
    "audit",
    "cross_groups",
    "get_groups",
]
__version__ = "0.1.0"
