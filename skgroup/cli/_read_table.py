"""Read the table that a command works on."""

from pathlib import Path
from typing import Any

from skgroup.cli._refusal import Refusal

__all__ = ["read_table"]

PARQUET = (".parquet", ".pq")


def read_table(path: Path) -> Any:
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
    try:
        frame = pd.read_parquet(path) if path.suffix in PARQUET else pd.read_csv(path)
    except ImportError as error:
        raise Refusal("Parquet needs pyarrow: pip install 'skgroup[arrow]'") from error
    except (OSError, ValueError) as error:  # pandas' own errors and that of Unicode are ValueErrors
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise Refusal(f"{path} cannot be read as a table: {reason}.") from error
    frame.columns = frame.columns.map(str)
    if frame.empty:
        raise Refusal(f"{path} has no rows.")
    return frame
