"""Train, validation and test parts: fixed rows of a file, or independent streams of a seed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

SUBSETS = ("train", "validation", "test")


def subset_rows(n_samples: int) -> dict[str, NDArray[np.int64]]:
    """Row indices of a fixed 60/20/20 split in file order."""
    cuts = [int(0.6 * n_samples), int(0.8 * n_samples)]
    return dict(zip(SUBSETS, np.split(np.arange(n_samples), cuts), strict=True))


def random_stream(random_state: Any) -> np.random.RandomState:
    """As ``check_random_state``, but None is fresh entropy instead of numpy's global generator."""
    return np.random.RandomState() if random_state is None else check_random_state(random_state)


def subset_stream(random_state: Any, subset: str) -> np.random.RandomState:
    """A generator of its own for each subset.

    Without it, a train and a test set made with one seed would share their noise, hence rows.
    """
    seeds = random_stream(random_state).randint(np.iinfo(np.int32).max, size=len(SUBSETS))
    return np.random.RandomState(seeds[SUBSETS.index(subset)])
