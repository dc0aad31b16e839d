"""Classifiers that train for the worst group."""

from skgroup.classifiers._dfr import DFRClassifier
from skgroup.classifiers._doro import DOROClassifier
from skgroup.classifiers._erm import ERMClassifier
from skgroup.classifiers._gerne import GERNEClassifier
from skgroup.classifiers._group_dro import GroupDROClassifier
from skgroup.classifiers._irm import IRMClassifier
from skgroup.classifiers._jtt import JTTClassifier
from skgroup.classifiers._lff import LfFClassifier
from skgroup.classifiers._lisa import LISAClassifier
from skgroup.classifiers._logit_correction import LogitCorrectionClassifier
from skgroup.classifiers._loss_reweighting import LossReweightingClassifier
from skgroup.classifiers._mixup import MixupClassifier
from skgroup.classifiers._resampling import ResamplingClassifier
from skgroup.classifiers._reweighting import ReweightingClassifier
from skgroup.classifiers._spare import SPAREClassifier
from skgroup.classifiers._ule import ULEClassifier
from skgroup.classifiers._vrex import VRExClassifier

__all__ = [
    "DFRClassifier",
    "DOROClassifier",
    "ERMClassifier",
    "GERNEClassifier",
    "GroupDROClassifier",
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
]
