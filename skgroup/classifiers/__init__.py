"""Classifiers that train for the worst group."""

from skgroup.classifiers._erm import ERMClassifier
from skgroup.classifiers._group_dro import GroupDROClassifier

__all__ = ["ERMClassifier", "GroupDROClassifier"]
