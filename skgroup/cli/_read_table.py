"""Read the table that a command works on."""

from pathlib import Path
from typing import Any

from skgroup.cli._refusal import Refusal

__all__ = ["read_table"]

PARQUET = (".parquet", ".pq")
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}


def read_table(path: Path, separator: str = ",") -> Any:
    """A DataFrame from a CSV file, compressed or not, or from Parquet.

    Raises
    ------
    Refusal
        If there is no such file, or it holds no table.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise Refusal("tables need pandas: pip install 'skgroup[dataframe]'") from error
    if path.is_dir():
        raise Refusal(f"{path} is a folder: name one file.")
    if not path.exists():
        raise Refusal(f"there is no file {path}.")
    is_parquet = path.suffix in PARQUET
    try:
        frame = _read_parquet(pd, path) if is_parquet else _read_csv(pd, path, separator)
    # Each compression and format has errors of its own, and some have no text.
    except Exception as error:
        if is_parquet and isinstance(error, ImportError):
            raise Refusal("Parquet needs pyarrow: pip install 'skgroup[arrow]'") from error
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise Refusal(f"{path} cannot be read as a table: {reason}.") from error
    if not len(frame.columns):
        raise Refusal(f"{path} has no columns.")
    frame.columns = frame.columns.map(str)
    _check_separator(path, frame.columns)
    if frame.empty:
        raise Refusal(f"{path} has no rows.")
    return frame


def _read_parquet(pd: Any, path: Path) -> Any:
    frame = pd.read_parquet(path)
    for _, column in frame.items():
        column.to_numpy()  # text is decoded when it is looked at, and may turn out to be none
    return frame


def _read_csv(pd: Any, path: Path, separator: str) -> Any:
    return pd.read_csv(path, sep=separator, low_memory=False)


def _check_separator(path: Path, columns: Any) -> None:
    if len(columns) > 1:
        return
    for mark, name in SEPARATORS.items():
        if mark in columns[0]:
            shown = mark.replace("\t", "tab")
            raise Refusal(f"{path} has one column only, with {name} in its name: --sep '{shown}'?")
