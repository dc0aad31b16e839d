"""Mean ranks of methods over data sets, what they say, and a picture of it."""

from typing import NamedTuple

import numpy as np
from scipy.stats import friedmanchisquare, rankdata, studentized_range

LEVEL = 0.05
TITLES = {
    "true": "true groups known",
    "inferred": "groups inferred",
    "none": "chosen by average accuracy",
}
PLAIN_COLOR, OTHER_COLOR, BAND = "tab:orange", "tab:blue", "0.9"


class Ranks(NamedTuple):
    """Mean rank of each method (1 is best), Friedman's p and Nemenyi's critical difference."""

    mean: np.ndarray
    p: float
    difference: float


def critical_difference(n_methods, n_blocks):
    """Mean ranks that differ by less cannot be told apart at the level, all pairs at once."""
    q = studentized_range.ppf(1 - LEVEL, n_methods, np.inf) / np.sqrt(2)
    return q * np.sqrt(n_methods * (n_methods + 1) / (6 * n_blocks))


def ranks(scores):
    """From scores of shape (data sets, methods), higher being better; equals share a rank."""
    n_blocks, n_methods = scores.shape
    mean = rankdata(-scores, axis=1).mean(axis=0)
    if n_blocks < 2 or n_methods < 3:
        return Ranks(mean, float("nan"), float("nan"))
    p = float(friedmanchisquare(*scores.T).pvalue)
    return Ranks(mean, p, critical_difference(n_methods, n_blocks))


def draw_ranks(path, found, methods, plain):
    """One panel a setting: methods by mean rank; the band holds what is as good as the best."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    height = 1.6 + 0.24 * len(methods)
    fig, axes = plt.subplots(1, len(found), figsize=(5 * len(found), height), layout="constrained")
    for axis, (setting, result) in zip(np.atleast_1d(axes), found.items(), strict=True):
        draw_panel(axis, TITLES[setting], result, methods, plain)
    fig.supxlabel(
        "mean rank, 1 is best; band: within one critical difference of the best; "
        "bar: the critical difference; orange: plain baselines",
        fontsize=9,
    )
    fig.savefig(path, dpi=110)
    plt.close(fig)


def draw_panel(axis, title, result, methods, plain):
    order = np.argsort(result.mean, kind="stable")
    best, lines = result.mean[order[0]], np.arange(len(order))
    colors = [PLAIN_COLOR if methods[i] in plain else OTHER_COLOR for i in order]
    if np.isfinite(result.difference):
        axis.axvspan(best, best + result.difference, color=BAND, zorder=0)
        axis.plot([best, best + result.difference], [-1, -1], color="0.2", marker="|", linewidth=2)
    axis.hlines(lines, 1, result.mean[order], color=colors, linewidth=1, alpha=0.5)
    axis.scatter(result.mean[order], lines, color=colors, zorder=3, s=28)
    axis.set_yticks(lines, [methods[i] for i in order], fontsize=8)
    axis.set_ylim(len(order) - 0.4, -1.6)
    axis.set_xlim(1, len(order))
    axis.set_title(title, fontsize=10)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
