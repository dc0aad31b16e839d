"""Training objectives: modules ``(output, y, groups, index) -> scalar``."""

from skgroup.objectives._extrapolation import ExtrapolationLoss
from skgroup.objectives._group_dro import GroupDROLoss
from skgroup.objectives._group_weights import group_weights
from skgroup.objectives._invariance import IRMLoss, VRExLoss
from skgroup.objectives._learning_from_failure import LfFLoss
from skgroup.objectives._logit_correction import LogitCorrectionLoss
from skgroup.objectives._loss_weighting import LossWeightedLoss
from skgroup.objectives._mean import MeanLoss
from skgroup.objectives._mixed import MixedLoss
from skgroup.objectives._tail import TailLoss
from skgroup.objectives._unlearning import ULELoss

__all__ = [
    "ExtrapolationLoss",
    "GroupDROLoss",
    "IRMLoss",
    "LfFLoss",
    "LogitCorrectionLoss",
    "LossWeightedLoss",
    "MeanLoss",
    "MixedLoss",
    "TailLoss",
    "ULELoss",
    "VRExLoss",
    "group_weights",
]
