"""Alternating timed runs: ratios that survive a noisy machine."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence


def compare(
    runs: Mapping[str, Callable[[], object]], *, references: Sequence[str], repeats: int = 7
) -> None:
    """Time `runs` in turn; print medians, and ratios to each reference, pair by pair."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():  # a first round warms caches and lazy imports
        run()
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    print(f"{'':30}{'median s':>10}" + "".join(f"{f'ratio to {r}':>40}" for r in references))
    for name, times in seconds.items():
        cells = ""
        for reference in references:
            pairs = [a / b for a, b in zip(times, seconds[reference], strict=True)]
            ratio = f"{statistics.median(pairs):.2f} ({min(pairs):.2f} to {max(pairs):.2f})"
            cells += f"{ratio:>40}"
        print(f"{name:30}{statistics.median(times):10.4f}{cells}")
