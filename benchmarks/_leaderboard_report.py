"""The leaderboard in words and tables, from finished runs."""

from pathlib import Path

import numpy as np
from _leaderboard_methods import METHODS, PLAIN
from _leaderboard_ranks import TITLES, draw_ranks, ranks

PROTOCOL = """\
# Leaderboard

Every method of the package and six plain baselines on the same data under one protocol. Each
method fits {budget} settings drawn from a small space of its own (below), on at most {rows:,}
training rows, and one of them is chosen on validation rows, half as many or a fifth of a small
table, in three ways:

- **true groups known**: by the worst true group; methods that train on groups get the true ones;
- **groups inferred**: by the worst group that `GradientGroupInferrer()` finds, which also gives
  the groups to train on;
- **chosen by average accuracy**: groups to train on are inferred ones again, but nothing else
  looks at groups.

Numbers of epochs are part of the space, for every network alike, in place of early stopping.
The spaces are narrow and the budget is small: this compares methods as somebody with little
time would use them, not at their best. Planted shortcuts hold in 95 % of training and
validation rows and in half of the test rows, but for the blobs, where it is 80 % in all.
Natural groups are class x attribute. In the test rows groups count from 30 rows on, and in the
validation rows from 3 on. IRM, VREx and LISA compare attributes across classes: of inferred
groups they get the rank by size inside the class.

Command: `{command}`; the same with `--report-only` writes this page anew.
"""
RANKS = """\
## Mean ranks

Over data sets, of the worst group's accuracy averaged over seeds; 1 is best. Friedman's test
asks whether methods differ at all, and two of them differ by Nemenyi's test (5 %, all pairs at
once) if their ranks are more than one critical difference apart. With few data sets that is a
lot, and a planted column in a table is no independent data set: read the order as a hint.
"""
WHERE = """\
## Where a plain baseline wins

Plain are logistic regression, boosted trees and ERM, each also with balanced classes. The pairs
are mean accuracies in the worst group: the best plain baseline, then the best of all other
methods. Logistic regression and boosted trees with group weights are among the others: they use
groups, but no network. The best of nineteen has more luck than the best of six, so that a small
lead of the others means nothing.
"""


def complete_draws(records, options, titles):
    """Data -> runs by seed and method, of the seeds that every method has finished."""
    found = {name: {} for name in titles}
    for record in records:
        found[record["data"]].setdefault(record["seed"], {})[record["method"]] = record["scores"]
    for name, seeds in found.items():
        found[name] = {s: runs for s, runs in seeds.items() if len(runs) == len(options.methods)}
    return {name: seeds for name, seeds in found.items() if seeds}


def values(draws, setting, methods, what):
    """Scores of shape (seeds, methods)."""
    return np.array([[runs[m][setting][what] for m in methods] for runs in draws.values()])


def row(cells):
    return f"| {' | '.join(cells)} |"


def header(cells):
    return [row(cells), row(["---"] * len(cells))]


def accuracy(value):
    return f"{value:.3f}".removeprefix("0")


def rank_table(found, methods):
    p = ", ".join(f"{TITLES[s]} {r.p:.2g}" for s, r in found.items())
    difference = next(iter(found.values())).difference
    lines = [RANKS, f"Critical difference {difference:.1f}; Friedman's p: {p}.\n"]
    lines += header(["method", *(TITLES[s] for s in found)])
    first = next(iter(found.values())).mean
    for i in np.argsort(first, kind="stable"):
        lines.append(row([methods[i], *(f"{r.mean[i]:.1f}" for r in found.values())]))
    return lines


