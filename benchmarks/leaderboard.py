"""Every method on every data set under one protocol; tables, ranks and critical differences.

Each method fits `--budget` settings drawn from its own small space, and the choice among them is
made on validation rows in three ways: by the worst true group, by the worst inferred group, and
by average accuracy. Methods that train on groups get the true ones in the first case and those of
`GradientGroupInferrer()` in the others. One JSON line per finished run goes to `--results`; what
is there already is not run again.
"""

import argparse
import json
import time
import warnings
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from _leaderboard_data import sources
from _leaderboard_methods import METHODS, configurations
from _leaderboard_report import write_report
from joblib import Parallel, delayed

from skgroup import GradientGroupInferrer

SETTINGS = {"true": "true", "inferred": "inferred", "none": "inferred"}
MIN_TEST_ROWS, MIN_VALIDATION_ROWS = 30, 3
TOY = {"rows": 200, "budget": 1, "seeds": 1, "only": ["easy", "digits"]}


def worst_group(correct, groups, least):
    """Accuracy in the worst group of at least `least` rows; outliers are in none."""
    sizes = np.bincount(groups[groups >= 0])
    right = np.bincount(groups[groups >= 0], correct[groups >= 0])
    return float((right / np.maximum(sizes, 1))[sizes >= least].min())


def by_size(y, groups):
    """Number the groups inside each class from the largest, as a stand-in for an attribute."""
    found = np.full_like(groups, -1)
    for c in np.unique(y):
        names, sizes = np.unique(groups[(y == c) & (groups >= 0)], return_counts=True)
        for rank, name in enumerate(names[np.argsort(-sizes, kind="stable")]):
            found[(y == c) & (groups == name)] = rank
    return found


@lru_cache(maxsize=1)
def drawn(source, rows, seed):
    """The three parts, and what groups, attributes and validation groups each source gives."""
    train, validation, test = source(rows, seed)
    X, y, true = train
    inferrer = GradientGroupInferrer(random_state=seed).fit(X, y)
    n_attributes = (max(groups.max() for *_, groups in (train, validation, test)) + 1) // 2
    known = {
        "true": (true, true % n_attributes, validation[2]),
        "inferred": (
            inferrer.groups_, by_size(y, inferrer.groups_), inferrer.predict(*validation[:2]),
        ),
    }  # fmt: skip
    return train, validation, test, known


def predictions(method, settings, seed, parts, known):
    """Which validation and test rows a fit gets right."""
    (X, y, _), *others = parts
    groups, attribute, _ = known
    given = {"none": None, "groups": groups, "attribute": attribute}[method.groups]
    fitted = method.make(seed, **settings).fit(X, y, groups=given)
    return [fitted.predict(rows) == labels for rows, labels, _ in others]


def chosen(fits, validation_groups, groups_test, tried):
    """Scores on the test rows of what is best on the validation rows; the first of equals."""

    def score(right):
        if validation_groups is None:
            return right.mean()
        return worst_group(right, validation_groups, MIN_VALIDATION_ROWS)

    best = int(np.argmax([score(right) for right, _ in fits]))
    right = fits[best][1]
    worst = worst_group(right, groups_test, MIN_TEST_ROWS)
    return {"worst": worst, "average": float(right.mean()), "chosen": tried[best]}


def run(key, source):
    """One method on one draw of one data set, as the line that is kept of it."""
    warnings.simplefilter("ignore")  # small data sets are warned about once a fit
    start, seed, method = time.perf_counter(), key["seed"], METHODS[key["method"]]
    *parts, known = drawn(source, key["rows"], seed)
    tried = configurations(method, key["budget"], seed)
    fits, scores = {}, {}
    for setting, name in SETTINGS.items():
        trained_on = "any" if method.groups == "none" else name
        if trained_on not in fits:
            fits[trained_on] = [
                predictions(method, settings, seed, parts, known[name]) for settings in tried
            ]
        judge = None if setting == "none" else known[name][2]
        scores[setting] = chosen(fits[trained_on], judge, parts[2][2], tried)
    return key | {"seconds": round(time.perf_counter() - start, 2), "scores": scores}


def identity(record):
    return tuple(record[name] for name in ("data", "method", "seed", "rows", "budget"))


def load(path):
    """The finished runs of a file; the half line that a kill may leave is cut off."""
    path = Path(path)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return [json.loads(line) for line in whole.splitlines()]


def wanted(options, found):
    """Runs to do: seeds outside, data sets inside, so that a part of it is balanced."""
    for seed in range(options.seeds):
        for data in options.only or found:
            for method in options.methods:
                yield {
                    "data": data, "method": method, "seed": seed,
                    "rows": options.rows, "budget": options.budget,
                }  # fmt: skip


def complete(options, found):
    """Run what is missing and append it, one line at a time."""
    done = {identity(record) for record in load(options.results)}
    missing = [key for key in wanted(options, found) if identity(key) not in done]
    tasks = (delayed(run)(key, found[key["data"]][1]) for key in missing)
    lines = Parallel(n_jobs=options.jobs, return_as="generator_unordered")(tasks)
    with Path(options.results).open("a", encoding="utf-8") as file:
        for i, record in enumerate(lines):
            file.write(json.dumps(record) + "\n")
            file.flush()
            print(f"{i + 1} of {len(missing)}: {record['data']}, {record['method']}", flush=True)


def arguments(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adult", help="path of adult.csv.gz")
    parser.add_argument("--german", help="path of german_credit.csv.gz")
    parser.add_argument("--results", default="leaderboard.jsonl", help="file of finished runs")
    parser.add_argument("--rows", type=int, default=2000, help="most training rows")
    parser.add_argument("--budget", type=int, default=3, help="settings tried by each method")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="short names of data sets")
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=list(METHODS))
    parser.add_argument("--report", help="write tables to this Markdown file")
    parser.add_argument("--figure", help="write critical differences to this picture")
    parser.add_argument("--report-only", action="store_true", help="run nothing")
    parser.add_argument("--toy", action="store_true", help="everything once, small")
    return parser.parse_args(arguments)


def main(given=None):
    options = arguments(given)
    if not options.toy:
        return lead(options)
    with TemporaryDirectory() as folder:  # no toy results among real ones
        vars(options).update(TOY, results=Path(folder) / "toy.jsonl")
        return lead(options)


def lead(options):
    """Run what is missing and report on all."""
    found = sources(options)
    if not options.report_only:
        complete(options, found)
    titles = {name: found[name][0] for name in options.only or found}
    kept = {identity(key) for key in wanted(options, found)}
    records = [record for record in load(options.results) if identity(record) in kept]
    write_report(records, options, titles, list(SETTINGS))
    return records


if __name__ == "__main__":
    main()
