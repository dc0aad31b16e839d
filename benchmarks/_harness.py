"""Alternating timed runs: ratios that survive a noisy machine, and the memory a run adds."""

import gc
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

STATUS = Path("/proc/self/status")


def resident_bytes() -> int | None:
    """Anonymous memory of this process that is in use; None where the system does not tell."""
    if not STATUS.exists():
        return None
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("RssAnon"))
    return 1024 * int(line.split()[1])


class Peak:
    """Sample the memory of this process in a thread while a block runs.

    ``added`` is the highest value less the one before: neither what child processes hold, nor what
    a run finds in memory that an earlier one left to the allocator. None where it is not known.
    """

    def __init__(self, interval: float = 0.005):
        self.interval, self.added = interval, None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Peak":
        gc.collect()
        self._before = self._highest = resident_bytes()
        if self._before is not None:
            self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        if self._before is not None:
            self._thread.join()
            self.added = self._highest - self._before

    def _watch(self) -> None:
        while True:
            self._highest = max(self._highest, resident_bytes())
            if self._done.wait(self.interval):
                return


def measured(run: Callable[[], object]) -> tuple[float, int]:
    """Seconds that `run` takes, and bytes that it adds at its peak."""
    with Peak() as peak:
        start = time.perf_counter()
        result = run()
        seconds = time.perf_counter() - start
    del result  # held until here: the result is part of the peak
    return seconds, peak.added or 0


def compare(
    runs: Mapping[str, Callable[[], object]],
    *,
    references: Sequence[str],
    repeats: int = 7,
    warm: bool = True,
) -> None:
    """Time `runs` in turn; print medians, and ratios to each reference, pair by pair.

    The last column is the most memory that any round of the run added to this process.
    """
    rounds: dict[str, list[tuple[float, int]]] = {name: [] for name in runs}
    for run in runs.values() if warm else ():  # caches and lazy imports
        run()
    for _ in range(repeats):
        for name, run in runs.items():
            rounds[name].append(measured(run))
    columns = ["", "median s", *(f"ratio to {name}" for name in references), "MiB added"]
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for name, results in rounds.items():
        times, added = zip(*results, strict=True)
        cells = [name, f"{statistics.median(times):.4f}"]
        for reference in references:
            pairs = [a / b for a, (b, _) in zip(times, rounds[reference], strict=True)]
            cells.append(f"{statistics.median(pairs):.2f} ({min(pairs):.2f} to {max(pairs):.2f})")
        memory = "unknown" if resident_bytes() is None else f"{max(added) / 2**20:.0f}"
        print(f"| {' | '.join([*cells, memory])} |", flush=True)
