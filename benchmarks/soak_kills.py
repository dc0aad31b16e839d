"""Fits that are killed at random moments, again and again, end with the model of a quiet fit.

    python benchmarks/soak_kills.py --kills 200

Each fit runs in a process of its own, is killed by SIGKILL after a random part of the time that
an uninterrupted one takes, and is started again, until it ends. Its weights, its history and its
probabilities are compared with those of a fit that nobody disturbed, bit for bit.
"""

import argparse
import hashlib
import multiprocessing
import os
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from skgroup import classifiers
from skgroup.datasets import make_group_blobs

X, Y, GROUPS = make_group_blobs(30, random_state=0)
COMMON = {"hidden_layer_sizes": (16,), "max_epochs": 40, "batch_size": 64, "random_state": 0}


def noisy(n_features, n_classes):
    """A network that draws random numbers and has statistics."""
    layers = nn.Linear(n_features, 16), nn.BatchNorm1d(16), nn.Dropout(0.3)
    return nn.Sequential(*layers, nn.Linear(16, n_classes))


# One stage and two; with what has a state of its own: noise, queues, weights, the best epoch.
CASES = {
    "ERM": ("ERMClassifier", {"module": noisy}),
    "GroupDRO": ("GroupDROClassifier", {"early_stopping": True, "patience": 40}),
    "LossReweighting": ("LossReweightingClassifier", {"refresh": "epoch"}),
    "LfF": ("LfFClassifier", {}),
    "JTT": ("JTTClassifier", {"identification_epochs": 20, "upweight": 5}),
    "SPARE": ("SPAREClassifier", {"identification_epochs": 20}),
    "GERNE": ("GERNEClassifier", {}),
}


def fit(case: str, folder: str, result: str, begun: Any) -> None:
    """Fit, and write a digest of all that was learnt."""
    warnings.simplefilter("ignore")
    name, settings = CASES[case]
    model = getattr(classifiers, name)(checkpoint_dir=folder, **COMMON | settings)
    begun.set()
    model.fit(X, Y, groups=GROUPS)
    digest = hashlib.sha256(model.predict_proba(X).tobytes())
    for value in model.net_.module_.state_dict().values():
        digest.update(value.numpy().tobytes())
    for key, values in sorted(model.history_.items()):
        digest.update(key.encode() + np.asarray(values).tobytes())
    Path(result).write_text(digest.hexdigest())


def run(case: str, folder: Path, result: Path, seconds: float | None = None) -> bool:
    """Fit in another process, and kill it after some seconds; whether it was killed."""
    begun = CONTEXT.Event()
    process = CONTEXT.Process(target=fit, args=(case, str(folder), str(result), begun))
    process.start()
    begun.wait(300)
    process.join(seconds)
    process.kill()
    process.join()
    if process.exitcode not in (0, -9):
        raise SystemExit(f"{case}: a fit failed by itself, with exit code {process.exitcode}")
    return process.exitcode != 0


def quiet(case: str, folder: Path) -> tuple[str, float]:
    """The digest of a fit that nobody disturbs, and how many seconds it takes."""
    start = time.perf_counter()
    run(case, folder / "quiet", folder / "quiet.txt")
    return (folder / "quiet.txt").read_text(), time.perf_counter() - start


def disturbed(case: str, folder: Path, seconds: float, rng: Any) -> tuple[str, int, int]:
    """The digest of a fit that is killed until it ends all the same, its kills and resumptions."""
    kills = resumed = 0
    while run(case, folder / "killed", folder / "killed.txt", rng.uniform(0, seconds)):
        kills += 1
        resumed += any(path.suffix == ".pt" for path in (folder / "killed").glob("*"))
    return (folder / "killed.txt").read_text(), kills, resumed


def soak(n_kills: int, cases: list[str], seed: int) -> bool:
    """Kill fits of each case until there are enough kills; whether no model was changed by it."""
    rng, total, identical = np.random.default_rng(seed), 0, True
    CONTEXT.Process(target=os.getpid).start()  # and the server with it
    print("| method | fits | kills | resumed | identical | files left |\n|" + " --- |" * 6)
    for position, case in enumerate(cases, start=1):
        found: list[tuple[str, int, int]] = []
        with tempfile.TemporaryDirectory() as name:
            digest, seconds = quiet(case, Path(name))
            while not found or total < n_kills * position / len(cases):
                found.append(disturbed(case, Path(name), seconds, rng))
                total += found[-1][1]
            files = sum(1 for _ in Path(name).glob("*/*"))
        digests, kills, resumed = zip(*found, strict=True)
        same = set(digests) == {digest}
        identical = identical and same and not files
        counts = f"{len(found)} | {sum(kills)} | {sum(resumed)}"
        print(f"| {case} | {counts} | {'yes' if same else 'NO'} | {files} |", flush=True)
    print(f"{total} kills, {'all' if identical else 'NOT all'} models identical")
    return identical


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, help="at least so many, over all methods")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if not soak(options.kills, options.cases, options.seed):
        raise SystemExit(1)


os.environ["PYTHONWARNINGS"] = "ignore"  # what keeps track of semaphores complains of each kill
# A server that has imported everything forks for each fit: starting one takes milliseconds.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["skgroup", "torch._dynamo"])  # the second, by the first step

if __name__ == "__main__":
    main()
