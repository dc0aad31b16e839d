"""Alternating timed runs: ratios that survive a noisy machine."""

import statistics
import time
from collections.abc import Callable, Mapping


def compare(
    runs: Mapping[str, Callable[[], object]], *, reference: str, repeats: int = 7
) -> dict[str, float]:
    """Time `runs` in turn and print medians and ratios to `reference`, pair by pair."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():  # a first round warms caches and lazy imports
        run()
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    ratios = {}
    print(f"{'':38}{'median s':>10}{'ratio':>8}{'min':>8}{'max':>8}   (ratio to {reference})")
    for name, times in seconds.items():
        pairs = [a / b for a, b in zip(times, seconds[reference], strict=True)]
        ratios[name] = statistics.median(pairs)
        print(
            f"{name:38}{statistics.median(times):10.4f}{ratios[name]:8.2f}"
            f"{min(pairs):8.2f}{max(pairs):8.2f}"
        )
    return ratios
