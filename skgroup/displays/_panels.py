"""Where a display draws: on axes of the caller, or on a figure of its own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["one_panel", "require_matplotlib", "several_panels", "size_in_points"]


def require_matplotlib(caller: str) -> None:
    """Raise ImportError, with what to do, where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{caller} draws with matplotlib, which is not installed: run "
            "`pip install 'skgroup[plot]'`."
        ) from error


def one_panel(ax: Any, figsize: tuple[float, float]) -> Any:
    """The axes given, or those of a new figure."""
    if ax is None:
        import matplotlib.pyplot as plt

        return plt.subplots(figsize=figsize, layout="constrained")[1]
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise TypeError(
            f"ax must be matplotlib axes, got {type(ax).__name__}: pass what `plt.subplots()` "
            "gives as its second value, or None."
        )
    return ax


def several_panels(
    ax: Any, n: int, *, panel_size: tuple[float, float], max_columns: int = 3
) -> NDArray[np.object_]:
    """Axes for `n` panels: those given, parts of the single axes given, or those of a new figure.

    Single axes are switched off and divided, as scikit-learn's partial dependence display does;
    a single panel is drawn on them as they are.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        n_rows, n_columns = _grid(n, max_columns)
        size = (panel_size[0] * n_columns, panel_size[1] * n_rows)
        figure = plt.figure(figsize=size, layout="constrained")
        return _fill(figure, figure.add_gridspec(n_rows, n_columns), n)
    if not isinstance(ax, (Sequence, np.ndarray)):
        whole = one_panel(ax, panel_size)
        return _array([whole]) if n == 1 else _divide(whole, n, max_columns)
    given = [one_panel(axes, panel_size) for axes in np.ravel(np.asarray(ax, dtype=object))]
    if len(given) != n:
        raise ValueError(
            f"ax has {len(given)} axes, but there are {n} panels: pass {n} axes, single axes to "
            "divide, or None."
        )
    return _array(given)


def _divide(whole: Any, n: int, max_columns: int) -> NDArray[np.object_]:
    n_rows, n_columns = _grid(n, max_columns)
    figure, spec = whole.figure, whole.get_subplotspec()
    whole.set_axis_off()
    # A layout engine finds the space itself, and would add it to this.
    space = {} if figure.get_layout_engine() is not None else {"wspace": 0.35, "hspace": 0.5}
    if spec is not None:
        return _fill(figure, spec.subgridspec(n_rows, n_columns, **space), n)
    box = whole.get_position()
    edges = {"left": box.x0, "right": box.x1, "bottom": box.y0, "top": box.y1}
    grid = figure.add_gridspec(n_rows, n_columns, **space, **edges)
    return _fill(figure, grid, n)


def _grid(n: int, max_columns: int) -> tuple[int, int]:
    n_columns = min(n, max_columns)
    return -(-n // n_columns), n_columns


def _fill(figure: Any, grid: Any, n: int) -> NDArray[np.object_]:
    return _array([figure.add_subplot(grid[divmod(i, grid.ncols)]) for i in range(n)])


def _array(axes: list[Any]) -> NDArray[np.object_]:
    found = np.empty(len(axes), dtype=object)
    found[:] = axes
    return found


def size_in_points(ax: Any) -> tuple[float, float]:
    """Width and height of axes, as they stand before any layout."""
    width, height = ax.figure.get_size_inches()
    box = ax.get_position()
    return 72 * float(width * box.width), 72 * float(height * box.height)
