"""Training, validation and test rows of the leaderboard: X, y and groups of each part."""

from functools import partial

import numpy as np
from _inference_data import ADULT, GERMAN, real, table

from skgroup import cross_groups
from skgroup.datasets import (
    load_compas,
    make_colored_digits,
    make_group_blobs,
    make_shortcut_classification,
    plant_shortcut,
)

SUBSETS = ("train", "validation", "test")
# The shortcut holds in validation rows as it does in training rows, and says nothing in test rows.
AGREEMENT = {"train": 0.95, "validation": 0.95, "test": 0.5}


def sizes(rows):
    """Half as many validation rows as training rows, and as many test rows."""
    return {"train": rows, "validation": rows // 2, "test": rows}


def blobs(rows, seed):
    """A shortcut of 80 %, in the test rows too; clusters of a class overlap the other one's."""
    make = partial(make_group_blobs, random_state=seed)
    return [make(n // 10, subset=subset) for subset, n in sizes(rows).items()]


def shortcut(core, strength, rows, seed):
    make = partial(
        make_shortcut_classification,
        core_strength=core,
        shortcut_strength=strength,
        random_state=seed,
    )
    return [make(n, agreement=AGREEMENT[s], subset=s) for s, n in sizes(rows).items()]


def digits(rows, seed):
    parts = [
        make_colored_digits(subset=s, agreement=AGREEMENT[s], random_state=seed) for s in SUBSETS
    ]
    return [tuple(values[:rows] for values in part) for part in parts]


def three_ways(n, rows, seed):
    """Positions of at most `rows` training rows, half of all, then a fifth, then the rest."""
    order = np.random.default_rng(seed).permutation(n)
    train, validation = min(rows, n // 2), min(rows // 2, n // 5)
    return np.split(order[: 4 * rows], [train, train + validation])


def natural(load, rows, seed):
    X, y, groups = load()
    y = np.unique(y, return_inverse=True)[1]
    return [(X[part], y[part], groups[part]) for part in three_ways(len(y), rows, seed)]


def planted(path, columns, rows, seed):
    X, y, _ = table(path, *columns)
    y = np.unique(y, return_inverse=True)[1]
    parts = []
    for subset, part in zip(SUBSETS, three_ways(len(y), rows, seed), strict=True):
        Z, groups = plant_shortcut(X[part], y[part], AGREEMENT[subset], random_state=seed)
        parts.append((Z, y[part], groups))
    return parts


def compas():
    bunch = load_compas()
    return bunch.data, bunch.target, cross_groups(bunch.target, bunch.attribute)


def sources(options):
    """Short name -> title, and a function from rows and seed to the three parts."""
    found = {
        "compas": ("COMPAS", partial(natural, compas)),
        "easy": ("Easy shortcut", partial(shortcut, 1.0, 3.0)),
        "weak": ("Weak shortcut", partial(shortcut, 0.5, 2.0)),
        "digits": ("Coloured digits", digits),
        "blobs": ("Blobs", blobs),
    }
    for name, path, columns in (
        ("Adult", options.adult, ADULT),
        ("German", options.german, GERMAN),
    ):
        if path:
            short, load = name.lower(), partial(real, path, columns, 0)
            found[f"{short}_planted"] = f"{name}, planted", partial(planted, path, columns)
            found[short] = name, partial(natural, load)
    return found
