"""Clustering of the rows of one class: scalings, models at scale, small clusters, silhouettes."""

from skgroup.clustering._class_silhouette import class_silhouette
from skgroup.clustering._cluster_class import ClassClustering, cluster_class
from skgroup.clustering._row_scaling import RowScaling, fit_scaling

__all__ = [
    "ClassClustering",
    "RowScaling",
    "class_silhouette",
    "cluster_class",
    "fit_scaling",
]
