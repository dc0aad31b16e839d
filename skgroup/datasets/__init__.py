"""Data sets whose groups are known, real and made; and tables on disk."""

from skgroup.datasets._adult import fetch_adult
from skgroup.datasets._celeba import fetch_celeba
from skgroup.datasets._civilcomments import fetch_civilcomments
from skgroup.datasets._colored_digits import make_colored_digits
from skgroup.datasets._compas import load_compas
from skgroup.datasets._german_credit import fetch_german_credit
from skgroup.datasets._group_blobs import make_group_blobs
from skgroup.datasets._image_files import ImageFiles
from skgroup.datasets._memory_map import memory_map
from skgroup.datasets._plant_shortcut import plant_shortcut
from skgroup.datasets._shortcut_classification import make_shortcut_classification
from skgroup.datasets._waterbirds import fetch_waterbirds

__all__ = [
    "ImageFiles",
    "fetch_adult",
    "fetch_celeba",
    "fetch_civilcomments",
    "fetch_german_credit",
    "fetch_waterbirds",
    "load_compas",
    "make_colored_digits",
    "make_group_blobs",
    "make_shortcut_classification",
    "memory_map",
    "plant_shortcut",
]
