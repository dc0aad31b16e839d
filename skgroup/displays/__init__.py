"""Pictures of groups, in the manner of scikit-learn's displays; they need matplotlib."""

from skgroup.displays._group_scores import GroupScoresDisplay

__all__ = ["GroupScoresDisplay"]
