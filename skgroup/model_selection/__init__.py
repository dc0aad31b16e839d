"""Cross-validation that keeps the mix of classes and groups."""

from skgroup.model_selection._group_stratified_kfold import GroupStratifiedKFold

__all__ = ["GroupStratifiedKFold"]
