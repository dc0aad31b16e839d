"""Data sets whose groups are known, one real and the others made; and tables on disk."""

from skgroup.datasets._colored_digits import make_colored_digits
from skgroup.datasets._compas import load_compas
from skgroup.datasets._group_blobs import make_group_blobs
from skgroup.datasets._memory_map import memory_map
from skgroup.datasets._plant_shortcut import plant_shortcut
from skgroup.datasets._shortcut_classification import make_shortcut_classification

__all__ = [
    "load_compas",
    "make_colored_digits",
    "make_group_blobs",
    "make_shortcut_classification",
    "memory_map",
    "plant_shortcut",
]
