"""Feed broken files to everything that reads files: nothing but a told refusal may come out.

    python benchmarks/soak_fuzz.py --seconds 300

Needs atheris (`pip install '.[soak]'`). Each reader runs in a process of its own, from valid files
that are changed at random, towards lines of code that no file has reached yet. What breaks one is
kept in the current folder, as `crash-*`; `--file crash-...` with `--reader` reads it again.
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CSV = b'a,b,label\n1,"x, y",0\n2.5,z,1\n,w,0\n' + b"3,u,1\n4,v,0\n" * 12


def table(path: Path) -> None:
    """The command line: a table, and its columns."""
    from skgroup.cli._read_table import read_table
    from skgroup.cli._refusal import Refusal
    from skgroup.cli._task import Task

    try:
        frame = read_table(path)
        Task.create(frame, frame.columns[-1], frame.columns[:1].tolist()).crossed_groups()
    except Refusal:
        return


def parquet(path: Path) -> None:
    """The same from Parquet."""
    table(path.rename(path.with_suffix(".parquet")))


def columns(path: Path) -> None:
    """Tables of loaders."""
    from skgroup.datasets import _celeba
    from skgroup.datasets._file_table import paths_below, read_columns

    for read, names in ((read_columns, ["a", "label"]), (_celeba._read, ["partition"])):
        try:
            paths_below(path.parent, next(iter(read(path, names).values())).tolist())
        except ValueError:
            continue


def archive(path: Path) -> None:
    """Archives of loaders, which must not write outside their folder."""
    from skgroup.datasets._unpack import unpack

    with suppress(OSError):
        unpack(path, path.parent / "set")
    if outside := {p.name for p in path.parent.iterdir()} - {path.name, "set"}:
        raise AssertionError(outside)


def weights(path: Path) -> None:
    """Saved weights."""
    from skgroup import ERMClassifier
    from skgroup.saving import load_weights

    with suppress(ValueError):
        load_weights(ERMClassifier(hidden_layer_sizes=()), path).predict([[1.0, 2.0]])


def checkpoint(path: Path) -> None:
    """Checkpoints of a fit, as they are and with a checksum that is right."""
    from skgroup.exceptions import CheckpointError
    from skgroup.training._checkpoint import Checkpoint

    content = path.read_bytes()
    for digest in (b"", hashlib.sha256(content).digest()):
        path.write_bytes(digest + content)
        with suppress(CheckpointError):
            Checkpoint(path.parent, path.stem).load()


def valid_table() -> list[bytes]:
    return [CSV]


def valid_parquet() -> list[bytes]:
    import pandas as pd

    return [pd.read_csv(io.BytesIO(CSV)).to_parquet()]


def valid_columns() -> list[bytes]:
    return [CSV, b"1.jpg 0\n2.jpg 2\n", b"2\npartition x\n1.jpg 0 1\n2.jpg 1 0\n"]


def valid_archive() -> list[bytes]:
    found = []
    for mode in ("w", "w:gz", "w:xz"):
        with tarfile.open(fileobj=(packed := io.BytesIO()), mode=mode) as tar:
            entry = tarfile.TarInfo("set/a.csv")
            entry.size = len(CSV)
            tar.addfile(entry, io.BytesIO(CSV))
        found.append(packed.getvalue())
    with zipfile.ZipFile(packed := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as entries:
        entries.writestr("set/a.csv", CSV)
        entries.writestr("set/b.csv", CSV)
    return [*found, packed.getvalue()]


def valid_weights() -> list[bytes]:
    from skgroup import ERMClassifier
    from skgroup.saving import save_weights

    fitted = ERMClassifier(hidden_layer_sizes=(), max_epochs=1).fit([[1.0, 2.0]] * 4, [0, 1] * 2)
    with tempfile.TemporaryDirectory() as folder:
        save_weights(fitted, f"{folder}/a")
        return [Path(folder, "a").read_bytes()]


def valid_checkpoint() -> list[bytes]:
    import torch

    from skgroup.training._checkpoint import DIGEST_BYTES, Checkpoint

    with tempfile.TemporaryDirectory() as folder:
        kept = Checkpoint(folder, "a")
        kept.save({"history": [{"loss": 1.0}], "module_": {"weight": torch.eye(2)}})
        content = kept.path.read_bytes()
        return [content, content[DIGEST_BYTES:]]


# name -> what reads a file, what makes valid ones, and how the file ends
READERS: dict[str, tuple[Callable[[Path], None], Callable[[], list[bytes]], str]] = {
    "table": (table, valid_table, ".csv"),
    "parquet": (parquet, valid_parquet, ".pq"),
    "columns": (columns, valid_columns, ".csv"),
    "archive": (archive, valid_archive, ".tar"),
    "weights": (weights, valid_weights, ".safetensors"),
    "checkpoint": (checkpoint, valid_checkpoint, ".pt"),
}


def read(name: str, content: bytes) -> None:
    reader, _, suffix = READERS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"a{suffix}")
        path.write_bytes(content)
        reader(path)


def fuzz(name: str, seconds: int) -> None:
    """Does not return: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["skgroup", "tarfile", "zipfile", "csv"]):
        import skgroup.cli
        import skgroup.datasets
        import skgroup.saving  # noqa: F401
    with tempfile.TemporaryDirectory() as corpus:
        for i, content in enumerate(READERS[name][1]()):
            Path(corpus, str(i)).write_bytes(content)
        limits = [f"-max_total_time={seconds}", "-rss_limit_mb=8000", "-timeout=60"]
        atheris.Setup([sys.argv[0], *limits, corpus], lambda content: read(name, content))
        atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=300, help="for each reader")
    parser.add_argument("--reader", choices=READERS, help="this one alone, in this process")
    parser.add_argument("--file", type=Path, help="read this file once, and show what is raised")
    options = parser.parse_args()
    if options.file is not None:
        read(options.reader, options.file.read_bytes())
    elif options.reader is not None:
        fuzz(options.reader, options.seconds)
    else:
        command = [sys.executable, __file__, "--seconds", str(options.seconds), "--reader"]
        failed = [n for n in READERS if subprocess.run([*command, n], check=False).returncode]
        print("broken by a file:", ", ".join(failed) or "none")
        return len(failed) > 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
