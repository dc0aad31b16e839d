"""Training objectives: modules ``(output, y, groups, index) -> scalar``."""

from skgroup.objectives._group_dro import GroupDROLoss
from skgroup.objectives._mean import MeanLoss

__all__ = ["GroupDROLoss", "MeanLoss"]
