"""Scores of two settings as a map: from a table of candidates, or tried out on a class."""

from collections.abc import Callable, Mapping, Sequence
from numbers import Number
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics.pairwise import euclidean_distances

from skgroup.clustering._choose_density import (
    dbscan_grid,
    half_squares,
    numbers_to_try,
    radii_to_try,
    small_as_noise,
)
from skgroup.clustering._class_models import capped_min_samples
from skgroup.clustering._class_policy import SEARCH_ROWS
from skgroup.clustering._class_silhouette import distance_silhouette
from skgroup.clustering._rows import sample_rows

__all__ = ["SettingsMap", "density_map", "find_column", "score_column", "table_map"]

BEST: dict[str, Callable[..., Any]] = {"max": np.nanmax, "mean": np.nanmean, "min": np.nanmin}


class SettingsMap(NamedTuple):
    """Title, names of columns and rows, scores of shape (n_rows, n_columns), and a marked cell.

    Scores are NaN where nothing was tried; the marked cell is (row, column) or None.
    """

    title: str
    columns: list[str]
    rows: list[str]
    scores: NDArray[np.float64]
    marked: tuple[int, int] | None


def table_map(
    xs: Sequence[Any],
    ys: Sequence[Any],
    scores: ArrayLike,
    *,
    aggregate: str,
    best: int | None,
) -> SettingsMap:
    """One cell for each pair of values; `best` is the candidate to mark, by default the best."""
    columns, column_of = _in_order(xs)
    rows, row_of = _in_order(ys)
    values = np.asarray(scores, dtype=np.float64)
    cells = np.full((len(rows), len(columns)), np.nan)
    for i, j in {*zip(row_of, column_of, strict=True)}:
        own = values[(np.array(row_of) == i) & (np.array(column_of) == j)]
        if not np.isnan(own).all():
            cells[i, j] = BEST[aggregate](own)
    marked = None
    if best is not None:
        marked = row_of[best], column_of[best]
    elif not np.isnan(cells).all():
        marked = divmod(int(np.nanargmax(cells)), len(columns))
    return SettingsMap("", columns, rows, cells, marked)


def _in_order(values: Sequence[Any]) -> tuple[list[str], list[int]]:
    """Different values as text, numbers first and in order, and which of them each value is."""
    texts = [_text(value) for value in values]
    keys = {text: _key(value, text) for value, text in zip(values, texts, strict=True)}
    names = sorted(keys, key=keys.__getitem__)
    return names, [names.index(text) for text in texts]


def _text(value: Any) -> str:
    number = isinstance(value, Number) and not isinstance(value, (bool, complex))
    return f"{value:.4g}" if number else " ".join(str(value).split())


def _key(value: Any, text: str) -> tuple[int, float, str]:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return (0, float(value), text) if number else (1, 0.0, text)


def find_column(results: Mapping[str, Any], name: str) -> Any:
    """The column of a parameter, of the names that searches give it the one that is there."""
    given = [key for key in (name, f"param_{name}") if key in results]
    given = given or [key for key in results if str(key).endswith(f"__{name}")]
    if len(given) != 1:
        raise ValueError(
            f"results has {'several columns' if given else 'no column'} for {name!r}: name one of "
            f"{sorted(map(str, results))}."
        )
    return results[given[0]]


def score_column(results: Mapping[str, Any], score: str) -> tuple[str, Any]:
    """Name and values of the score."""
    wanted = ("mean_test_score", "score") if score == "auto" else (score, f"mean_test_{score}")
    found = [key for key in wanted if key in results]
    if not found:
        raise ValueError(
            f"results has no score {' or '.join(map(repr, wanted))}: name one of "
            f"{sorted(map(str, results))} with `score=`."
        )
    return found[0].removeprefix("mean_test_"), results[found[0]]


def density_map(
    title: str, Z: NDArray[Any], settings: Mapping[str, Any], *, min_share: float
) -> SettingsMap:
    """Silhouettes of one class for each radius and number of neighbours that DBSCAN may try.

    The settings in use are tried as well, and marked. What does not split the class is NaN.
    """
    some = Z[sample_rows(len(Z), SEARCH_ROWS, 0)].astype(np.float64)
    eps, count = settings["eps"], settings["min_samples"]
    radii = list(radii_to_try(some))
    counts = list(numbers_to_try(len(Z), len(some)))
    if eps is not None and not np.isclose(radii, eps, rtol=1e-6).any():
        radii = sorted([*radii, eps])
    if count is not None and count not in counts:
        counts = sorted([*counts, count])
    scores = np.full((len(radii), len(counts)), np.nan)
    if len(some) > 1:
        scores = _silhouettes(some, radii, counts, len(Z), min_share).reshape(scores.shape)
    marked = None
    if eps is not None and count is not None:
        marked = counts.index(count), int(np.argmin(np.abs(np.array(radii) - eps)))
    return SettingsMap(title, [*map(_text, radii)], [*map(_text, counts)], scores.T, marked)


def _silhouettes(
    Z: NDArray[np.float64], radii: list[float], counts: list[int], n_rows: int, min_share: float
) -> NDArray[np.float64]:
    """For each radius and within it each number of neighbours; NaN where there is no split."""
    distances = euclidean_distances(Z)
    thinned = [min(len(Z), capped_min_samples(m, n_rows, len(Z))) for m in counts]
    found = dbscan_grid(half_squares(Z, distances), tuple(radii), thinned)
    scores = [distance_silhouette(distances, small_as_noise(own, min_share)) for own in found]
    return np.where(np.array(scores) == -1.0, np.nan, scores)
