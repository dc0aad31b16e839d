"""Data whose groups are known: ``draw(seed)`` gives X, y and groups in random order."""

from functools import lru_cache, partial

import numpy as np
from bench_blobs import bayes
from colored_mnist import draw_colors, paint
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skgroup import cross_groups
from skgroup.datasets import (
    make_colored_digits,
    make_group_blobs,
    make_shortcut_classification,
    plant_shortcut,
)

N_ROWS = 5000


def blobs(variance, seed):
    X, y, groups = make_group_blobs(variance=variance, random_state=seed)
    train = np.random.default_rng(seed).permutation(len(y))[:600]
    return X[train], y[train], groups[train]


def shortcut(core, strength, seed):
    return make_shortcut_classification(
        3000, core_strength=core, shortcut_strength=strength, random_state=seed
    )


def digits(seed):
    return make_colored_digits(agreement=0.95, random_state=seed)


def pool(images):
    """Means of 2 x 2 pixels of arrays whose last two axes are 28 x 28."""
    return images.reshape(*images.shape[:-2], 14, 2, 14, 2).mean(axis=(-3, -1))


@lru_cache
def mnist(path):
    with np.load(path) as file:
        return {name: file[name] for name in ("x_train", "y_train", "x_test", "y_test")}


def two_colors(images, y, agreement, rng):
    """Images of two channels, all but one empty: that of the class in a share of each class."""
    color = y.copy()
    for c in (0, 1):
        rows = rng.permutation(np.flatnonzero(y == c))
        color[rows[round(agreement * len(rows)) :]] = 1 - c
    X = np.zeros((len(y), 2, *images.shape[1:]), dtype=np.float32)
    X[np.arange(len(y)), color] = images
    return X, 2 * y + color


def mnist_of_two(path, seed, n=N_ROWS):
    """Digits below 5 against the rest, 14 x 14, one of two colours."""
    file, rng = mnist(path), np.random.default_rng(seed)
    rows = rng.permutation(len(file["y_train"]))[:n]
    y = (file["y_train"][rows] >= 5).astype(np.int64)
    X, groups = two_colors(pool(file["x_train"][rows] / np.float32(255)), y, 0.95, rng)
    return X.reshape(len(X), -1), y, groups


def mnist_of_ten(path, seed):
    """Ten digits in ten colours, 14 x 14; 5 % have another colour than that of their class."""
    file, rng = mnist(path), np.random.default_rng(seed)
    rows = rng.permutation(len(file["y_train"]))[:N_ROWS]
    y = file["y_train"][rows].astype(np.int64)
    color = draw_colors(y, 0.05, rng)
    images = pool(file["x_train"][rows].astype(np.float32))
    return paint(images, color, rng), y, 10 * y + color


@lru_cache
def table(path, target, dropped):
    """Columns one-hot or standardised, classes, and the columns as they were."""
    import pandas as pd

    frame = pd.read_csv(path)
    X = frame.drop(columns=[target, *dropped])
    encode = make_column_transformer(
        (
            OneHotEncoder(min_frequency=0.01, sparse_output=False),
            X.select_dtypes(exclude="number").columns,
        ),
        remainder=StandardScaler(),
    )
    return encode.fit_transform(X), frame[target].to_numpy(), frame


ADULT = ("income", ("is_test", "fnlwgt"))
GERMAN = ("credit_risk", ("sex",))  # which another column tells too


def planted(path, columns, seed):
    X, y, _ = table(path, *columns)
    rows = np.random.default_rng(seed).permutation(len(y))[:N_ROWS]
    X, groups = plant_shortcut(X[rows], y[rows], 0.95, random_state=seed)
    return X, y[rows], groups


def real(path, columns, seed):
    """Groups of the class with sex, and with white, black or other where there is a race."""
    X, y, frame = table(path, *columns)
    rows = np.random.default_rng(seed).permutation(len(y))[:N_ROWS]
    attribute = frame["sex"]
    if "race" in frame:
        race = frame["race"].where(frame["race"].isin(["White", "Black"]), "other")
        attribute = race + ", " + attribute
    attribute = attribute.to_numpy(dtype=str)[rows]
    return X[rows], y[rows], cross_groups(y[rows], attribute)


def sources(options):
    """Short name -> title, maker and, where it is known, the best that there is."""
    found = {
        f"blobs{name}": (
            f"Gaussians, variance {variance}", partial(blobs, variance),
            partial(bayes, variance=variance),
        )
        for name, variance in (("01", 0.01), ("1", 0.1))
    }  # fmt: skip
    found["easy"] = "Easy shortcut", partial(shortcut, 1.0, 3.0), None
    found["weak"] = "Weak shortcut", partial(shortcut, 0.5, 2.0), None
    found["digits"] = "Coloured digits, 8 × 8", digits, None
    if options.mnist:
        found["mnist2"] = "Coloured MNIST, 2 classes", partial(mnist_of_two, options.mnist), None
        found["mnist10"] = "Coloured MNIST, 10 classes", partial(mnist_of_ten, options.mnist), None
    for name, path, columns in (
        ("Adult", options.adult, ADULT),
        ("German", options.german, GERMAN),
    ):
        if path:
            title, short = "German credit" if name == "German" else name, name.lower()
            make = partial(planted, path, columns)
            found[f"{short}_planted"] = f"{title}, planted column", make, None
            found[short] = f"{title}, real groups", partial(real, path, columns), None
    return found
