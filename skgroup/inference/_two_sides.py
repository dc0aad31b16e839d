"""Groups of inferrers that put each row on one of two sides."""

import numpy as np
from numpy.typing import NDArray

from skgroup.inference._group_ids import GroupIds

__all__ = ["number_sides", "one_sided"]


def number_sides(codes: NDArray, sides: NDArray) -> GroupIds:
    """Ids of the pairs of class and side; where a class has one side, the other joins it."""
    return GroupIds.fit(codes, sides, 0.0, merge=True, n_clusters=2)


def one_sided(ids: GroupIds, classes: NDArray, reasons: tuple[str, str]) -> list[tuple[str, str]]:
    """Name of each class that has rows on one side only, and the reason for that side."""
    n_sides = np.bincount(ids.pairs[:, 0], minlength=len(classes))
    return [
        (f"class {classes.tolist()[c]!r}", reasons[side])
        for c, side in ids.pairs
        if n_sides[c] == 1
    ]
