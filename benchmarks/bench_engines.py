"""Past one process: the same work on local processes, Dask and Ray; one net trained by two ranks.

The engines run a grid search over inferrer and classifier; each first says that its scores are
those of the run alone. Then Group DRO trains one network alone and in two processes with
`skgroup.training.data_parallel`. Each process has one thread, so that two of them may at best
halve the time. An engine that is not installed is left out.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import joblib
import numpy as np
import torch
import torch.distributed as dist
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skgroup import GradientGroupInferrer, GroupDROClassifier
from skgroup.datasets import make_shortcut_classification
from skgroup.training import data_parallel


@contextmanager
def dask_engine():
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask", n_jobs=2),
    ):
        yield


@contextmanager
def ray_engine():
    import ray
    from ray.util.joblib import register_ray

    paths = os.pathsep.join(path for path in sys.path if path)
    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}},
    )  # fmt: skip
    register_ray()
    try:
        with joblib.parallel_config(backend="ray", n_jobs=2):
            yield
    finally:
        ray.shutdown()


ENGINES = {
    "one process": (None, lambda: joblib.parallel_config(backend="sequential")),
    "two local processes": (None, lambda: joblib.parallel_config(backend="loky", n_jobs=2)),
    "dask, two workers": ("distributed", dask_engine),
    "ray, two workers": ("ray", ray_engine),
}


def grid_search(X, y, epochs):
    pipe = make_pipeline(
        GradientGroupInferrer(k=2, random_state=0),
        GroupDROClassifier(max_epochs=epochs, random_state=0),
    )
    grid = {"groupdroclassifier__step_size": [0.001, 0.01, 0.1, 1.0]}
    return GridSearchCV(pipe, grid, cv=2, refit=False, error_score="raise").fit(X, y)


def engines(rows, epochs, repeats):
    X, y, _ = make_shortcut_classification(rows, random_state=0)
    print(f"Grid search, 8 fits of {rows} rows and {epochs} epochs")
    print(f"{'':24}{'first s':>9}{'median s':>10}{'speed-up':>10}  same scores")
    reference, alone = None, None
    for name, (package, engine) in ENGINES.items():
        if package is not None and find_spec(package) is None:
            print(f"{name:24} not installed")
            continue
        with engine():
            seconds = []
            for _ in range(repeats + 1):  # the first one starts workers and imports in them
                start = time.perf_counter()
                scores = grid_search(X, y, epochs).cv_results_["mean_test_score"]
                seconds.append(time.perf_counter() - start)
        reference = scores if reference is None else reference
        median = statistics.median(seconds[1:] or seconds)
        alone = median if alone is None else alone
        same = np.array_equal(scores, reference)
        print(f"{name:24}{seconds[0]:9.2f}{median:10.2f}{alone / median:10.2f}  {same}")


def train_in_turn(options, rank):
    """Train `repeats` times, in this process or as one of two; print times and a loss."""
    X, y, groups = make_shortcut_classification(options.rows, n_features=50, random_state=0)
    clf = GroupDROClassifier(
        hidden_layer_sizes=(options.width,) * 3, batch_size=options.batch, max_epochs=1,
        early_stopping=False, random_state=0,
    )  # fmt: skip
    seconds = []
    for _ in range(options.repeats + 1):
        start = time.perf_counter()
        clf.fit(X.astype(np.float32), y, groups)
        seconds.append(time.perf_counter() - start)
    if rank == 0:
        print(statistics.median(seconds[1:] or seconds), clf.history_["train_loss"][-1])


def as_rank(options):
    torch.set_num_threads(1)
    block = nullcontext()
    if options.ranks > 1:
        dist.init_process_group(
            "gloo", init_method=options.store, rank=options.rank, world_size=options.ranks
        )
        block = data_parallel()
    with block:
        train_in_turn(options, options.rank)
    if options.ranks > 1:
        dist.destroy_process_group()


def run_ranks(n_ranks, options):
    """Median seconds of a fit, and its last loss."""
    with tempfile.TemporaryDirectory() as folder:
        common = [sys.executable, __file__, "--ranks", str(n_ranks)]
        common += ["--store", (Path(folder) / "store").as_uri()]
        for name in ("rows", "width", "batch", "repeats"):
            common += [f"--{name}", str(getattr(options, name))]
        processes = [
            subprocess.Popen([*common, "--rank", str(rank)], stdout=subprocess.PIPE, text=True)
            for rank in range(n_ranks)
        ]
        said = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit("a rank failed")
    return [float(number) for number in said[0].split()]


def data_parallel_rows(options):
    n_weights = 50 * options.width + 2 * options.width**2
    print(
        f"\nGroup DRO, {options.rows} rows, batches of {options.batch}, three layers of "
        f"{options.width} ({4e-6 * n_weights:.1f} MB of weights), seconds an epoch"
    )
    alone, loss = run_ranks(1, options)
    both, other = run_ranks(2, options)
    print(f"{'one process':24}{alone:9.2f}   loss {loss:.9f}")
    print(f"{'two processes':24}{both:9.2f}   loss {other:.9f}   speed-up {alone / both:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--toy", action="store_true", help="all of it once, in seconds")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ranks", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--rank", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--store", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ranks:
        as_rank(options)
        return
    warnings.simplefilter("ignore", UserWarning)
    rows, epochs = options.rows // 4, 20
    if options.toy:
        options.rows, options.width, options.batch, options.repeats = 400, 16, 64, 0
        rows, epochs = 200, 2
    engines(rows, epochs, options.repeats)
    data_parallel_rows(options)


if __name__ == "__main__":
    main()
