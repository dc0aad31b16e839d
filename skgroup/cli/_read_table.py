"""Files as data frames."""

import zlib
from pathlib import Path
from typing import Any

from skgroup.cli._usage_error import UsageError

__all__ = ["read_table"]

_CSV = (".csv", ".csv.gz")
_PARQUET = (".parquet",)
_SEPARATORS = {";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}


def import_pandas() -> Any:
    """The package pandas, which the command line cannot do without."""
    try:
        import pandas
    except ImportError as error:
        raise UsageError(
            "reading tables needs pandas: install it with `pip install 'skgroup[dataframe]'`."
        ) from error
    return pandas


def read_table(path: Path, separator: str | None = None) -> Any:
    """The table in a csv or Parquet file, at least one row and two columns of it."""
    pandas = import_pandas()
    if path.is_dir():
        raise UsageError(f"{path} is a folder: give a file.")
    try:
        if path.name.lower().endswith(_CSV):
            table = _read_csv(pandas, path, separator)
        elif path.name.lower().endswith(_PARQUET):
            table = _read_parquet(pandas, path)
        else:
            raise UsageError(
                f"{path} is no table that can be read: its name must end in .csv, .csv.gz or "
                ".parquet."
            )
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}{_near(path)}") from None
    except PermissionError:
        raise UsageError(f"{path} may not be read: change its permissions.") from None
    _check_shape(table, path)
    table.columns = [str(name) for name in table.columns]
    return table


def _read_csv(pandas: Any, path: Path, separator: str | None) -> Any:
    try:
        return pandas.read_csv(path, sep=separator or ",", low_memory=False)
    except pandas.errors.EmptyDataError:
        raise UsageError(f"{path} is empty.") from None
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not UTF-8 text ({error.reason} at byte {error.start}): save it as UTF-8, "
            "or give the Parquet file."
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, (FileNotFoundError, PermissionError)):
            raise
        raise UsageError(f"{path} cannot be read ({error}).") from None
    except pandas.errors.ParserError as error:
        reason = " ".join(str(error).split())
        raise UsageError(
            f"{path} is no table of comma-separated values ({reason}): if another character "
            "separates them, name it by --sep."
        ) from None


def _read_parquet(pandas: Any, path: Path) -> Any:
    try:
        return pandas.read_parquet(path)
    except ImportError:
        raise UsageError(
            "reading Parquet files needs pyarrow: install it with `pip install 'skgroup[arrow]'`."
        ) from None
    except (FileNotFoundError, PermissionError):
        raise
    except (OSError, ValueError) as error:  # Arrow's errors are of these kinds
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{path} is no Parquet file that can be read ({reason}).") from None


def _check_shape(table: Any, path: Path) -> None:
    if table.shape[1] == 1:
        name = str(table.columns[0])
        hint = next(
            (f": {text} seems to separate the values, try --sep {mark!r}."
             for mark, text in _SEPARATORS.items() if mark in name),
            f" ({name!r}): there must be the target and at least one more.",
        )  # fmt: skip
        raise UsageError(f"{path} has one column only{hint}")
    if not len(table):
        raise UsageError(f"{path} has column names, but no rows.")


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return f": there is no folder {path.parent} either."
    tables = sorted(p.name for p in path.parent.iterdir() if p.name.endswith((*_CSV, *_PARQUET)))
    return f". Tables in that folder: {', '.join(tables[:5])}." if tables else "."