def score_table(data, setting, methods, titles):
    """Worst group with its deviation over seeds, and the average in brackets."""
    lines = [f"## Accuracies: {TITLES[setting]}\n"]
    lines.append("Worst group, mean ± standard deviation over seeds (average accuracy).\n")
    lines += header(["method", *(titles[name] for name in data)])
    worst, average = (
        {name: values(draws, setting, methods, what) for name, draws in data.items()}
        for what in ("worst", "average")
    )
    for i, method in enumerate(methods):
        cells = [method]
        for name in data:
            mean, spread = worst[name][:, i].mean(), worst[name][:, i].std()
            of_all = accuracy(average[name][:, i].mean())
            text = f"{accuracy(mean)} ± {accuracy(spread)} ({of_all})"
            best = worst[name].mean(axis=0).max()
            cells.append(f"**{text}**" if mean == best else text)
        lines.append(row(cells))
    return lines


def baselines(data, methods, titles, settings):
    """Where the best plain baseline is at least as good as everything else."""
    plain = [i for i, m in enumerate(methods) if m in PLAIN]
    others = [i for i, m in enumerate(methods) if m not in PLAIN]
    lines = [WHERE]
    for setting in settings if plain and others else ():
        wins, losses = [], []
        for name, draws in data.items():
            mean = values(draws, setting, methods, "worst").mean(axis=0)
            a, b = (max(part, key=mean.__getitem__) for part in (plain, others))
            text = (
                f"{titles[name]} ({methods[a]} {accuracy(mean[a])}, "
                f"{methods[b]} {accuracy(mean[b])})"
            )
            (wins if mean[a] >= mean[b] else losses).append(text)
        lines.append(
            f"- {TITLES[setting].capitalize()}: it wins or draws level on {len(wins)} of "
            f"{len(data)}: {'; '.join(wins) or 'none'}. Not on: {'; '.join(losses) or 'none'}."
        )
    return lines


def finished(data, options, titles):
    """What the tables rest on, and what is missing."""
    lines = ["## What has run\n"]
    counts = [f"{titles[name]} {len(data.get(name, ()))}" for name in titles]
    planned = options.seeds * len(titles)
    done = sum(len(draws) for draws in data.values())
    lines.append(
        f"{done} of {planned} planned draws are finished, which means by every method; out of "
        f"{options.seeds} seeds each: {', '.join(counts)}. Others are in no figure of this page."
    )
    if done < planned:
        lines.append("With a single seed a spread is 0, and the order of neighbours is luck.")
    return lines


def spaces(methods):
    lines = ["## Spaces\n", *header(["method", "values"])]
    for method in methods:
        space = METHODS[method].space
        text = "; ".join(f"`{name}` {', '.join(map(str, of))}" for name, of in space.items())
        lines.append(row([method, text]))
    return lines


def command(options):
    text = f"python benchmarks/leaderboard.py --rows {options.rows} --budget {options.budget} "
    text += f"--seeds {options.seeds}"
    for name in ("adult", "german"):
        path = getattr(options, name)
        text += f" --{name} {Path(path).name}" if path else ""
    return text


def write_report(records, options, titles, settings):
    """Print the ranks; write the whole report and the figure where they are asked for."""
    methods = list(options.methods)
    data = complete_draws(records, options, titles)
    if not data:
        print("No draw of any data set is finished by every method yet.")
        return
    found = {}
    for setting in settings:
        means = [values(draws, setting, methods, "worst").mean(axis=0) for draws in data.values()]
        found[setting] = ranks(np.array(means))
    table = rank_table(found, methods)
    print("\n".join(table))
    if options.figure:
        draw_ranks(options.figure, found, methods, PLAIN)
    if options.report:
        picture = f"![Mean ranks]({Path(options.figure).name})" if options.figure else ""
        parts = [
            [PROTOCOL.format(rows=options.rows, budget=options.budget, command=command(options))],
            finished(data, options, titles),
            [*table, "", picture],
            baselines(data, methods, titles, settings),
            *(score_table(data, setting, methods, titles) for setting in settings),
            spaces(methods),
        ]
        text = "\n\n".join("\n".join(part).strip() for part in parts)
        Path(options.report).write_text(text + "\n", encoding="utf-8")
