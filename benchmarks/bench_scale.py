"""Time and memory of a whole pipeline against the number of rows, and a table larger than memory.

Each size runs in a process of its own: inference of groups and two epochs of Group DRO. Memory is
the peak of what the process holds in anonymous pages (RssAnon) above that before the run, the
rows themselves being mapped from a file. `--figure PATH` draws the result. `--disk GB` fits one
pipeline on so many gigabytes of rows on disk instead; `--folder` says where they are made.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from skgroup import GradientGroupInferrer, GroupDROClassifier
from skgroup.datasets import make_shortcut_classification, memory_map
from skgroup.metrics import within_class_ari

CHUNK = 250_000
ROWS = [10_000, 31_623, 100_000, 316_228, 1_000_000]
CLUSTERERS = ("kmeans", "dbscan", "hdbscan")


def anonymous_bytes():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return 1024 * int(line.split()[1])
    raise OSError("there is no RssAnon in /proc/self/status: this benchmark needs Linux.")


class Peak(threading.Thread):
    """Most memory held while the block runs, above that before it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stopped, self.bytes = threading.Event(), 0

    def __enter__(self):
        self.before = anonymous_bytes()
        self.start()
        return self

    def run(self):
        while not self.stopped.wait(0.01):
            self.bytes = max(self.bytes, anonymous_bytes() - self.before)

    def __exit__(self, *_):
        self.stopped.set()
        self.join()


def batches(n_rows, n_features):
    """Rows, their classes and their true groups side by side, a chunk at a time."""
    for seed, start in enumerate(range(0, n_rows, CHUNK)):
        size = min(CHUNK, n_rows - start)
        X, y, groups = make_shortcut_classification(size, n_features=n_features, random_state=seed)
        yield np.column_stack([X.astype(np.float32), y, groups])


def rows_on_disk(folder, n_rows, n_features):
    """A memory-mapped table of features, the classes and the true groups."""
    path = Path(folder) / f"{n_rows}x{n_features}.npy"
    found = memory_map(batches(n_rows, n_features), path)
    y, groups = (np.array(found.data[:, n_features + i], dtype=np.int8) for i in range(2))
    return found.data[:, :n_features], y, groups


def one(folder, n_rows, n_features, clusterer, epochs):
    """Print seconds of reference, of the inferrer and of the classifier, bytes, and the ARI."""
    X, y, true = rows_on_disk(folder, n_rows, n_features)
    GradientGroupInferrer(1).fit(X[:1000], y[:1000])  # imports what is imported when it is needed
    kind = {"clusterer": clusterer, "random_state": 0}
    times = [time.perf_counter()]
    reference = "linear" if clusterer != "kmeans" else "ridge"
    GradientGroupInferrer(1, reference=reference, noise_neighbors=None).fit(X, y)
    times.append(time.perf_counter())
    with Peak() as peak:
        groups = GradientGroupInferrer(**kind).fit(X, y).groups_
        times.append(time.perf_counter())
        of_inference = peak.bytes
        if epochs:
            model = GroupDROClassifier(max_epochs=epochs, batch_size=1024, random_state=0)
            model.fit(X, y, groups=groups)
        times.append(time.perf_counter())
    ari = within_class_ari(true, groups, y)
    print(*np.diff(times), of_inference, peak.bytes, ari, sep=",")


def run(*arguments):
    """The figures of `one`, from a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", *map(str, arguments)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [float(value) for value in done.stdout.split(",")]


def exponent(sizes, values):
    """Slope of the line through the logarithms."""
    return np.polyfit(np.log(sizes), np.log(values), 1)[0]


def draw(path, sizes, seconds, memory):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    shown = (seconds, "seconds"), (memory, "peak memory, MiB")
    for ax, (values, label) in zip(axes, shown, strict=True):
        for (name, each), marker in zip(values.items(), "osv", strict=True):
            ax.loglog(sizes, each, marker=marker, label=f"{name}, n^{exponent(sizes, each):.2f}")
        ax.set(xlabel="rows", ylabel=label)
        ax.legend()
    figure.savefig(path, dpi=120)


def table(folder, options):
    header = "rows | clusterer | reference, s | inferrer, s | inferrer / reference | Group DRO, s"
    print(f"| {header} | memory, inferrer | memory, all | within-class ARI |")
    print("| --- " * 9 + "|")
    seconds, memory = {}, {}
    for clusterer in CLUSTERERS:
        for n_rows in options.rows:
            asked = folder, n_rows, options.columns, clusterer, 2
            runs = [run(*asked) for _ in range(options.repeats)]
            ref, inferrer, dro, mine, both, ari = np.median(runs, axis=0)
            seconds.setdefault(clusterer, []).append(inferrer + dro)
            memory.setdefault(clusterer, []).append(both / 2**20)
            cells = f"{ref:.2f} | {inferrer:.2f} | {inferrer / ref:.1f} | {dro:.2f}"
            sizes = f"{mine / 2**20:.0f} MiB | {both / 2**20:.0f} MiB"
            print(f"| {n_rows:,} | {clusterer} | {cells} | {sizes} | {ari:.2f} |", flush=True)
    for name in CLUSTERERS if len(options.rows) > 1 else ():
        time_slope, slope = (exponent(options.rows, v[name]) for v in (seconds, memory))
        print(f"{name}: time grows as n^{time_slope:.2f}, memory as n^{slope:.2f}")
    if options.figure:
        draw(options.figure, options.rows, seconds, memory)


def larger_than_memory(folder, gigabytes, n_features):
    n_rows = int(gigabytes * 1e9 / (4 * (n_features + 2)))
    ref, inferrer, dro, mine, both, ari = run(folder, n_rows, n_features, "kmeans", 1)
    print(
        f"{n_rows:,} rows of {n_features} columns, {gigabytes:g} GB on disk: "
        f"reference alone {ref:.0f} s; inferrer {inferrer:.0f} s and {mine / 2**30:.2f} GiB; with "
        f"one epoch of Group DRO ({dro:.0f} s) {both / 2**30:.2f} GiB; within-class ARI {ari:.2f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--figure", help="where to draw time and memory against the rows")
    parser.add_argument("--disk", type=float, metavar="GB", help="size of the table on disk")
    parser.add_argument("--folder", help="for the files; default: a temporary one")
    parser.add_argument("--toy", action="store_true", help="everything once, at a small size")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        folder, n_rows, n_features, clusterer, epochs = options.one
        one(folder, int(n_rows), int(n_features), clusterer, int(epochs))
        return
    if options.toy:
        options.rows, options.columns = [2000], 5
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        if options.disk:
            larger_than_memory(folder, options.disk, options.columns)
        else:
            table(folder, options)


if __name__ == "__main__":
    main()
