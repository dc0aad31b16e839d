"""Pictures of groups, in the manner of scikit-learn's displays; they need matplotlib."""

from skgroup.displays._class_silhouette import ClassSilhouetteDisplay
from skgroup.displays._gradient_space import GradientSpaceDisplay
from skgroup.displays._group_contingency import GroupContingencyDisplay
from skgroup.displays._group_scores import GroupScoresDisplay
from skgroup.displays._settings_heatmap import SettingsHeatmapDisplay
from skgroup.displays._training_history import TrainingHistoryDisplay

__all__ = [
    "ClassSilhouetteDisplay",
    "GradientSpaceDisplay",
    "GroupContingencyDisplay",
    "GroupScoresDisplay",
    "SettingsHeatmapDisplay",
    "TrainingHistoryDisplay",
]
